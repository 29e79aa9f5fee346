/// The regular expressions by which byte-level tokenizers cut text into words, as hand-written scanners
/// over Unicode scalars. Each expression matches at every position of every text, so a text is the
/// concatenation of its matches.
enum SplitPattern: Sendable, Equatable {
    /// GPT-2's, which is also that of a `ByteLevel` pre-tokenizer.
    case gpt2
    /// That of cl100k and its descendants, which differ in how many digits make a word: three in
    /// Llama 3, one in Qwen.
    case cl100k(maximumDigits: Int)
    /// Qwen 3.5's: as `cl100k(maximumDigits: 1)`, but a mark counts as a letter, so that the words of
    /// scripts that spell vowels as marks stay whole.
    case qwen35

    /// The expressions as `tokenizer.json` files spell them.
    private static let spellings: [String: SplitPattern] = [
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: .gpt2,
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#:
            .cl100k(maximumDigits: 3),
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#:
            .cl100k(maximumDigits: 1),
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#:
            .qwen35,
    ]

    /// The scanner of a regular expression; `nil` where there is none.
    init?(regex: String) {
        guard let pattern = Self.spellings[regex] else { return nil }
        self = pattern
    }

    /// The end of the word that starts at an index before the end of the text.
    @inline(__always)
    func endOfWord(from start: Int, in text: UTF8Bytes, _ classes: CharacterClasses) -> Int {
        let scanner = WordScanner(text: text, classes: classes)
        return switch self {
        case .gpt2: scanner.gpt2Word(from: start)
        case .cl100k(let maximumDigits): scanner.cl100kWord(from: start, maximumDigits: maximumDigits)
        case .qwen35:
            WordScanner(text: text, classes: classes, takesMarksForLetters: true)
                .cl100kWord(from: start, maximumDigits: 1)
        }
    }
}

/// The alternatives of the split patterns, in the order in which an expression tries them.
private struct WordScanner {
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
    func cl100kWord(from start: Int, maximumDigits: Int) -> Int {
        if let end = contraction(at: start, ignoringCase: true) { return end }
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
    private func contraction(at start: Int, ignoringCase: Bool) -> Int? {
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
            return ignoringCase && text.scalar(at: start + 1).value == 0x17F ? start + 3 : nil
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

    @inline(__always)
    private func isNewline(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }
}
