/// Jinja's filters: what may stand after `|`. Filters that go through lists are in
/// `TemplateInterpreter+ListFilters.swift`.
extension TemplateInterpreter {
    func apply(filter name: String, to value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        try step()
        // `map` applies a filter by its name, which may be `map` again.
        try enter()
        defer { leave() }
        switch name {
        case "default", "d": return try standard(value, arguments)
        case "length", "count": return .integer(try length(of: value))
        case "string": return try made(try text(of: value))
        case "safe": return value
        case "escape", "e": return try made(escaped(try text(of: value)))
        case "tojson": return try toJSON(value, arguments)
        case "trim":
            let characters = try optionalText(try arguments.bound(to: ["chars"], in: self)[0], name)
            return try made(PythonText.strip(try text(of: value), characters))
        case "upper": return try made(PythonText.upper(try text(of: value)))
        case "lower": return try made(PythonText.lower(try text(of: value)))
        case "capitalize": return try made(PythonText.capitalize(try text(of: value)))
        case "title": return try made(titled(try text(of: value)))
        case "replace":
            let values = try arguments.bound(to: ["old", "new", "count"], in: self)
            return .string(
                try replaced(
                    try text(of: value), try text(of: values[0] ?? .undefined("")),
                    try text(of: values[1] ?? .undefined("")),
                    limit: try optionalInteger(values[2], name)))
        case "indent": return try indented(value, arguments)
        case "truncate": return try truncated(try text(of: value), arguments)
        case "wordcount": return .integer(PythonText.wordCount(try text(of: value)))
        case "format": return try made(try percentFormatted(try text(of: value), arguments.positional))
        case "int": return try toInteger(value, arguments)
        case "float": return try toNumber(value, arguments)
        case "abs":
            guard let number = double(value) else {
                throw failure(.value, "'abs' needs a number, not \(value.typeName)")
            }
            return number < 0 ? try negated(value) : try numeric(value, for: name)
        case "round": return try rounded(value, arguments)
        case "attr":
            let name = try requiredText(try arguments.bound(to: ["name"], in: self)[0], name)
            return try attribute(name, of: value)
        default: return try applyList(filter: name, to: value, arguments)
        }
    }

    private func standard(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["default_value", "boolean"], in: self)
        let replaces: Bool
        if case .undefined = value { replaces = true } else { replaces = values[1]?.isTrue == true && !value.isTrue }
        return replaces ? values[0] ?? .string("") : value
    }

    private func length(of value: TemplateValue) throws -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text): return text.unicodeScalars.count
        case .list(let list), .tuple(let list): return list.items.count
        case .dictionary(let dictionary): return dictionary.count
        case .loop(let loop): return loop.items.count
        default: throw failure(.value, "\(value.typeName) has no length")
        }
    }

    private func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
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

    // MARK: Text

    /// Jinja's `title` goes by where words begin (after blanks, dashes and opening brackets), unlike Python's.
    private func titled(_ text: String) -> String {
        var result = ""
        var word = String.UnicodeScalarView()
        func finishWord() {
            guard let first = word.first else { return }
            result +=
                first.properties.uppercaseMapping + PythonText.lower(String(String.UnicodeScalarView(word.dropFirst())))
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                finishWord()
                result.unicodeScalars.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        finishWord()
        return result
    }

    private func indented(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let text = try requiredText(value, "indent")
        let values = try arguments.bound(to: ["width", "first", "blank"], in: self)
        let indentation: String
        if case .string(let text)? = values[0] {
            indentation = text
        } else {
            indentation = try repeated(" ", try optionalInteger(values[0], "indent") ?? 4)
        }
        let indentsBlank = values[2]?.isTrue ?? false
        // Jinja counts one line more than the text ends with, so that a newline at the end stays.
        let lines = PythonText.lines(text + "\n")
        try reserve(bytes: indentation.utf8.count, times: lines.count)
        var result = values[1]?.isTrue == true ? indentation : ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += indentsBlank || !line.isEmpty ? "\n" + indentation : "\n" }
            result += line
        }
        return try made(result)
    }

    private func truncated(_ text: String, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["length", "killwords", "end", "leeway"], in: self)
        let length = try optionalInteger(values[0], "truncate") ?? 255
        let end = try optionalText(values[2], "truncate") ?? "..."
        let leeway = try optionalInteger(values[3], "truncate") ?? 5
        let scalars = text.unicodeScalars
        guard length >= end.unicodeScalars.count, leeway >= 0 else {
            throw failure(.value, "'truncate' needs a length of at least its end's, and no negative leeway")
        }
        if scalars.count <= length.addingReportingOverflow(leeway).partialValue || scalars.count <= length {
            return try made(text)
        }
        let kept = String(scalars.prefix(length - end.unicodeScalars.count))
        let whole = values[1]?.isTrue == true ? kept : PythonText.split(kept, by: " ", limit: 1, fromEnd: true)[0]
        return try made(whole + end)
    }

    // MARK: Numbers

    private func toInteger(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["default", "base"], in: self)
        let base = try optionalInteger(values[1], "int") ?? 10
        let standard = values[0] ?? .integer(0)
        switch value {
        case .string(let text):
            let stripped = PythonText.strip(text)
            if base != 10 {
                guard (2...36).contains(base) else { throw failure(.value, "'int' takes a base of 2 to 36") }
                return Int(stripped, radix: base).map { .integer($0) } ?? standard
            }
            // "42.23" gives 42 in Jinja.
            let number =
                PythonNumber.integer(text) ?? Double(stripped).flatMap { Int(exactly: $0.rounded(.towardZero)) }
            return number.map { .integer($0) } ?? standard
        case .number(let number): return Int(exactly: number.rounded(.towardZero)).map { .integer($0) } ?? standard
        case .undefined(let what): throw failure(.undefined, what)
        default: return integer(value).map { .integer($0) } ?? standard
        }
    }

    private func toNumber(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let standard = try arguments.bound(to: ["default"], in: self)[0] ?? .number(0)
        switch value {
        case .string(let text): return Double(PythonText.strip(text)).map { .number($0) } ?? standard
        case .undefined(let what): throw failure(.undefined, what)
        default: return double(value).map { .number($0) } ?? standard
        }
    }

    private func rounded(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["precision", "method"], in: self)
        guard let number = double(value) else { throw failure(.value, "'round' needs a number, not \(value.typeName)") }
        let precision = try optionalInteger(values[0], "round") ?? 0
        guard (0...15).contains(precision) else { throw failure(.value, "'round' takes a precision of 0 to 15") }
        let method = try optionalText(values[1], "round") ?? "common"
        let rule: FloatingPointRoundingRule
        switch method {
        case "common": rule = .toNearestOrEven
        case "ceil": rule = .up
        case "floor": rule = .down
        default: throw failure(.value, "'round' knows common, ceil and floor, not '\(method)'")
        }
        // Python rounds an integer to an integer.
        if method == "common", let whole = integer(value) { return .integer(whole) }
        var scale = 1.0
        for _ in 0..<precision { scale *= 10 }
        return .number((number * scale).rounded(rule) / scale)
    }

    // MARK: JSON

    private func toJSON(_ value: TemplateValue, _ arguments: TemplateArguments) throws -> TemplateValue {
        let values = try arguments.bound(to: ["ensure_ascii", "indent", "separators", "sort_keys"], in: self)
        var layout = JSONLayout()
        layout.escapesNonASCII = values[0]?.isTrue ?? false
        layout.sortsKeys = values[3]?.isTrue ?? false
        switch values[1] {
        case nil, TemplateValue.none?: break
        case .string(let text)?: layout.indentation = text
        case let width?: layout.indentation = try repeated(" ", try optionalInteger(width, "tojson") ?? 0)
        }
        if layout.indentation != nil { layout.itemSeparator = "," }
        if let separators = values[2], separators.isTrue {
            let pair = try iterate(separators)
            guard pair.count == 2 else { throw failure(.value, "'tojson' takes two separators") }
            layout.itemSeparator = try requiredText(pair[0], "tojson")
            layout.keySeparator = try requiredText(pair[1], "tojson")
        }
        return .string(try json(value, layout))
    }
}
