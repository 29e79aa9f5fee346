import Tensor

/// What a file says of a tokenizer, in terms of `tokenizer.json`. Readers of other formats make one too, so that there is
/// one way from a description to a tokenizer.
struct TokenizerDescription {
    /// `tokenizer.json`. Where ``makeModel`` is given, `model` needs neither vocabulary nor merges.
    var definition: JSONField
    /// The added tokens that it lists.
    var added: [AddedToken]
    /// What stands beside it.
    var configuration: TokenizerConfiguration
    /// Ids that end generation, besides those known by their names.
    var ends: [Int32] = []
    /// Whether scores are those that the file has. `tokenizers` itself reads some from `tokenizer.json` a last bit off.
    var hasExactScores = false
    /// Whether tokens that are added later are sought in the text as it came, whatever they say.
    var seeksTokensVerbatim = false
    /// Makes the model of the `model` field, of words in bytes or in characters; `nil` reads it with vocabulary and merges.
    var makeModel: ((JSONField, _ isByteLevel: Bool) throws(TokenizerError) -> any TokenModel)?
}

extension TokenizerDescription {
    /// Reads the tokenizer of a folder and what stands beside it.
    init(folder: String) throws(TokenizerError) { try self.init(TokenizerFile(in: folder)) }

    /// Reads a file of a tokenizer and what stands beside it.
    init(file: String) throws(TokenizerError) { try self.init(TokenizerFile(path: file)) }

    private init(_ file: TokenizerFile) throws(TokenizerError) {
        let context = try TokenizerFileContext(folder: file.folder)
        switch file.format {
        case .tokenizerJSON: self = try Self.tokenizerJSON(file.path, context)
        case .tekken: self = try Self.tekken(file.path, context)
        case .model: self = try Self.model(file.path, context)
        case .ranks: self = try Self.ranks(file.path, context)
        case .vocabularyAndMerges: self = try Self.vocabularyAndMerges(file.path, context)
        case .wordPieces: self = try Self.wordPieces(file.path, context)
        }
        ends = try EndTokens.configured(folder: file.folder)
    }

    /// A `.model` file: a protocol buffer of SentencePiece, or the text of tiktoken's ranks.
    private static func model(_ path: String, _ context: TokenizerFileContext) throws(TokenizerError) -> TokenizerDescription {
        let bytes = try JSONField.bytes(of: path)
        return RankFile.isOne(bytes) ? try ranks(path, context, bytes) : try sentencePiece(path, context, bytes)
    }
}

/// What stands beside a file of a tokenizer.
struct TokenizerFileContext {
    let folder: String
    let configuration: TokenizerConfiguration
    let evidence: TransformersRules.Evidence

    init(folder: String) throws(TokenizerError) {
        self.folder = folder
        configuration = try TokenizerConfiguration(folder: folder)
        let path = "\(folder)/config.json"
        let model = try TokenizerFile.exists(path) ? JSONField(contentsOf: path) : JSONField(file: path, path: "", value: nil)
        evidence = try TransformersRules.Evidence(configuration, model)
    }
}
