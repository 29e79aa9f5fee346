import Tensor

/// The vocabulary in a GGUF file's metadata, and what the file says of its tokens.
struct GGUFVocabulary {
    let keys: GGUFKeys
    let model: GGUFTokenizerModel
    /// Without those at the end that only fill the list up to the rows of a model.
    let spellings: [String]
    /// The same, checked.
    let vocabulary: Vocabulary
    let types: [GGUFTokenType]
    /// By id; empty for models without scores.
    let scores: [Float]
    /// The tokens that are found in the text itself; `nil` for mere words.
    let special: [AddedToken?]
    /// The tokens of roles, by their ids.
    let roles: [(name: String, id: Int32)]
    /// Ids that end generation.
    let ends: [Int32]

    /// Tokens are cut at every place to find the merges of SentencePiece. The longest that published
    /// vocabularies have are some dozen characters.
    private static let longestScoredToken = 1024

    init(_ metadata: GGUFMetadata, _ name: String) throws(TokenizerError) {
        keys = GGUFKeys(metadata: metadata, name: name)
        model = try GGUFTokenizerModel(keys)
        // llama.cpp gives tokens without a text one that no text has.
        let listed = try keys.required(GGUFTokenizerKey.tokens, { $0.strings }, "a list of texts")
            .enumerated().map { $0.element.isEmpty ? "[EMPTY_\($0.offset)]" : $0.element }
        guard !listed.isEmpty else { throw keys.malformed(GGUFTokenizerKey.tokens, "is empty") }
        let listedTypes = try Self.types(keys, listed)
        let count = Self.count(listed, listedTypes, keys)
        spellings = Array(listed.prefix(count))
        types = Array(listedTypes.prefix(count))
        vocabulary = try Vocabulary(list: spellings, file: name, place: GGUFTokenizerKey.tokens)
        scores = model == .sentencePiece || model == .unigram ? Array(try Self.scores(keys, listed).prefix(count)) : []
        special = try GGUFSpecialTokens(types, vocabulary, keys).marked(byModel: keys)
        roles = try Self.roles(keys, model, special, types)
        var ends: [Int32] = []
        for key in GGUFTokenizerKey.ends { if let id = try keys.id(key, below: spellings.count) { ends.append(id) } }
        self.ends = ends
    }

    /// The id of a role's token.
    func id(of role: String) -> Int32? { roles.first { $0.name == role }?.id }

    /// What stands beside `tokenizer.json`.
    ///
    /// - Parameter addsBOS: Whether a text begins with the bos token where the file does not say.
    func configuration(addsBOS: Bool) throws(TokenizerError) -> TokenizerConfiguration {
        // They say what is put around a text, of which only the start matters here.
        for key in [GGUFTokenizerKey.addsEOS, GGUFTokenizerKey.addsSeparator] { _ = try keys.bool(key) }
        return TokenizerConfiguration(
            roles: roles.map { ($0.name, spellings[Int($0.id)]) },
            chatTemplate: try keys.optional(GGUFTokenizerKey.chatTemplate, { $0.string }, "a text"),
            toolTemplate: try keys.optional(GGUFTokenizerKey.toolTemplate, { $0.string }, "a text"),
            addsBOS: try keys.bool(GGUFTokenizerKey.addsBOS) ?? addsBOS && id(of: "bos_token") != nil)
    }

    private static func types(_ keys: GGUFKeys, _ tokens: [String]) throws(TokenizerError) -> [GGUFTokenType] {
        let key = GGUFTokenizerKey.types
        guard let numbers = try keys.optional(key, { $0.ints }, "a list of integers") else {
            return Array(repeating: .normal, count: tokens.count)
        }
        guard numbers.count == tokens.count else {
            throw keys.malformed(key, "has \(numbers.count) types for \(tokens.count) tokens")
        }
        var types: [GGUFTokenType] = []
        types.reserveCapacity(numbers.count)
        for (id, number) in numbers.enumerated() {
            guard let type = Int32(exactly: number).flatMap(GGUFTokenType.init(rawValue:)) else {
                throw keys.malformed("\(key)[\(id)]", "is \(number), which is no type of a token, 1 to 6")
            }
            types.append(type)
        }
        return types
    }

    /// The number of tokens without unused ones of the name `[PAD123]` at the end, which converters put into the list for rows of
    /// the model that have no token. Their ids are free. One that a key names is kept.
    private static func count(_ tokens: [String], _ types: [GGUFTokenType], _ keys: GGUFKeys) -> Int {
        let named = keys.metadata.keys.filter { $0.hasSuffix("_token_id") }.compactMap { keys.metadata[$0]?.int }
        let lowest = max(1, (named.filter { $0 < tokens.count }.max() ?? 0) + 1)
        var count = tokens.count
        while count > lowest, types[count - 1] == .unused, tokens[count - 1] == "[PAD\(count - 1)]" { count -= 1 }
        return count
    }

    private static func scores(_ keys: GGUFKeys, _ tokens: [String]) throws(TokenizerError) -> [Float] {
        let key = GGUFTokenizerKey.scores
        let scores = try keys.required(key, { $0.floats }, "a list of numbers")
        guard scores.count == tokens.count else {
            throw keys.malformed(key, "has \(scores.count) scores for \(tokens.count) tokens")
        }
        if let id = scores.firstIndex(where: \.isNaN) { throw keys.malformed("\(key)[\(id)]", "is not a number") }
        if let id = tokens.firstIndex(where: { $0.utf8.count > longestScoredToken }) {
            throw keys.malformed(
                "\(GGUFTokenizerKey.tokens)[\(id)]",
                "is \(tokens[id].utf8.count) bytes long, longer than any token of SentencePiece (\(longestScoredToken))")
        }
        return scores
    }

    private static func roles(
        _ keys: GGUFKeys, _ model: GGUFTokenizerModel, _ special: [AddedToken?], _ types: [GGUFTokenType]
    ) throws(TokenizerError) -> [(name: String, id: Int32)] {
        var roles: [(name: String, id: Int32)] = []
        let named = GGUFTokenizerKey.roles + (model == .wordPiece ? GGUFTokenizerKey.encoderRoles : [])
        for (role, key) in named {
            let usual = keys.metadata[key] == nil ? model.usualIDs[role].flatMap { Int($0) < special.count ? $0 : nil } : nil
            guard let id = try keys.id(key, below: special.count) ?? usual else { continue }
            // A token with a role is found in text. Some files give one to an ordinary word, such as `!`, to fill up rows.
            let isWord = special[Int(id)] == nil && types.contains(.control)
            if isWord, role != "bos_token", role != "eos_token", role != "unk_token" { continue }
            roles.append((role, id))
        }
        if model == .sentencePiece, !roles.contains(where: { $0.name == "unk_token" }), let unknown = types.firstIndex(of: .unknown) {
            roles.append(("unk_token", Int32(unknown)))
        }
        return roles
    }
}
