/// Decodes ids as they come. Never gives half a character: bytes that may become one are kept back until
/// they have, or cannot any more. All that it gives, put together, is what ``Tokenizer/decode(_:skipSpecialTokens:)``
/// gives for all ids at once.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecialTokens: Bool
    /// The start of a character whose end has not come yet: at most three bytes.
    private var pending: [UInt8] = []
    private var joiner: TokenJoiner

    /// A decoder at the start of a text.
    ///
    /// - Parameter skipSpecialTokens: Leaves special tokens such as `<s>` out.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = false) {
        self.tokenizer = tokenizer
        self.skipSpecialTokens = skipSpecialTokens
        joiner = tokenizer.joiner()
    }

    /// Takes an id and returns the text that is now certain, often that of the id, sometimes none.
    public mutating func append(_ id: Int32) -> String {
        guard !(skipSpecialTokens && tokenizer.isSpecial(id)), let token = tokenizer.decoded(id) else { return "" }
        joiner.append(token, to: &pending)
        let complete = pending.dropLast(Self.lengthOfUnfinishedCharacter(pending))
        let text = String(decoding: complete, as: UTF8.self)
        pending.removeFirst(complete.count)
        return text
    }

    /// Returns what was kept back, U+FFFD for the start of a character, and is ready for another text.
    public mutating func finish() -> String {
        joiner.finishRun(&pending)
        joiner = tokenizer.joiner()
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }

    /// The number of last bytes that further bytes may complete to one character (Unicode, table 3-7).
    private static func lengthOfUnfinishedCharacter(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let tail = bytes.suffix(length)
            guard let lead = tail.first, lead & 0xC0 != 0x80 else { continue }
            guard length < expectedLength(lead) else { return 0 }
            guard let second = tail.dropFirst().first else { return length }
            let allowed: ClosedRange<UInt8> =
                switch lead {
                case 0xE0: 0xA0...0xBF
                case 0xED: 0x80...0x9F
                case 0xF0: 0x90...0xBF
                case 0xF4: 0x80...0x8F
                default: 0x80...0xBF
                }
            return allowed.contains(second) ? length : 0
        }
        return 0
    }

    /// The length of a character that starts with a byte; 1 for a byte that starts none.
    private static func expectedLength(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }
}
