import Tensor

/// Numbers and strings, spelled as in Python.
extension TemplateLexer {
    private static let radixes: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]

    mutating func readNumber() throws(TemplateError) {
        let start = position
        if source[start] == "0", start + 1 < source.count,
            let radix = Self.radixes[source[start + 1]]
        {
            position += 2
            while position < source.count, isWord(source[position]) { position += 1 }
            let text = PythonText.string(source[start + 2..<position]).replacing("_", with: "")
            guard let value = Int(text, radix: radix) else {
                throw TemplateError(.syntax, line: line, "the number 0\(source[start + 1])\(text) is not one")
            }
            return append(.integer(value))
        }
        func digits(from index: Int) -> Int {
            var index = index
            while index < source.count, isDigit(source[index]) || source[index] == "_" { index += 1 }
            return index
        }
        position = digits(from: position)
        var isFloat = false
        // "1.items" is an integer and an attribute; only a digit after the dot makes a fraction, and in
        // "a.0.1" the number after a dot is an index, so no fraction either.
        let followsDot = start > 0 && source[start - 1] == "."
        if !followsDot, position + 1 < source.count, source[position] == ".", isDigit(source[position + 1]) {
            isFloat = true
            position = digits(from: position + 1)
        }
        if !followsDot, position < source.count, source[position] == "e" || source[position] == "E" {
            var exponent = position + 1
            if exponent < source.count, source[exponent] == "+" || source[exponent] == "-" { exponent += 1 }
            if exponent < source.count, isDigit(source[exponent]) {
                isFloat = true
                position = digits(from: exponent)
            }
        }
        let text = String(PythonText.string(source[start..<position]).filter { $0 != "_" })
        if isFloat, let value = Double(text) {
            append(.number(value))
        } else if !isFloat, let value = Int(text) {
            append(.integer(value))
        } else if !isFloat, text.utf8.count <= JSON.integerDigitLimit {
            append(.largeInteger(String(text.drop { $0 == "0" })))
        } else {
            throw TemplateError(.syntax, line: line, "the number \(text) is out of range")
        }
    }

    mutating func readString(quote: Unicode.Scalar) throws(TemplateError) {
        let opened = line
        var value = String.UnicodeScalarView()
        position += 1
        while position < source.count, source[position] != quote {
            if source[position] == "\\", position + 1 < source.count {
                position += 1
                try readEscape(into: &value)
            } else {
                value.append(source[position])
                step()
            }
        }
        guard position < source.count else {
            throw TemplateError(.syntax, line: opened, "the string is never closed with \(quote)")
        }
        position += 1
        tokens.append(TemplateToken(kind: .string(String(value)), line: opened))
    }

    /// One escape of a Python string; `position` stands after the backslash.
    private mutating func readEscape(into value: inout String.UnicodeScalarView) throws(TemplateError) {
        let scalar = source[position]
        step()
        switch scalar {
        case "\n": break
        case "n": value.append("\n")
        case "t": value.append("\t")
        case "r": value.append("\r")
        case "a": value.append("\u{07}")
        case "b": value.append("\u{08}")
        case "f": value.append("\u{0C}")
        case "v": value.append("\u{0B}")
        case "\\", "'", "\"": value.append(scalar)
        case "x": value.append(try readCode(digits: 2))
        case "u": value.append(try readCode(digits: 4))
        case "U": value.append(try readCode(digits: 8))
        case "0"..."7":
            var code = UInt16(scalar.value - 48)
            for _ in 0..<2 {
                guard position < source.count, ("0"..."7").contains(source[position]) else { break }
                code = code * 8 + UInt16(source[position].value - 48)
                position += 1
            }
            // Three octal digits are at most 511, below every surrogate.
            if let scalar = Unicode.Scalar(code) { value.append(scalar) }
        default:
            // Python keeps the backslash of an escape that it does not know.
            value.append("\\")
            value.append(scalar)
        }
    }

    private mutating func readCode(digits: Int) throws(TemplateError) -> Unicode.Scalar {
        let end = position + digits
        if end <= source.count, let code = UInt32(PythonText.string(source[position..<end]), radix: 16),
            let scalar = Unicode.Scalar(code)
        {
            position = end
            return scalar
        }
        throw TemplateError(.syntax, line: line, "the escape sequence in the string is no character")
    }
}
