/// The way back: the bytes that each id stands for.
struct TokenDecoder: Sendable {
    struct Token: Sendable {
        var bytes: [UInt8]
        var isSpecial: Bool
    }

    private var tokens: [Int32: Token] = [:]
    /// The highest id plus one.
    let idLimit: Int

    /// Reads the `decoder` field, which has to be `ByteLevel`, for the tokens given.
    init(
        _ field: JSONField, _ vocabulary: Vocabulary, _ added: AddedVocabulary, _ normalizer: Normalizer?
    ) throws(TokenizerError) {
        guard field.value != nil else { throw field.unsupported("is missing, where ByteLevel is needed") }
        let type = try field["type"].string()
        guard type == "ByteLevel" else { throw field.unsupported("the decoder '\(type)' is not supported") }

        var spellings = vocabulary.tokens
        for (id, token) in added.tokens { spellings[id] = added.spelling(of: token, normalizer) }
        tokens = spellings.mapValues { spelling in
            let utf8 = Array(spelling.utf8)
            // A token with any character from outside of the alphabet stands for its own UTF-8.
            return Token(
                bytes: ByteLevelAlphabet.decode(spelling) ?? utf8, isSpecial: added.specialTokens.contains(utf8))
        }
        idLimit = tokens.keys.max().map { Int($0) + 1 } ?? 0
    }

    func token(_ id: Int32) -> Token? { tokens[id] }
}
