/// Split patterns that match parts of a text: each match is a word, and so is what lies between two.
/// They come before or after one of ``SplitPattern``.
enum IsolatedPattern: Sendable, Equatable {
    /// `[\p{P}…]+`, with these characters besides.
    case punctuation(with: [UInt8])
    /// `[0-9][0-9][0-9]`
    case threeDigits
    /// A text that is not empty.
    case literal([UInt8])

    /// The expressions as `tokenizer.json` files spell them.
    private static let spellings: [String: IsolatedPattern] = [
        #"[\p{P}\$\+<=>\^~\|]+"#: .punctuation(with: Array("$+<=>^~|".utf8)),
        #"[\p{P}\$\+<=>\^~\|`]+"#: .punctuation(with: Array("$+<=>^~|`".utf8)),
        "[0-9][0-9][0-9]": .threeDigits,
    ]

    /// The scanner of a regular expression; `nil` where there is none.
    init?(regex: String) {
        guard let pattern = Self.spellings[regex] else { return nil }
        self = pattern
    }

    /// The end of the match that starts at an index; `nil` where none does.
    func endOfMatch(at start: Int, in text: UTF8Bytes, _ classes: CharacterClasses) -> Int? {
        switch self {
        case .punctuation(let others):
            var end = start
            while end < text.count {
                let (scalar, length) = text.scalar(at: end)
                guard classes[scalar].contains(.punctuation) || length == 1 && others.contains(text[end]) else { break }
                end += length
            }
            return end > start ? end : nil
        case .threeDigits:
            guard start + 3 <= text.count else { return nil }
            return text[start..<start + 3].allSatisfy { 0x30...0x39 ~= $0 } ? start + 3 : nil
        case .literal(let literal):
            guard start + literal.count <= text.count else { return nil }
            return text[start..<start + literal.count].elementsEqual(literal) ? start + literal.count : nil
        }
    }
}
