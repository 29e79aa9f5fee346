/// Cuts a template into tokens, with the whitespace rules under which Hugging Face renders chat templates:
/// `trim_blocks` (the newline after a block tag goes), `lstrip_blocks` (blanks between the start of a line and a
/// block tag go), `-` at a tag's edge (all whitespace on that side goes) and `+` (nothing goes).
///
/// The rules are those of Jinja 3.1, https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control.
struct TemplateLexer {
    let source: [Unicode.Scalar]
    var position = 0
    var line = 1
    /// True when `position` stands at the start of a line, as far as the text between tags is concerned.
    private var startsLine = true
    var tokens: [TemplateToken] = []

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

    /// Where the next tag opens, which it is, and the sign right after its opening.
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
    private func trimmedBefore(_ opening: TagOpening, _ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
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

    mutating func append(_ kind: TemplateToken.Kind) {
        tokens.append(TemplateToken(kind: kind, line: line))
    }

    mutating func step() {
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

    /// Closes a tag of which `position` stands after the last scalar: the newline or whitespace after it goes.
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

    /// The index after `raw %}` or `endraw %}` when that is what stands at `start`, and the sign before the `%}`.
    ///
    /// What an opening `raw -%}` strips is already passed; what `endraw` strips is left to `finishTag`.
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
                position += sign.length
                return finishTag(sign: sign.sign, trimsNewline: closing == "%")
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

    func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    func isWord(_ scalar: Unicode.Scalar) -> Bool {
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
