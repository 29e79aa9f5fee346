/// Expressions that do not match all of a text, and that many models have.
enum KnownPattern: TextMatcher {
    /// `[\p{P}…]+`, with these characters besides.
    case punctuation(with: [UInt8])
    /// `[0-9][0-9][0-9]`
    case threeDigits
    /// `\p{N}{1,n}`
    case numbers(atMost: Int)
    /// ` {2,}`
    case severalSpaces
    /// `\s+`
    case whitespace
    /// `[一-龥぀-ゟ゠-ヿ]+`: common ideographs, and kana.
    case ideographsAndKana
    /// DeepSeek's words, between which only digits and control characters are left.
    case deepSeek

    /// The expressions as `tokenizer.json` files spell them.
    static let known: [String: KnownPattern] = [
        #"[\p{P}\$\+<=>\^~\|]+"#: .punctuation(with: Array("$+<=>^~|".utf8)),
        #"[\p{P}\$\+<=>\^~\|`]+"#: .punctuation(with: Array("$+<=>^~|`".utf8)),
        "[0-9][0-9][0-9]": .threeDigits,
        #"\p{N}{1,3}"#: .numbers(atMost: 3),
        #"\p{N}"#: .numbers(atMost: 1),
        " {2,}": .severalSpaces,
        #"\s+"#: .whitespace,
        "[一-龥\u{3040}-ゟ゠-ヿ]+": .ideographsAndKana,
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##:
            .deepSeek,
    ]

    /// The scanner of an expression; `nil` where there is none.
    init?(regex: String) {
        // Swift takes canonically equivalent expressions for equal.
        guard let (spelling, pattern) = Self.known.first(where: { $0.key == regex }),
            spelling.unicodeScalars.elementsEqual(regex.unicodeScalars)
        else { return nil }
        self = pattern
    }

    func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        let scanner = WordScanner(text: text, classes: .shared)
        var index = 0
        while index < text.count {
            if let end = endOfMatch(at: index, scanner) {
                try body(index..<end)
                index = end
            } else {
                index += text.scalar(at: index).length
            }
        }
    }

    /// The end of the match that starts at an index; `nil` where none does. No match is empty.
    @inline(__always)
    private func endOfMatch(at start: Int, _ scanner: WordScanner) -> Int? {
        let text = scanner.text
        switch self {
        case .punctuation(let others):
            return scanner.endOfRun(from: start) { scalar, classes in
                classes.contains(.punctuation) || scalar < 0x80 && others.contains(UInt8(scalar))
            }
        case .threeDigits:
            guard start + 3 <= text.count else { return nil }
            return text[start..<start + 3].allSatisfy { 0x30...0x39 ~= $0 } ? start + 3 : nil
        case .numbers(let limit):
            return scanner.endOfRun(from: start, atMost: limit) { $1.contains(.number) }
        case .severalSpaces:
            var end = start
            while end < text.count, text[end] == UInt8(ascii: " ") { end += 1 }
            return end >= start + 2 ? end : nil
        case .whitespace:
            return scanner.endOfRun(from: start) { $1.contains(.whitespace) }
        case .ideographsAndKana:
            // A lead byte below this one starts nothing of them.
            guard text[start] >= 0xE3 else { return nil }
            return scanner.endOfRun(from: start) { scalar, _ in 0x4E00...0x9FA5 ~= scalar || 0x3040...0x30FF ~= scalar }
        case .deepSeek:
            return scanner.deepSeekWord(from: start)
        }
    }
}
