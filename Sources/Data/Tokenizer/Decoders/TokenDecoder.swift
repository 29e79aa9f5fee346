import Tensor

/// The way back: the tokens of ids, and the steps by which they become a text. ``DecoderRun`` takes them.
struct TokenDecoder: Sendable {
    /// The highest id plus one.
    let idLimit: Int
    let chain: DecoderChain
    private let vocabulary: Vocabulary
    /// How the added tokens stand in decoded text.
    private let addedSpellings: [Int32: String]
    private let specialTokens: Set<[UInt8]>
    private let decodedTokens = DecodedTokens()

    init(_ chain: DecoderChain, _ vocabulary: Vocabulary, _ added: AddedVocabulary, _ normalizer: Normalizer?) throws(TokenizerError) {
        self.chain = chain
        self.vocabulary = vocabulary
        specialTokens = added.specialTokens
        var spellings: [Int32: String] = [:]
        for (id, token) in added.tokens { spellings[id] = try added.spelling(of: token, normalizer) }
        addedSpellings = spellings
        let last = max(vocabulary.tokens.keys.max() ?? -1, spellings.keys.max() ?? -1)
        idLimit = Int(last) + 1
    }

    /// The tokens after the steps that rewrite each by itself; `nil` where there is not to be such a table.
    var table: DecodedTokens.Table? { decodedTokens.table(of: self) }

    /// At most how many ids have a token.
    var tokenCount: Int { vocabulary.tokens.count + addedSpellings.count }

    /// How a token stands in the row of tokens before it is decoded.
    func spelling(_ id: Int32) -> String? { addedSpellings[id] ?? vocabulary.tokens[id] }

    /// Calls `body` with the tokens of all ids, each as ``spelling(_:)`` gives it.
    func forEachSpelling(_ body: (Int32, String) -> Void) {
        for (id, spelling) in addedSpellings { body(id, spelling) }
        for (id, spelling) in vocabulary.tokens where addedSpellings[id] == nil { body(id, spelling) }
    }

    func isSpecial(_ id: Int32) -> Bool { spelling(id).map(isSpecial) ?? false }

    func isSpecial(_ spelling: String) -> Bool { !specialTokens.isEmpty && specialTokens.contains(Array(spelling.utf8)) }

    /// The bytes that a token stands for by itself in the middle of a text.
    func bytes(_ id: Int32) -> [UInt8]? {
        guard var spelling = spelling(id) else { return nil }
        var meaning = chain.meaning
        var bytes: [UInt8] = []
        spelling.withUTF8Bytes { meaning.append($0, to: &bytes) }
        meaning.finish(to: &bytes)
        return bytes
    }
}
