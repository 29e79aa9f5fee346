import Foundation
import Tensor

extension TokenizerDescription {
    /// Reads a model of SentencePiece, as the class of the folder takes it, or by SentencePiece's own rules where the class
    /// is the general one or none.
    static func sentencePiece(
        _ path: String, _ context: TokenizerFileContext, _ bytes: Foundation.Data
    ) throws(TokenizerError) -> TokenizerDescription {
        let model = try SentencePieceModel(Array(bytes), file: path)
        guard case .known(let known) = try TransformersRules.reader(context.evidence, isByteLevel: false) else {
            return try byOwnRules(model, path, context)
        }
        return try byClass(known, model, path, context)
    }

    // MARK: By a class

    private static func byClass(
        _ known: TransformersClass, _ model: SentencePieceModel, _ path: String, _ context: TokenizerFileContext
    ) throws(TokenizerError) -> TokenizerDescription {
        let kind: TransformersClass.Model = model.algorithm == .bpe ? .bpe : .unigram
        guard kind == known.model else {
            throw context.evidence.configuration["tokenizer_class"].unsupported(
                "'\(known.rawValue)' has a model of the kind \(known.model.rawValue), and that of \((path as NSString).lastPathComponent) "
                    + "is \(kind.rawValue)")
        }
        guard !known.keepsStages else {
            throw context.evidence.configuration["tokenizer_class"].unsupported(
                "'\(known.rawValue)' is only known with a tokenizer.json; convert to it")
        }
        let configuration = try context.configuration(of: known, listed: [], found: model.addedTokens)
        let pieces = known.pieces(model, configuration)
        func index(_ piece: String, _ isFree: Bool) -> Int? {
            pieces.firstIndex { $0.piece.utf8.elementsEqual(piece.utf8) && (!isFree || $0.score == 0) }
        }
        let recipe = try known.recipe(
            TransformersSettings(
                file: configuration.file, configuration: configuration, charsmap: model.base64Charsmap, indexOfPiece: index,
                unknownID: model.unknownID))
        let ids = AddedTokenIDs(listed: [], configuration, pieces.count) { index($0, false) }
        var options = recipe.options
        if kind == .unigram { options["vocab"] = Self.scored(pieces) }
        var description = TokenizerDescription(
            definition: recipe.definition(file: path, options, configuration, ids), added: [], configuration: configuration,
            hasExactScores: true)
        if kind == .bpe {
            let tokens = pieces.map(\.piece)
            // The order of the tokens is that of the merges, whatever their scores.
            description.makeModel = pairModel(tokens, path, candidates: Array(tokens.indices))
        }
        return description
    }

    // MARK: By its own rules

    private static func byOwnRules(
        _ model: SentencePieceModel, _ path: String, _ context: TokenizerFileContext
    ) throws(TokenizerError) -> TokenizerDescription {
        var configuration = context.configuration
        var tokens = model.pieces
        configuration.rename(&tokens)
        // A piece of the user's is found by the model; it is no special token.
        let userDefined = model.types.indices.filter { model.types[$0] == .userDefined }.map { tokens[$0] }
        configuration.apply(roles: model.roles, extra: model.addedTokens.filter(\.isSpecial))
        configuration.settleAdded([], always: true)
        if model.addsDummyPrefix { configuration.seekAddedTokensVerbatim() }

        let isLegacy = try configuration.file["legacy"].bool(default: true)
        let recipe = recipe(model, userDefined: userDefined, isLegacy: isLegacy)
        var options = recipe.options
        if model.algorithm == .unigram { options["vocab"] = scored(zip(tokens, model.scores).map { ($0, $1) }) }
        let ids = AddedTokenIDs(listed: [], configuration, tokens.count) { token in
            tokens.firstIndex { $0.utf8.elementsEqual(token.utf8) }
        }
        var description = TokenizerDescription(
            definition: recipe.definition(file: path, options, configuration, ids), added: [], configuration: configuration,
            hasExactScores: true)
        if model.algorithm == .bpe {
            let normal = model.types.indices.filter { model.types[$0] == .normal }
            // The best score first, and of equal ones the first piece.
            let ranked = normal.sorted { (-model.scores[$0], $0) < (-model.scores[$1], $1) }
            description.makeModel = pairModel(tokens, path, candidates: ranked)
        }
        return description
    }

    private static func recipe(_ model: SentencePieceModel, userDefined: [String], isLegacy: Bool) -> TransformersRecipe {
        var normalizers = model.base64Charsmap.map { [StageDefinition.precompiled($0)] } ?? []
        if model.removesExtraSpaces {
            normalizers += [StageDefinition.replace(StageDefinition.regex(#"\A +| +\z"#), ""), StageDefinition.singleSpaces]
        }
        if model.escapesSpaces { normalizers.append(StageDefinition.replace(StageDefinition.literal(" "), "▁")) }
        if model.addsDummyPrefix, isLegacy {
            // The stage that puts a mark before a text would not put a second one.
            normalizers.append(StageDefinition.replace(StageDefinition.regex(#"\A▁"#), "▁▁"))
        }
        var cuts: [JSON] = model.addsDummyPrefix ? [StageDefinition.metaspace(isLegacy ? "always" : "first", splits: false)] : []
        if !userDefined.isEmpty {
            // The longest first, for it is to be found where others start.
            let longestFirst = userDefined.enumerated().sorted {
                (-$0.element.unicodeScalars.count, $0.offset) < (-$1.element.unicodeScalars.count, $1.offset)
            }
            cuts.append(StageDefinition.split(StageDefinition.regex(longestFirst.map { escaped($0.element) }.joined(separator: "|"))))
        }
        var decoders = [StageDefinition.replace(StageDefinition.literal("▁"), " ")]
        if model.fallsBack { decoders.append(["type": "ByteFallback"]) }
        if model.addsDummyPrefix {
            decoders += [["type": "Fuse"], ["type": "Strip", "content": " ", "start": 1, "stop": 0]]
        } else if model.fallsBack {
            decoders.append(["type": "Fuse"])
        }
        return TransformersRecipe(
            options: model.algorithm == .bpe
                ? StageDefinition.model(
                    unknown: model.unknownPiece, fusesUnknown: true, fallsBack: model.fallsBack, ignoresMerges: !userDefined.isEmpty)
                : StageDefinition.unigramModel(unknown: model.unknownID, fallsBack: model.fallsBack),
            normalizer: StageDefinition.normalizers(normalizers),
            preTokenizer: cuts.isEmpty ? .null : StageDefinition.preTokenizers(cuts), decoder: StageDefinition.decoders(decoders))
    }

    /// A text as a regular expression that matches it alone.
    private static func escaped(_ text: String) -> String {
        let special = Set(#"()[]{}?*+-|^$\.&~# "#.unicodeScalars).union("\t\n\r\u{B}\u{C}".unicodeScalars)
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if special.contains(scalar) { result.append("\\") }
            result.append(scalar)
        }
        return String(result)
    }

    // MARK: Models

    private static func scored(_ pieces: [(piece: String, score: Float)]) -> JSON {
        .array(pieces.map { [.string($0.piece), .number(Double($0.score))] })
    }

    private static func pairModel(
        _ tokens: [String], _ path: String, candidates: [Int]
    ) -> (JSONField, Bool) throws(TokenizerError) -> any TokenModel {
        { field, isByteLevel throws(TokenizerError) in
            try BytePairEncoding(options: field, isByteLevel: isByteLevel) { () throws(TokenizerError) in
                let vocabulary = try Vocabulary(list: tokens, file: path, place: "pieces")
                return (vocabulary, MergeTable(ranked: candidates, tokens, vocabulary))
            }
        }
    }
}

extension SentencePieceModel {
    /// Control pieces, which are special, and the user's, which are not.
    var addedTokens: [AddedToken] {
        zip(pieces, types).compactMap { piece, type in
            guard type == .control || type == .userDefined else { return nil }
            var token = AddedToken(special: piece)
            token.isSpecial = type == .control
            return token
        }
    }

    /// The tokens of the roles that it names.
    var roles: [(name: String, token: AddedToken)] {
        [("bos_token", bosID, bosPiece), ("eos_token", eosID, eosPiece), ("unk_token", unknownID, unknownPiece)].compactMap {
            $1 >= 0 ? ($0, AddedToken(special: $2)) : nil
        }
    }

    var base64Charsmap: String? { charsmap.isEmpty ? nil : Foundation.Data(charsmap).base64EncodedString() }
}

extension TransformersClass {
    /// The pieces in the order in which the class has them, with those that it puts among them.
    fileprivate func pieces(_ model: SentencePieceModel, _ configuration: TokenizerConfiguration) -> [(piece: String, score: Float)] {
        let own = zip(model.pieces, model.scores).map { (piece: $0, score: $1) }
        func token(_ role: String, _ fallback: String) -> (piece: String, score: Float) {
            (configuration.token(role + "_token") ?? fallback, 0)
        }
        switch self {
        case .t5:
            let count = configuration.file["extra_ids"].value?.integer ?? 100
            return own + (0..<max(0, count)).reversed().map { ("<extra_id_\($0)>", 0) }
        case .xlmRoberta:
            return [token("bos", "<s>"), token("pad", "<pad>"), token("eos", "</s>"), token("unk", "<unk>")] + own.dropFirst(3)
                + [token("mask", "<mask>")]
        case .camembert:
            return [("<s>NOTUSED", 0), token("pad", "<pad>"), ("</s>NOTUSED", 0), token("unk", "<unk>"), ("<unk>NOTUSED", -100)]
                + own.dropFirst() + [token("mask", "<mask>")]
        case .pegasus:
            // The roles' own defaults are others here.
            func said(_ key: String, _ fallback: String) -> String {
                let field = configuration.file[key]
                return field.value?.string ?? field["content"].value?.string ?? fallback
            }
            let mask = said("mask_token", "<mask_1>")
            let sentence = said("mask_token_sent", "<mask_2>")
            var pieces = [token("pad", "<pad>"), token("eos", "</s>"), (piece: mask, score: 0)]
            if Array(sentence.utf8) != Array(mask.utf8) { pieces.append((sentence, 0)) }
            let offset = configuration.file["offset"].value?.integer ?? 103
            return pieces + (2..<max(2, offset)).map { ("<unk_\($0)>", -100) } + own.dropFirst(2)
        default: return own
        }
    }
}
