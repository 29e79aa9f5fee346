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

    /// Reads the tokenizer that a GGUF file's metadata describes. `tokenizer.ggml.model` says of which kind: `gpt2` is
    /// byte-level BPE, `llama` SentencePiece's BPE by scores, `t5` its Unigram, and `bert` WordPiece.
    ///
    /// The ids of the first two are llama.cpp's. Those of Unigram with a character map, and of WordPiece, are those of the
    /// tokenizer in its Hugging Face form: llama.cpp has rules of its own for characters of several scalars, and for
    /// Hangul and control characters.
    ///
    /// - Parameter name: What messages call the file, best its path.
    /// - Throws: ``TokenizerError`` where the metadata contradicts itself, or describes a tokenizer of
    ///   another kind.
    public init(gguf metadata: GGUFMetadata, name: String = "the GGUF file") throws(TokenizerError) {
        let vocabulary = try GGUFVocabulary(metadata, name)
        let description =
            switch vocabulary.model {
            case .bytes: try vocabulary.byteLevelDescription()
            case .sentencePiece: try vocabulary.sentencePieceDescription()
            case .unigram: try vocabulary.unigramDescription()
            case .wordPiece: try vocabulary.wordPieceDescription()
            }
        try self.init(description)
    }
}

extension GGUFVocabulary {
    /// What a file says of a tokenizer, from the parts of its `tokenizer.json`.
    func description(
        normalizer: JSON, preTokenizer: JSON, decoder: JSON, model: JSON, addsBOS: Bool, tokens: [AddedToken]? = nil
    ) throws(TokenizerError) -> TokenizerDescription {
        let configuration = try configuration(addsBOS: addsBOS)
        let bos = configuration.addsBOS == true ? id(of: "bos_token").map { (spelling: spellings[Int($0)], id: $0) } : nil
        let definition: JSON = [
            "version": "1.0", "truncation": nil, "padding": nil, "normalizer": normalizer, "pre_tokenizer": preTokenizer,
            "post_processor": bos.map { StageDefinition.leading($0.spelling, $0.id) } ?? .null, "decoder": decoder, "model": model,
        ]
        return TokenizerDescription(
            definition: JSONField(file: keys.name, path: "", value: definition), added: tokens ?? special.compactMap { $0 },
            configuration: configuration, ends: ends, seeksTokensVerbatim: true)
    }

    /// Byte-level BPE.
    fileprivate func byteLevelDescription() throws(TokenizerError) -> TokenizerDescription {
        let key = GGUFTokenizerKey.preTokenizer
        let name = try keys.optional(key, { $0.string }, "a text") ?? "default"
        guard let row = GGUFPreTokenizer(named: name) else {
            throw keys.unsupported(key, GGUFPreTokenizer.reason(against: name))
        }
        var description = try description(
            normalizer: .null, preTokenizer: row.definition,
            decoder: StageDefinition.byteLevelDecoder,
            model: .object(StageDefinition.model(unknown: nil, fusesUnknown: false, fallsBack: false, ignoresMerges: row.ignoresMerges)),
            addsBOS: row.addsBOS)
        description.makeModel = { [vocabulary, keys] field, isByteLevel throws(TokenizerError) in
            try BytePairEncoding(options: field, isByteLevel: isByteLevel) { () throws(TokenizerError) in
                let key = GGUFTokenizerKey.merges
                let lines = try keys.required(key, { $0.strings }, "a list of texts")
                let field = JSONField(file: keys.name, path: key, value: .array(lines.map { .string($0) }))
                return (vocabulary, try MergeTable(field, vocabulary))
            }
        }
        return description
    }

    /// SentencePiece's BPE, whose merges follow from scores.
    fileprivate func sentencePieceDescription() throws(TokenizerError) -> TokenizerDescription {
        let addsSpace = try keys.bool(GGUFTokenizerKey.addsSpace) ?? true
        let marks = StageDefinition.replace(StageDefinition.literal(" "), "▁")
        var description = try description(
            normalizer: addsSpace ? StageDefinition.normalizers([["type": "Prepend", "prepend": "▁"], marks]) : marks,
            preTokenizer: .null, decoder: StageDefinition.pieceDecoder(stripsSpace: addsSpace),
            model: .object(
                StageDefinition.model(unknown: id(of: "unk_token").map { spellings[Int($0)] }, fusesUnknown: true, fallsBack: true)),
            addsBOS: model.addsBOS)
        description.makeModel = { [vocabulary, scores] field, isByteLevel throws(TokenizerError) in
            try BytePairEncoding(options: field, isByteLevel: isByteLevel, scores: scores) {
                (vocabulary, MergeTable(scores: scores, vocabulary))
            }
        }
        return description
    }
}
