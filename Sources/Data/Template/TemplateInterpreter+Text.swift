import Tensor

/// Values as Python prints them: `str`, `repr` and `json.dumps`.
extension TemplateInterpreter {
    /// Python's `str`; undefined prints as nothing.
    func text(of value: TemplateValue) throws -> String {
        switch value {
        case .undefined: ""
        case .string(let text): text
        default: try representation(of: value)
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
        let start = text.utf8.count
        switch value {
        case .undefined: text += "Undefined"
        case .none: text += "None"
        case .bool(let value): text += value ? "True" : "False"
        case .integer(let value): text += String(value)
        case .number(let value): text += PythonNumber.text(value)
        case .string(let value): quote(value, into: &text)
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
                quote(item.key, into: &text)
                text += ": "
                try represent(item.value, into: &text)
            }
            text += "}"
        case .generator: text += "<generator object>"
        case .namespace: text += "<Namespace>"
        case .loop(let loop): text += "<LoopContext \(loop.index + 1)/\(loop.items.count)>"
        case .macro: text += "<Macro>"
        case .function(let function): text += "<function \(function.rawValue)>"
        case .method(_, let name): text += "<method \(name)>"
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

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
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
        switch value {
        case .none: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value):
            text +=
                value.isNaN
                ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : PythonNumber.text(value)
        case .string(let value): JSON.quote(value, escapesNonASCII: layout.escapesNonASCII, into: &text)
        case .list(let list), .tuple(let list):
            try writeContainer("[", "]", list.items, layout, level, into: &text) { item, text in
                try writeJSON(item, layout, level: level + 1, into: &text)
            }
        case .dictionary(let dictionary):
            var items = dictionary.items
            if layout.sortsKeys { items.sort { PythonText.precedes($0.key, $1.key) } }
            try writeContainer("{", "}", items, layout, level, into: &text) { item, text in
                JSON.quote(item.key, escapesNonASCII: layout.escapesNonASCII, into: &text)
                text += layout.keySeparator
                try writeJSON(item.value, layout, level: level + 1, into: &text)
            }
        case .undefined(let what): throw failure(.undefined, "tojson: \(what)")
        case .generator, .namespace, .loop, .macro, .function, .method:
            throw failure(.value, "tojson: \(value.typeName) has no JSON")
        }
        try reserve(bytes: text.utf8.count - start)
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
