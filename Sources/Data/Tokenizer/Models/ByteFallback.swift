/// The tokens of bytes, `<0x00>` to `<0xFF>`, for text that has no others.
struct ByteFallback: Sendable {
    /// The tokens for each byte of a word. In a byte-level vocabulary these are the bytes of the character that spells it.
    /// Empty where the vocabulary lacks one of them.
    private let tokens: [[Int32]]

    init(_ vocabulary: Vocabulary, isByteLevel: Bool) {
        let own = (UInt8.min...UInt8.max).map { vocabulary.id(of: ByteToken.spelling(of: $0)) }
        tokens = (UInt8.min...UInt8.max).map { byte in
            let spelling = isByteLevel ? Array(String(ByteLevelAlphabet.scalars[Int(byte)]).utf8) : [byte]
            let ids = spelling.compactMap { own[Int($0)] }
            return ids.count == spelling.count ? ids : []
        }
    }

    /// Whether every byte of a text has its tokens.
    func hasTokens(for text: UTF8Bytes) -> Bool { text.allSatisfy { !tokens[Int($0)].isEmpty } }

    /// Calls `body` with the tokens of a text, and the place of each among them.
    func forEachToken(of text: UTF8Bytes, _ body: (Int32, Int) -> Void) {
        var index = 0
        for byte in text {
            for token in tokens[Int(byte)] {
                body(token, index)
                index += 1
            }
        }
    }

    /// Whether no byte has a token, so that all is as if there were no fallback.
    var isEmpty: Bool { tokens.allSatisfy(\.isEmpty) }

    /// The tokens of the bytes of a spelling; `nil` where one has none.
    static func tokens(of spelling: [UInt8], _ vocabulary: Vocabulary) -> [Int32]? {
        let tokens = spelling.compactMap { vocabulary.id(of: ByteToken.spelling(of: $0)) }
        return tokens.count == spelling.count ? tokens : nil
    }
}
