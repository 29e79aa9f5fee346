import Tensor

extension Tokenizer {
    /// Reads the tokenizer of a GGUF file.
    ///
    /// - Parameter name: What messages call the file, best its path.
    /// - Throws: ``TokenizerError`` where the metadata contradicts itself, or describes a tokenizer of
    ///   another kind.
    public init(gguf file: GGUFFile, name: String = "the GGUF file") throws(TokenizerError) {
        try self.init(gguf: file.metadata, name: name)
    }

    /// Reads the tokenizer that a GGUF file's metadata describes: `tokenizer.ggml.model` is `gpt2`, byte-level
    /// BPE, or `llama`, SentencePiece's BPE by scores.
    ///
    /// - Parameter name: What messages call the file, best its path.
    /// - Throws: ``TokenizerError`` where the metadata contradicts itself, or describes a tokenizer of
    ///   another kind.
    public init(gguf metadata: GGUFMetadata, name: String = "the GGUF file") throws(TokenizerError) {
        let reader = try GGUFVocabulary(metadata, name)
        let definition = JSONField(file: name, path: "", value: reader.definition)
        var description = TokenizerDescription(
            definition: definition, added: reader.addedTokens, configuration: reader.configuration, ends: reader.ends)
        description.makeModel = { field, isByteLevel throws(TokenizerError) in
            try BytePairEncoding(options: field, isByteLevel: isByteLevel, scores: reader.scores) { () throws(TokenizerError) in
                (reader.vocabulary, try reader.merges())
            }
        }
        try self.init(description)
    }
}

/// How llama.cpp classes the tokens of a vocabulary.
enum GGUFTokenType: Int32, Sendable {
    case normal = 1
    case unknown, control, userDefined, unused, byte
}

/// The keys of a GGUF file's metadata that describe a tokenizer.
enum GGUFTokenizerKey {
    static let model = "tokenizer.ggml.model"
    static let preTokenizer = "tokenizer.ggml.pre"
    static let tokens = "tokenizer.ggml.tokens"
    static let types = "tokenizer.ggml.token_type"
    static let scores = "tokenizer.ggml.scores"
    static let merges = "tokenizer.ggml.merges"
    static let addsBOS = "tokenizer.ggml.add_bos_token"
    static let addsSpace = "tokenizer.ggml.add_space_prefix"
    static let chatTemplate = "tokenizer.chat_template"
    static let toolTemplate = "tokenizer.chat_template.tool_use"
    /// The roles of tokens, each with its key.
    static let roles = [
        (role: "bos_token", key: "tokenizer.ggml.bos_token_id"), ("eos_token", "tokenizer.ggml.eos_token_id"),
        ("unk_token", "tokenizer.ggml.unknown_token_id"), ("pad_token", "tokenizer.ggml.padding_token_id"),
    ]
    /// Tokens that end a turn or a message.
    static let ends = ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"]
}

/// The tokenizer in a GGUF file's metadata, in terms of `tokenizer.json`.
private struct GGUFVocabulary {
    let vocabulary: Vocabulary
    /// By id, for SentencePiece; empty otherwise.
    let scores: [Float]
    let addedTokens: [AddedToken]
    let configuration: TokenizerConfiguration
    /// Ids that end generation.
    let ends: [Int32]
    /// `tokenizer.json` without vocabulary and merges.
    let definition: JSON
    private let metadata: GGUFMetadata
    private let name: String

    /// Tokens are cut at every place to find the merges of SentencePiece. The longest that published
    /// vocabularies have are some dozen characters.
    private static let longestScoredToken = 1024

    init(_ metadata: GGUFMetadata, _ name: String) throws(TokenizerError) {
        self.metadata = metadata
        self.name = name
        let keys = Keys(metadata: metadata, name: name)
        let model = try keys.required(GGUFTokenizerKey.model, { $0.string }, "a text")
        guard model == "gpt2" || model == "llama" else {
            throw keys.unsupported(GGUFTokenizerKey.model, "the tokenizer '\(model.oneLine)' is not supported")
        }
        let isScored = model == "llama"
        // llama.cpp gives tokens without a text one that no text has.
        let tokens = try keys.required(GGUFTokenizerKey.tokens, { $0.strings }, "a list of texts")
            .enumerated().map { $0.element.isEmpty ? "[EMPTY_\($0.offset)]" : $0.element }
        vocabulary = try Vocabulary(list: tokens, file: name, place: GGUFTokenizerKey.tokens)
        let types = try Self.types(keys, tokens)
        scores = isScored ? try Self.scores(keys, tokens) : []
        addedTokens = zip(tokens, types).compactMap { Self.addedToken($0, $1) }

        var roles: [(name: String, token: String)] = []
        for (role, key) in GGUFTokenizerKey.roles {
            if let id = try keys.id(key, below: tokens.count) { roles.append((role, tokens[Int(id)])) }
        }
        if isScored, !roles.contains(where: { $0.name == "unk_token" }), let unknown = types.firstIndex(of: .unknown) {
            roles.append(("unk_token", tokens[unknown]))
        }
        var ends: [Int32] = []
        for key in GGUFTokenizerKey.ends { if let id = try keys.id(key, below: tokens.count) { ends.append(id) } }
        self.ends = ends

        let row = isScored ? nil : try Self.preTokenizer(keys)
        let bos = roles.first { $0.name == "bos_token" }?.token
        let addsBOS = try keys.bool(GGUFTokenizerKey.addsBOS) ?? row?.addsBOS ?? true
        configuration = TokenizerConfiguration(
            roles: roles, chatTemplate: try keys.optional(GGUFTokenizerKey.chatTemplate, { $0.string }, "a text"),
            toolTemplate: try keys.optional(GGUFTokenizerKey.toolTemplate, { $0.string }, "a text"),
            addsBOS: addsBOS && bos != nil)
        let unknown = isScored ? roles.first { $0.name == "unk_token" }?.token : nil
        let addsSpace = isScored ? try keys.bool(GGUFTokenizerKey.addsSpace) ?? true : false
        definition = Self.definition(
            row, addsSpace: addsSpace, unknown: unknown,
            bos: addsBOS ? bos.flatMap { [vocabulary] bos in vocabulary.id(of: bos).map { (bos, $0) } } : nil)
    }

    /// The merges: those of the file, or those that scores imply.
    func merges() throws(TokenizerError) -> MergeTable {
        guard scores.isEmpty else { return MergeTable(scores: scores, vocabulary) }
        let keys = Keys(metadata: metadata, name: name)
        let lines = try keys.required(GGUFTokenizerKey.merges, { $0.strings }, "a list of texts")
        let field = JSONField(file: name, path: GGUFTokenizerKey.merges, value: .array(lines.map { .string($0) }))
        return try MergeTable(field, vocabulary)
    }

    private static func types(_ keys: Keys, _ tokens: [String]) throws(TokenizerError) -> [GGUFTokenType] {
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

    private static func scores(_ keys: Keys, _ tokens: [String]) throws(TokenizerError) -> [Float] {
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

    /// Tokens that are found in the text itself. Those that are mere words are nil, and so are unused ones.
    private static func addedToken(_ content: String, _ type: GGUFTokenType) -> AddedToken? {
        var token = AddedToken(special: content)
        switch type {
        case .control, .unknown: return token
        case .userDefined:
            token.isSpecial = false
            return token
        // An old converter took these for words, and llama.cpp takes them for what they are.
        case .normal where content.hasPrefix("<|") && content.hasSuffix("|>") && EndTokens.isSpelled(content): return token
        case .normal, .unused, .byte: return nil
        }
    }

    private static func preTokenizer(_ keys: Keys) throws(TokenizerError) -> GGUFPreTokenizer {
        let key = GGUFTokenizerKey.preTokenizer
        let name = try keys.optional(key, { $0.string }, "a text") ?? "default"
        guard let row = GGUFPreTokenizer(named: name) else {
            throw keys.unsupported(key, "the pre-tokenizer '\(name.oneLine)' is not supported")
        }
        return row
    }

    private static func definition(
        _ row: GGUFPreTokenizer?, addsSpace: Bool, unknown: String?, bos: (token: String, id: Int32)?
    ) -> JSON {
        let toMark: JSON = ["type": "Replace", "pattern": ["String": " "], "content": "▁"]
        let fromMark: JSON = ["type": "Replace", "pattern": ["String": "▁"], "content": " "]
        var normalizer = JSON.null
        var decoder: JSON = ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true]
        if row == nil {
            normalizer =
                addsSpace
                ? ["type": "Sequence", "normalizers": [["type": "Prepend", "prepend": "▁"], toMark]] : toMark
            let strip: JSON = ["type": "Strip", "content": " ", "start": 1, "stop": 0]
            decoder = [
                "type": "Sequence",
                "decoders": .array([fromMark, ["type": "ByteFallback"], ["type": "Fuse"]] + (addsSpace ? [strip] : [])),
            ]
        }
        return [
            "version": "1.0", "truncation": nil, "padding": nil, "normalizer": normalizer,
            "pre_tokenizer": row?.definition ?? .null,
            "post_processor": bos.map { PostProcessor.leading($0.token, $0.id) } ?? .null, "decoder": decoder,
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": unknown.map { .string($0) } ?? .null,
                "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": .bool(row == nil),
                "byte_fallback": .bool(row == nil), "ignore_merges": .bool(row?.ignoresMerges ?? false),
            ],
        ]
    }

    /// Values by their keys, with complaints that name both.
    private struct Keys {
        let metadata: GGUFMetadata
        let name: String

        func malformed(_ key: String, _ reason: String) -> TokenizerError {
            .malformed(file: name, field: key, reason: reason)
        }

        func unsupported(_ key: String, _ reason: String) -> TokenizerError {
            .unsupported(file: name, field: key, reason: reason)
        }

        func optional<Value>(
            _ key: String, _ read: (GGUFValue) -> Value?, _ kind: String
        ) throws(TokenizerError) -> Value? {
            guard let value = metadata[key] else { return nil }
            guard let read = read(value) else { throw malformed(key, "is not \(kind)") }
            return read
        }

        func required<Value>(
            _ key: String, _ read: (GGUFValue) -> Value?, _ kind: String
        ) throws(TokenizerError) -> Value {
            guard let value = try optional(key, read, kind) else { throw malformed(key, "is missing") }
            return value
        }

        func bool(_ key: String) throws(TokenizerError) -> Bool? { try optional(key, { $0.bool }, "true or false") }

        func id(_ key: String, below count: Int) throws(TokenizerError) -> Int32? {
            guard let value = metadata[key] else { return nil }
            // Files say "none" by a number that no token has.
            if value == .uint32(.max) || value.int == -1 { return nil }
            guard let id = value.int, 0..<count ~= id else {
                throw malformed(key, "is not the id of one of \(count) tokens")
            }
            return Int32(id)
        }
    }
}
