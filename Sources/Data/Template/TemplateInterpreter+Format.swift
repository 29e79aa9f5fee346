/// `str.format`, and `%` with a string on its left.
extension TemplateInterpreter {
    // MARK: Percent

    /// `format % values`.
    ///
    /// - Parameter isMarkup: Whether the format is markup, so that what goes into it is escaped.
    func percentFormatted(_ format: String, _ right: TemplateValue, isMarkup: Bool) throws -> String {
        var values: ArraySlice<TemplateValue> = [right]
        // Python checks for superfluous values only where the right side could not be looked up in.
        var checksCount = true
        switch right {
        case .tuple(let list): values = list.items[...]
        case .list, .dictionary: checksCount = false
        default: break
        }
        var result = ""
        var rest = Substring(format).unicodeScalars
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            if rest.first == "%" {
                rest.removeFirst()
                result += "%"
                continue
            }
            let start = result.utf8.count
            var named: TemplateValue?
            if rest.first == "(" {
                guard case .dictionary(let dictionary) = right, let end = rest.firstIndex(of: ")") else {
                    throw failure(.value, "a format with names needs a dictionary")
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                guard let value = dictionary[name] else { throw failure(.value, "the format's '\(name)' is missing") }
                named = value
                rest = rest[rest.index(after: end)...]
            }
            func next() throws -> TemplateValue {
                if let named { return named }
                guard let value = values.popFirst() else {
                    throw failure(.value, "not enough values for the format string")
                }
                return value
            }
            let (layout, conversion) = try percentLayout(&rest, next)
            result += try converted(try next(), conversion, layout, isMarkup: isMarkup)
            try reserve(bytes: result.utf8.count - start)
        }
        guard values.isEmpty || !checksCount else { throw failure(.value, "too many values for the format string") }
        return result
    }

    /// The flags, width and precision of one conversion, and its letter.
    private func percentLayout(
        _ rest: inout Substring.UnicodeScalarView, _ next: () throws -> TemplateValue
    ) throws -> (layout: PythonFormat, conversion: Unicode.Scalar) {
        var layout = PythonFormat()
        var fillsZeros = false
        while let flag = rest.first, "-+ #0".unicodeScalars.contains(flag) {
            rest.removeFirst()
            switch flag {
            case "-": layout.alignment = "<"
            case "+": layout.sign = "+"
            case " ": layout.sign = layout.sign ?? " "
            case "#": layout.isAlternate = true
            default: fillsZeros = true
            }
        }
        func number() throws -> Int {
            if rest.first == "*" {
                rest.removeFirst()
                guard let value = integer(try next()) else { throw failure(.value, "'*' in a format needs an integer") }
                return value
            }
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            return digits.isEmpty ? 0 : Int(String(digits)) ?? .max
        }
        var width = try number()
        if (-PythonFormat.widthLimit..<0).contains(width) {
            layout.alignment = "<"
            width = -width
        }
        layout.width = width
        if rest.first == "." {
            rest.removeFirst()
            layout.precision = max(0, try number())
        }
        guard (0...PythonFormat.widthLimit).contains(layout.width),
            layout.precision ?? 0 <= PythonFormat.precisionLimit
        else { throw failure(.limit, "a format's width and precision are at most \(PythonFormat.widthLimit)") }
        while let size = rest.first, "hlL".unicodeScalars.contains(size) { rest.removeFirst() }
        guard let conversion = rest.popFirst() else { throw failure(.value, "the format string ends inside a format") }
        if fillsZeros, layout.alignment == nil {
            layout.fill = "0"
            layout.alignment = "="
        }
        return (layout, conversion)
    }

    private func converted(
        _ value: TemplateValue, _ conversion: Unicode.Scalar, _ layout: PythonFormat, isMarkup: Bool
    ) throws -> String {
        var layout = layout
        switch conversion {
        case "s", "r", "a":
            var text: String
            if conversion == "s" {
                text = isMarkup ? try escapedText(of: value) : try self.text(of: value)
            } else {
                text = try representation(of: value)
                if isMarkup { text = try escaped(text) }
            }
            if let precision = layout.precision { text = String(text.unicodeScalars.prefix(precision)) }
            layout = PythonFormat(width: layout.width, alignment: layout.alignment == "<" ? "<" : ">")
            return layout.format(text) ?? text
        case "d", "i", "u", "x", "X", "o":
            var number = value
            if case .number(let value) = value, conversion == "d" || conversion == "i" || conversion == "u",
                let digits = PythonNumber.wholeDigits(value.rounded(.towardZero))
            {
                number = TemplateValue(digits: digits)
            }
            layout.type = ["x", "X", "o"].contains(conversion) ? conversion : "d"
            // A precision asks for so many digits at least, which only zeros can give.
            if let digits = layout.precision {
                var inner = PythonFormat(width: digits, alignment: "=")
                inner.fill = "0"
                inner.type = layout.type
                layout.precision = nil
                if let text = inner.format(integer: number) {
                    layout = PythonFormat(width: layout.width, alignment: layout.alignment == "<" ? "<" : ">")
                    return layout.format(text) ?? text
                }
            }
            if let text = layout.format(integer: number) { return text }
        case "e", "E", "f", "F", "g", "G":
            layout.type = conversion
            layout.precision = layout.precision ?? 6
            if let number = double(value), let text = layout.format(number) { return text }
        case "c":
            layout.type = "c"
            if let text = value.string, text.unicodeScalars.count == 1 { return text }
            if let text = layout.format(integer: value) { return text }
        default: throw failure(.value, "the format '%\(conversion)' is unknown")
        }
        if case .undefined(let undefined) = value { throw failure(.undefined, undefined.reason) }
        throw failure(.value, "the format '%\(conversion)' does not fit \(value.typeName)")
    }

    // MARK: Braces

    /// `format.format(…)`; with `mapping`, `format.format_map(mapping)`.
    func braceFormatted(
        _ format: String, _ arguments: TemplateArguments, mapping: TemplateValue? = nil, isMarkup: Bool
    ) throws -> String {
        var automatic = 0
        return try braceFormatted(format, isMarkup: isMarkup, level: 0) { name in
            if name.isEmpty || name.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) }) {
                let index = name.isEmpty ? automatic : Int(name) ?? .max
                if name.isEmpty { automatic += 1 }
                return arguments.positional.indices.contains(index) ? arguments.positional[index] : nil
            }
            if let mapping {
                let value = try self.item(.string(name), of: mapping)
                return value.isUndefined ? nil : value
            }
            return arguments.named.first { $0.name == name }?.value
        }
    }

    private func braceFormatted(
        _ format: String, isMarkup: Bool, level: Int, _ lookUp: (String) throws -> TemplateValue?
    ) throws -> String {
        var result = ""
        var rest = Substring(format).unicodeScalars
        while let scalar = rest.popFirst() {
            if level == 0, scalar == "{" || scalar == "}", rest.first == scalar {
                rest.removeFirst()
                result.unicodeScalars.append(scalar)
            } else if scalar == "{" {
                // A specification may hold fields itself: `{:{width}}`.
                var depth = 1
                guard
                    let end = rest.indices.first(where: { index in
                        if rest[index] == "{" { depth += 1 } else if rest[index] == "}" { depth -= 1 }
                        return depth == 0
                    }), level < 2
                else { throw failure(.value, "'format': '{' without '}'") }
                let field = String(rest[..<end])
                rest = rest[rest.index(after: end)...]
                let start = result.utf8.count
                result += try formattedField(field, isMarkup: isMarkup, level: level, lookUp)
                try reserve(bytes: result.utf8.count - start)
            } else if scalar == "}" {
                throw failure(.value, "'format': '}' without '{'")
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `name.attribute[key]!conversion:specification`
    private func formattedField(
        _ field: String, isMarkup: Bool, level: Int, _ lookUp: (String) throws -> TemplateValue?
    ) throws -> String {
        try step()
        let scalars = Substring(field).unicodeScalars
        let head = scalars.prefix { $0 != ":" && $0 != "!" }
        var rest = scalars[head.endIndex...]
        var conversion: Unicode.Scalar?
        if rest.first == "!" {
            conversion = rest.dropFirst().first
            rest = rest.dropFirst(2)
            guard conversion == "s" || conversion == "r" || conversion == "a", rest.isEmpty || rest.first == ":" else {
                throw failure(.value, "'format': '\(field)' has no conversion that Python knows")
            }
        }
        var value = try fieldValue(head, lookUp)
        let specification = try braceFormatted(
            String(rest.dropFirst()), isMarkup: false, level: level + 1, lookUp)
        switch conversion {
        case "s": value = .string(try text(of: value))
        case "r", "a": value = .string(try representation(of: value))
        default: break
        }
        if isMarkup, case .markup(let text) = value, specification.isEmpty { return text }
        let text = try formatted(value, specification)
        return isMarkup ? try escaped(text) : text
    }

    private func fieldValue(
        _ head: Substring.UnicodeScalarView, _ lookUp: (String) throws -> TemplateValue?
    ) throws -> TemplateValue {
        let name = head.prefix { $0 != "." && $0 != "[" }
        var rest = head[name.endIndex...]
        guard var value = try lookUp(String(name)) else {
            throw failure(.value, "'format' has no value for '{\(String(name))}'")
        }
        while let opening = rest.popFirst() {
            if opening == "." {
                let name = rest.prefix { $0 != "." && $0 != "[" }
                rest = rest[name.endIndex...]
                value = try attribute(TemplateAttribute(String(name)), of: value)
            } else {
                guard opening == "[", let end = rest.firstIndex(of: "]") else {
                    throw failure(.value, "'format' cannot read the field '{\(String(head))}'")
                }
                let key = String(rest[..<end])
                rest = rest[rest.index(after: end)...]
                value = try item(Int(key).map { .integer($0) } ?? .string(key), of: value)
            }
        }
        return value
    }

    /// Python's `format(value, specification)`.
    private func formatted(_ value: TemplateValue, _ specification: String) throws -> String {
        guard !specification.isEmpty else { return try text(of: value) }
        guard let layout = PythonFormat(specification) else {
            throw failure(.value, "'format' cannot read the specification '\(specification)'")
        }
        let result: String?
        switch value {
        case .string(let text), .markup(let text): result = layout.format(text)
        case .bool, .integer, .largeInteger: result = layout.format(integer: value)
        case .number(let number): result = layout.format(number)
        default: result = nil
        }
        guard let result else {
            throw failure(.value, "'format': the specification '\(specification)' does not fit \(value.typeName)")
        }
        return result
    }
}

extension PythonFormat {
    fileprivate init(width: Int, alignment: Unicode.Scalar) {
        self.init()
        self.width = width
        self.alignment = alignment
    }
}
