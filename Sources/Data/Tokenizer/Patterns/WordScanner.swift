/// The alternatives of the split patterns, in the order in which an expression tries them.
struct WordScanner {
    let text: UTF8Bytes
    let classes: CharacterClasses
    var takesMarksForLetters = false

    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    func gpt2Word(from start: Int) -> Int {
        if let end = contraction(at: start, ignoringCase: false) { return end }
        let first = start + (text[start] == UInt8(ascii: " ") ? 1 : 0)
        if first < text.count {
            let kind = namedClass(at: first).kind
            if !kind.contains(.whitespace) { return endOfRun(of: kind, from: first) }
        }
        return whitespace(from: start)
    }

    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    func cl100kWord(from start: Int, maximumDigits: Int, foldsLongS: Bool) -> Int {
        if let end = contraction(at: start, ignoringCase: true, foldsLongS: foldsLongS) { return end }
        let (kind, length) = namedClass(at: start)
        let next = start + length

        if kind == .letter { return endOfRun(of: .letter, from: next) }
        if kind == .number { return endOfRun(of: .number, from: next, atMost: maximumDigits - 1) }
        if !isNewline(text[start]), next < text.count, namedClass(at: next).kind == .letter {
            return endOfRun(of: .letter, from: next)
        }

        let first = start + (text[start] == UInt8(ascii: " ") ? 1 : 0)
        if first < text.count, namedClass(at: first).kind.isEmpty {
            var end = endOfRun(of: [], from: first)
            while end < text.count, isNewline(text[end]) { end += 1 }
            return end
        }

        return whitespaceWithNewlines(from: start)
    }

    /// The words of ``SplitPattern/o200k(maximumDigits:contractions:)``.
    func o200kWord(from start: Int, maximumDigits: Int, contractions: Bool) -> Int {
        let (scalar, length) = text.scalar(at: start)
        let kind = classes[scalar]
        let next = start + length
        if kind.contains(.number) { return endOfRun(of: .number, from: next, atMost: maximumDigits - 1) }
        func withContraction(_ end: Int) -> Int {
            contractions && end < text.count ? contraction(at: end, ignoringCase: true, foldsLongS: true) ?? end : end
        }
        // The first two alternatives. A sign may stand before the letters, and a mark is a sign as well as a letter.
        let mayLead = !kind.contains(.letter) && !isNewline(text[start])
        let led = mayLead ? casedLetters(from: next) : CasedLetters()
        if let end = led.endingLow { return withContraction(end) }
        let own = mayLead && !kind.contains(.mark) ? CasedLetters() : casedLetters(from: start)
        if let end = own.endingLow ?? led.endingHigh ?? own.endingHigh { return withContraction(end) }

        let first = start + (text[start] == UInt8(ascii: " ") ? 1 : 0)
        if first < text.count, namedClass(at: first).kind.isEmpty {
            var end = endOfRun(of: [], from: first)
            while end < text.count, isNewline(text[end]) || text[end] == UInt8(ascii: "/") { end += 1 }
            return end
        }
        return whitespaceWithNewlines(from: start)
    }

    /// Where letters end that are cut by their case.
    private struct CasedLetters {
        /// The end of `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
        var endingLow: Int?
        /// The end of `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`, where the other one does not match.
        var endingHigh: Int?
    }

    private func casedLetters(from start: Int) -> CasedLetters {
        var index = start
        // Going back, the first expression ends after the last letter without case, or mark, of the run.
        var afterCaseless: Int?
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            let kind = classes[scalar]
            if kind.contains(.lower) {
                let end = endOfRun(from: index) { $1.contains(.mark) || $1.contains(.letter) && !$1.contains(.upper) } ?? index
                return CasedLetters(endingLow: end)
            }
            guard kind.contains(.letter) || kind.contains(.mark) else { break }
            index += length
            if !kind.contains(.upper) { afterCaseless = index }
        }
        return CasedLetters(endingLow: afterCaseless, endingHigh: index > start ? index : nil)
    }

    /// `[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
    /// `nil` where it does not match.
    func deepSeekWord(from start: Int) -> Int? {
        let byte = text[start]
        let (scalar, length) = text.scalar(at: start)
        let kind = classes[scalar]
        let next = start + length
        let isSign = !kind.isDisjoint(with: [.punctuation, .symbol])
        if byte < 0x80, isSign {
            var end = next
            while end < text.count, 0x61...0x7A ~= text[end] | 0x20 { end += 1 }
            if end > next { return end }
        }
        if !kind.isDisjoint(with: [.letter, .mark]) { return endOfLettersAndMarks(from: next) }
        if !isSign, !isNewline(byte) {
            let end = endOfLettersAndMarks(from: next)
            if end > next { return end }
        }
        let first = start + (byte == UInt8(ascii: " ") ? 1 : 0)
        if var end = endOfRun(from: first, { !$1.isDisjoint(with: [.punctuation, .symbol]) }) {
            while end < text.count, isNewline(text[end]) { end += 1 }
            return end
        }
        return kind.contains(.whitespace) ? whitespaceWithNewlines(from: start) : nil
    }

    private func endOfLettersAndMarks(from start: Int) -> Int {
        endOfRun(from: start) { !$1.isDisjoint(with: [.letter, .mark]) } ?? start
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`
    private func whitespaceWithNewlines(from start: Int) -> Int {
        let end = endOfRun(of: .whitespace, from: start)
        if let newline = text[start..<end].lastIndex(where: isNewline) { return newline + 1 }
        return whitespace(from: start)
    }

    /// `\s+(?!\S)|\s+`: white space up to the end of the text, or all but the last scalar of it, which is
    /// left to the word that follows, or that one scalar.
    private func whitespace(from start: Int) -> Int {
        let end = endOfRun(of: .whitespace, from: start)
        if end == text.count { return end }
        let last = text.startOfScalar(before: end)
        return last > start ? last : end
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`
    private func contraction(at start: Int, ignoringCase: Bool, foldsLongS: Bool = false) -> Int? {
        guard text[start] == UInt8(ascii: "'"), start + 1 < text.count else { return nil }
        let fold: UInt8 = ignoringCase ? 0x20 : 0
        switch text[start + 1] | fold {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
            return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"):
            return byte(at: start + 2, fold) == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"):
            return byte(at: start + 2, fold) == UInt8(ascii: "l") ? start + 3 : nil
        default:
            // The long s folds to s, the only other scalar that folds to a letter of a contraction.
            return foldsLongS && text.scalar(at: start + 1).value == 0x17F ? start + 3 : nil
        }
    }

    @inline(__always)
    private func byte(at index: Int, _ fold: UInt8) -> UInt8? { index < text.count ? text[index] | fold : nil }

    /// The one of the named classes that the scalar at an index has, empty for none, and its length.
    @inline(__always)
    private func namedClass(at index: Int) -> (kind: CharacterClass, length: Int) {
        let (scalar, length) = text.scalar(at: index)
        let all = classes[scalar]
        if takesMarksForLetters, all.contains(.mark) { return (.letter, length) }
        return (all.intersection(.named), length)
    }

    @inline(__always)
    private func endOfRun(of kind: CharacterClass, from start: Int, atMost limit: Int = .max) -> Int {
        var end = start
        var count = 0
        while end < text.count, count < limit {
            let (next, length) = namedClass(at: end)
            guard next == kind else { break }
            end += length
            count += 1
        }
        return end
    }

    /// The end of the scalars from an index on that have a property; `nil` where the first one has not.
    @inline(__always)
    func endOfRun(from start: Int, atMost limit: Int = .max, _ belongs: (UInt32, CharacterClass) -> Bool) -> Int? {
        var end = start
        var count = 0
        while end < text.count, count < limit {
            let (scalar, length) = text.scalar(at: end)
            guard belongs(scalar, classes[scalar]) else { break }
            end += length
            count += 1
        }
        return end > start ? end : nil
    }

    @inline(__always)
    private func isNewline(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
}
