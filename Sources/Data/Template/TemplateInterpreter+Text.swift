import Tensor

/// Values as Python prints them: `str`, `repr` and `json.dumps`.
extension TemplateInterpreter {
    /// Python's `str`; undefined prints as nothing.
    func text(of value: TemplateValue) throws -> String {
        switch value {
        case .undefined: ""
        case .string(let text), .markup(let text): text
        default: try representation(of: value)
        }
    }

    /// The text with what HTML reads as a mark escaped, unless it is markup already.
    func escapedText(of value: TemplateValue) throws -> String {
        if case .markup(let text) = value { return text }
        return try escaped(try text(of: value))
    }

    func escaped(_ text: String) throws -> String {
        let count = text.utf8.count { [0x22, 0x26, 0x27, 0x3C, 0x3E].contains($0) }
        guard count > 0 else { return text }
        try reserve(bytes: 5, times: count)
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    /// Python's `repr`.
    func representation(of value: TemplateValue) throws -> String {
        var text = ""
        try represent(value, into: &text)
        return text
    }

    private func represent(_ value: TemplateValue, into text: inout String) throws {
        try step()
        // A namespace may hold itself, so the depth of values does not bound this.
        try enter()
        defer { leave() }
        let start = text.utf8.count
        switch value {
        case .undefined: text += "Undefined"
        case .none: text += "None"
        case .bool(let value): text += value ? "True" : "False"
        case .integer(let value): text += String(value)
        case .number(let value): text += PythonNumber.text(value)
        case .largeInteger(let digits): text += digits
        case .string(let value): quote(value, into: &text)
        case .markup(let value):
            text += "Markup("
            quote(value, into: &text)
            text += ")"
        case .list(let list):
            text += "["
            try represent(list.items, into: &text)
            text += "]"
        case .tuple(let list):
            text += "("
            try represent(list.items, into: &text)
            text += list.items.count == 1 ? ",)" : ")"
        case .dictionary(let dictionary):
            text += "{"
            for (index, item) in dictionary.items.enumerated() {
                if index > 0 { text += ", " }
                try represent(item.key.value, into: &text)
                text += ": "
                try represent(item.value, into: &text)
            }
            text += "}"
        case .generator: text += "<generator object>"
        case .namespace(let namespace):
            text += "<Namespace "
            try represent(.dictionary(namespace.attributes), into: &text)
            text += ">"
        case .loop(let loop): text += "<LoopContext \(loop.index + 1)/\(loop.items.count)>"
        case .macro(let index):
            text += "<Macro "
            quote(macros[index].definition.name, into: &text)
            text += ">"
        case .function(let function): text += "<function \(function.rawValue)>"
        case .method(_, let method): text += "<method \(method.rawValue)>"
        }
        try reserve(bytes: text.utf8.count - start)
    }

    private func represent(_ items: [TemplateValue], into text: inout String) throws {
        for (index, item) in items.enumerated() {
            if index > 0 { text += ", " }
            try represent(item, into: &text)
        }
    }

    /// Single quotes, unless there are single and no double ones inside; what does not print is escaped.
    private func quote(_ value: String, into text: inout String) {
        let scalars = value.unicodeScalars
        let mark: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        text.unicodeScalars.append(mark)
        for scalar in scalars {
            switch scalar {
            case mark, "\\":
                text += "\\"
                text.unicodeScalars.append(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case " ": text += " "
            default:
                if Self.isPrintable(scalar) {
                    text.unicodeScalars.append(scalar)
                } else if scalar.value <= 0xFF {
                    text += "\\x" + Self.hexadecimal(scalar.value, digits: 2)
                } else if scalar.value <= 0xFFFF {
                    text += "\\u" + Self.hexadecimal(scalar.value, digits: 4)
                } else {
                    text += "\\U" + Self.hexadecimal(scalar.value, digits: 8)
                }
            }
        }
        text.unicodeScalars.append(mark)
    }

    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }

    static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

// MARK: - JSON

/// How `tojson` lays out its text: the arguments of Python's `json.dumps`.
struct JSONLayout {
    var escapesNonASCII = false
    /// The text of one level of indentation; nil writes all on one line.
    var indentation: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false
}

extension TemplateInterpreter {
    /// Python's `json.dumps`, with the layout that Hugging Face gives it.
    func json(_ value: TemplateValue, _ layout: JSONLayout) throws -> String {
        var text = ""
        try writeJSON(value, layout, level: 0, into: &text)
        return text
    }

    private func writeJSON(_ value: TemplateValue, _ layout: JSONLayout, level: Int, into text: inout String) throws {
        try step()
        let start = text.utf8.count
        var reserved = 0
        switch value {
        case .none: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value):
            text +=
                value.isNaN
                ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : PythonNumber.text(value)
        case .largeInteger(let digits): text += digits
        case .string(let value), .markup(let value):
            reserved = value.utf8.count
            try reserve(bytes: reserved)
            JSON.quote(value, escapesNonASCII: layout.escapesNonASCII, into: &text)
        case .list(let list), .tuple(let list):
            try writeContainer("[", "]", list.items, layout, level, into: &text) { item, text in
                try writeJSON(item, layout, level: level + 1, into: &text)
            }
        case .dictionary(let dictionary):
            var items = dictionary.items
            if layout.sortsKeys { try items.sort { try ordering($0.key.value, $1.key.value) < 0 } }
            try writeContainer("{", "}", items, layout, level, into: &text) { item, text in
                JSON.quote(try jsonKey(item.key), escapesNonASCII: layout.escapesNonASCII, into: &text)
                text += layout.keySeparator
                try writeJSON(item.value, layout, level: level + 1, into: &text)
            }
        case .undefined(let undefined): throw failure(.undefined, "tojson: \(undefined.reason)")
        case .generator, .namespace, .loop, .macro, .function, .method:
            throw failure(.value, "tojson: \(value.typeName) has no JSON")
        }
        try reserve(bytes: text.utf8.count - start - reserved)
    }

    /// A key as `json.dumps` writes it: numbers, booleans and none become strings.
    private func jsonKey(_ key: TemplateKey) throws -> String {
        switch key {
        case .string(let text), .markup(let text): return text
        case .undefined, .tuple:
            throw failure(.value, "tojson: \(key.value.typeName) cannot be the key of a JSON object")
        case .none, .bool, .integer, .largeInteger, .number: return try json(key.value, JSONLayout())
        }
    }

    private func writeContainer<Item>(
        _ open: String, _ close: String, _ items: [Item], _ layout: JSONLayout, _ level: Int, into text: inout String,
        _ write: (Item, inout String) throws -> Void
    ) throws {
        text += open
        func newline(_ level: Int, _ text: inout String) throws {
            guard let indentation = layout.indentation else { return }
            text += "\n" + (try repeated(indentation, level))
        }
        for (index, item) in items.enumerated() {
            if index > 0 { text += layout.itemSeparator }
            try newline(level + 1, &text)
            try write(item, &text)
        }
        if !items.isEmpty { try newline(level, &text) }
        text += close
    }
}
