import Tensor

extension TokenizerDescription {
    /// Reads `tokenizer.json`, and rebuilds the stages that the class of the folder does not take from it
    /// (``TransformersRules``).
    static func tokenizerJSON(_ path: String, _ context: TokenizerFileContext) throws(TokenizerError) -> TokenizerDescription {
        let field = try JSONField(contentsOf: path)
        let version = field["version"]
        guard version.value?.string ?? "1.0" == "1.0" else {
            throw version.unsupported("this is not version 1.0 of the format")
        }
        var listed: [(id: Int, token: AddedToken)] = []
        for (index, element) in try field["added_tokens"].elements().enumerated() {
            listed.append((element["id"].value?.integer ?? index, try AddedToken(element)))
        }
        var description = TokenizerDescription(
            definition: field, added: listed.map(\.token), configuration: context.configuration)
        guard case .known(let known) = try TransformersRules.reader(context.evidence, isByteLevel: namesByteLevel(field)) else {
            description.configuration.settleAdded(listed, always: false)
            return description
        }
        let configuration = try context.configuration(of: known, listed: listed, found: nil)
        let vocabulary = try PlainVocabulary(field["model"])
        guard vocabulary.model == known.model.rawValue else {
            throw context.evidence.configuration["tokenizer_class"].unsupported(
                "'\(known.rawValue)' has a model of the kind \(known.model.rawValue), and that of tokenizer.json is \(vocabulary.model)")
        }
        let settings = TransformersSettings(
            file: configuration.file, configuration: configuration, charsmap: charsmap(field["normalizer"]),
            indexOfPiece: vocabulary.index)
        let recipe = try known.recipe(settings)
        var root = field.value?.object ?? [:]
        if !known.keepsStages {
            var model = recipe.options
            model["vocab"] = field["model"]["vocab"].value
            model["merges"] = field["model"]["merges"].value
            root["model"] = .object(model)
            root["normalizer"] = recipe.normalizer
            root["pre_tokenizer"] = recipe.preTokenizer
            root["decoder"] = recipe.decoder
            description.added = []
            description.hasExactScores = true
        }
        let ids = AddedTokenIDs(listed: description.added, configuration, vocabulary.count, vocabulary.id)
        root["post_processor"] = recipe.postProcessor.definition(
            kept: root["post_processor"] ?? .null, configuration, ids, asksByFile: false)
        description.definition = JSONField(file: field.file, path: "", value: .object(root))
        description.configuration = configuration
        return description
    }

    /// Whether any of the stages is byte-level.
    private static func namesByteLevel(_ field: JSONField) -> Bool {
        func names(_ value: JSON?) -> Bool {
            switch value {
            case .object(let object): object.contains { $0.value == "ByteLevel" || names($0.value) }
            case .array(let values): values.contains { names($0) }
            default: false
            }
        }
        return ["normalizer", "pre_tokenizer", "decoder", "post_processor"].contains { names(field[$0].value) }
    }

    /// The map of the first `Precompiled` normalizer.
    private static func charsmap(_ field: JSONField) -> String? {
        let stages = field["type"].value?.string == "Sequence" ? field["normalizers"].value?.array ?? [] : field.value.map { [$0] } ?? []
        return stages.first { $0["type"]?.string == "Precompiled" && $0["precompiled_charsmap"] != nil }?["precompiled_charsmap"]?.string
    }
}

extension TokenizerFileContext {
    /// The configuration with what the class brings along.
    ///
    /// - Parameters:
    ///   - listed: The added tokens of the file.
    ///   - found: Special tokens that it finds in SentencePiece's own file.
    func configuration(
        of known: TransformersClass, listed: [(id: Int, token: AddedToken)], found: [AddedToken]?
    ) throws(TokenizerError) -> TokenizerConfiguration {
        var configuration = configuration
        configuration.apply(roles: known.roles, extra: try known.extraTokens(found: found, configuration.file))
        if !known.keepsStages { configuration.settleAdded(listed, always: true) }
        if known.resetsSpecialTokens { configuration.resetSpecialTokens() }
        if known.makesExtraSpecial { configuration.makeExtraSpecial() }
        return configuration
    }
}

/// The `vocab` field of a model, of which little is asked.
private struct PlainVocabulary {
    let model: String
    private let vocabulary: JSON

    init(_ field: JSONField) throws(TokenizerError) {
        vocabulary = field["vocab"].value ?? .null
        let isList = vocabulary.array != nil
        let inferred = isList ? "Unigram" : field["merges"].value != nil ? "BPE" : "WordPiece"
        model = field["type"].value == nil ? inferred : try field["type"].string()
        guard isList || vocabulary.object != nil else {
            throw field["vocab"].malformed(field["vocab"].value == nil ? "is missing" : "is neither an object nor an array")
        }
    }

    var count: Int { vocabulary.object?.keys.count ?? vocabulary.array?.count ?? 0 }

    func id(_ token: String) -> Int? { vocabulary.object.map { $0[token]?.integer } ?? index(token, false) }

    /// The index of a piece, or of one with a score of zero.
    func index(_ piece: String, _ isFree: Bool) -> Int? {
        vocabulary.array?.firstIndex {
            guard let entry = $0.array, entry.count == 2, let text = entry[0].string else { return false }
            return text.utf8.elementsEqual(piece.utf8) && (!isFree || entry[1].number == 0)
        }
    }
}
