/// Cuts a template into tokens, with the whitespace rules under which Hugging Face renders chat templates:
/// `trim_blocks` (the newline after a block tag goes), `lstrip_blocks` (blanks between the start of a line and a
/// block tag go), `-` at a tag's edge (all whitespace on that side goes) and `+` (nothing goes).
///
/// The rules are those of Jinja 3.1, https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control.
struct TemplateLexer {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    /// True when `position` stands at the start of a line, as far as the text between tags is concerned.
    private var startsLine = true
    private var tokens: [TemplateToken] = []

    /// All tokens of a template, the last of them `.end`.
    static func tokens(of source: String) throws(TemplateError) -> [TemplateToken] {
        var lexer = TemplateLexer(source)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        // "\r\n" and "\r" count as "\n", and one newline at the very end is no part of the template.
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if !(scalar == "\n" && previous == "\r") {
                scalars.append(scalar)
            }
            previous = scalar
        }
        if scalars.last == "\n" { scalars.removeLast() }
        source = scalars
    }

    private mutating func run() throws(TemplateError) {
        while let tag = nextTag() {
            try readTextAndTag(tag)
        }
        emitText(source[position...])
        append(.end)
    }

    // MARK: Text and tags

    private enum Tag { case output, block, comment, raw }

    /// Where the next tag opens, which it is, and the sign right behind its opening.
    private struct TagOpening {
        let tag: Tag
        let start: Int
        /// The first scalar of the tag's inside.
        let inside: Int
        let sign: Unicode.Scalar?
    }

    private func nextTag() -> TagOpening? {
        var index = position
        while index + 1 < source.count {
            if source[index] == "{" {
                let tag: Tag?
                switch source[index + 1] {
                case "{": tag = .output
                case "%": tag = .block
                case "#": tag = .comment
                default: tag = nil
                }
                if let tag {
                    var inside = index + 2
                    var sign: Unicode.Scalar?
                    if inside < source.count, source[inside] == "-" || source[inside] == "+" {
                        sign = source[inside]
                        inside += 1
                    }
                    if tag == .block, let afterRaw = rawTagEnd(from: inside, keyword: "raw") {
                        return TagOpening(tag: .raw, start: index, inside: afterRaw.end, sign: sign)
                    }
                    return TagOpening(tag: tag, start: index, inside: inside, sign: sign)
                }
            }
            index += 1
        }
        return nil
    }

    private mutating func readTextAndTag(_ opening: TagOpening) throws(TemplateError) {
        emitText(trimmedBefore(opening, source[position..<opening.start]))
        move(to: opening.start)
        let tagLine = line
        switch opening.tag {
        case .output:
            append(.outputBegin)
            move(to: opening.inside)
            try readInside(closing: "}", opened: tagLine)
            append(.outputEnd)
        case .block:
            append(.blockBegin)
            move(to: opening.inside)
            try readInside(closing: "%", opened: tagLine)
            append(.blockEnd)
        case .comment:
            move(to: opening.inside)
            try skipComment(opened: tagLine)
        case .raw:
            move(to: opening.inside)
            try readRaw(opened: tagLine)
        }
    }

    /// The text before a tag, without what the tag's whitespace rules take from its end.
    private func trimmedBefore(_ opening: TagOpening, _ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar>
    {
        if opening.sign == "-" {
            return text.prefix(upTo: (text.lastIndex { !PythonText.isSpace($0) } ?? text.startIndex - 1) + 1)
        }
        guard opening.sign != "+", opening.tag != .output else { return text }
        let lineStart: Int
        if let newline = text.lastIndex(of: "\n") {
            lineStart = newline + 1
        } else if startsLine {
            lineStart = text.startIndex
        } else {
            return text
        }
        return text[lineStart...].allSatisfy(PythonText.isSpace) ? text[..<lineStart] : text
    }

    private mutating func emitText(_ text: ArraySlice<Unicode.Scalar>) {
        if !text.isEmpty { append(.text(PythonText.string(text))) }
    }

    private mutating func append(_ kind: TemplateToken.Kind) {
        tokens.append(TemplateToken(kind: kind, line: line))
    }

    private mutating func step() {
        if source[position] == "\n" { line += 1 }
        position += 1
    }

    private mutating func move(to index: Int) {
        while position < index { step() }
    }

    /// Steps over whitespace, as the `-` of a closing tag wants it.
    private mutating func skipSpaces() {
        while position < source.count, PythonText.isSpace(source[position]) { step() }
    }

    /// Closes a tag of which `position` stands behind the last scalar: the newline or whitespace after it goes.
    private mutating func finishTag(sign: Unicode.Scalar?, trimsNewline: Bool) {
        let end = position
        if sign == "-" {
            skipSpaces()
        } else if sign == nil, trimsNewline, position < source.count, source[position] == "\n" {
            step()
        }
        startsLine = position > end && source[position - 1] == "\n"
    }

    // MARK: Comments and raw text

    private mutating func skipComment(opened: Int) throws(TemplateError) {
        let start = position
        while position + 1 < source.count {
            if source[position] == "#", source[position + 1] == "}" {
                let before = position > start ? source[position - 1] : "#"
                let sign: Unicode.Scalar? = before == "-" || before == "+" ? before : nil
                position += 2
                return finishTag(sign: sign, trimsNewline: true)
            }
            step()
        }
        throw TemplateError(.syntax, line: opened, "the comment '{#' is never closed with '#}'")
    }

    /// `{% raw %}…{% endraw %}`: everything between is text.
    private mutating func readRaw(opened: Int) throws(TemplateError) {
        let start = position
        while position + 1 < source.count {
            if source[position] == "{", source[position + 1] == "%" {
                var inside = position + 2
                var sign: Unicode.Scalar?
                if inside < source.count, source[inside] == "-" || source[inside] == "+" {
                    sign = source[inside]
                    inside += 1
                }
                if let end = rawTagEnd(from: inside, keyword: "endraw") {
                    startsLine = false
                    let opening = TagOpening(tag: .raw, start: position, inside: end.end, sign: sign)
                    let text = trimmedBefore(opening, source[start..<position])
                    emitText(text)
                    move(to: end.end)
                    return finishTag(sign: end.sign, trimsNewline: true)
                }
            }
            step()
        }
        throw TemplateError(.syntax, line: opened, "'{% raw %}' is never closed with '{% endraw %}'")
    }

    /// The index behind `raw %}` or `endraw %}` when that is what stands at `start`, and the sign before the `%}`.
    ///
    /// What an opening `raw -%}` strips is already behind the end; what `endraw` strips is left to `finishTag`.
    private func rawTagEnd(from start: Int, keyword: String) -> (end: Int, sign: Unicode.Scalar?)? {
        var index = start
        func skip() { while index < source.count, PythonText.isSpace(source[index]) { index += 1 } }
        skip()
        for scalar in keyword.unicodeScalars {
            guard index < source.count, source[index] == scalar else { return nil }
            index += 1
        }
        skip()
        var sign: Unicode.Scalar?
        if index < source.count, source[index] == "-" || (source[index] == "+" && keyword == "endraw") {
            sign = source[index]
            index += 1
        }
        guard index + 1 < source.count, source[index] == "%", source[index + 1] == "}" else { return nil }
        index += 2
        if sign == "-", keyword == "raw" { skip() }
        return (index, sign)
    }

    // MARK: Inside of tags

    /// Reads the tokens of a `{{ }}` (`closing` is "}") or `{% %}` (`closing` is "%") up to its end.
    private mutating func readInside(closing: Unicode.Scalar, opened: Int) throws(TemplateError) {
        var open: [TemplateSymbol] = []
        while position < source.count {
            let scalar = source[position]
            if open.isEmpty, let sign = closingSign(closing) {
                return finishTag(sign: sign.sign, trimsNewline: closing == "%", skipping: sign.length)
            }
            if PythonText.isSpace(scalar) {
                step()
            } else if scalar == "'" || scalar == "\"" {
                try readString(quote: scalar)
            } else if isDigit(scalar) {
                try readNumber()
            } else if isWord(scalar) {
                readName()
            } else {
                try readSymbol(&open)
            }
        }
        throw TemplateError(
            .syntax, line: opened, closing == "%" ? "'{%' is never closed with '%}'" : "'{{' is never closed with '}}'")
    }

    private func closingSign(_ closing: Unicode.Scalar) -> (sign: Unicode.Scalar?, length: Int)? {
        func closes(at index: Int) -> Bool {
            index + 1 < source.count && source[index] == closing && source[index + 1] == "}"
        }
        if closes(at: position) { return (nil, 2) }
        let scalar = source[position]
        if scalar == "-" || (scalar == "+" && closing == "%"), closes(at: position + 1) { return (scalar, 3) }
        return nil
    }

    private mutating func finishTag(sign: Unicode.Scalar?, trimsNewline: Bool, skipping length: Int) {
        position += length
        finishTag(sign: sign, trimsNewline: trimsNewline)
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    private mutating func readName() {
        let start = position
        while position < source.count, isWord(source[position]) { position += 1 }
        append(.name(PythonText.string(source[start..<position])))
    }

    private mutating func readSymbol(_ open: inout [TemplateSymbol]) throws(TemplateError) {
        var symbol: TemplateSymbol?
        for length in [2, 1] where symbol == nil && position + length <= source.count {
            symbol = TemplateSymbol(rawValue: PythonText.string(source[position..<position + length]))
            if symbol != nil { position += length }
        }
        guard let symbol else {
            throw TemplateError(.syntax, line: line, "unexpected character '\(source[position])'")
        }
        switch symbol {
        case .openBrace, .openBracket, .openParenthesis:
            open.append(symbol)
        case .closeBrace, .closeBracket, .closeParenthesis:
            let expected: TemplateSymbol =
                symbol == .closeBrace ? .openBrace : symbol == .closeBracket ? .openBracket : .openParenthesis
            guard open.popLast() == expected else {
                throw TemplateError(.syntax, line: line, "unexpected '\(symbol.rawValue)'")
            }
        default: break
        }
        append(.symbol(symbol))
    }
}

// MARK: - Literals

extension TemplateLexer {
    private static let radixes: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]

    private mutating func readNumber() throws(TemplateError) {
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
        // "1.items" is an integer and an attribute; only a digit behind the dot makes a fraction, and in
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
        } else {
            throw TemplateError(.syntax, line: line, "the number \(text) is out of range")
        }
    }

    private mutating func readString(quote: Unicode.Scalar) throws(TemplateError) {
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

    /// One escape of a Python string; `position` stands behind the backslash.
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
