import Tensor

extension TransformersClass {
    private static let clipWords =
        #"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#

    /// What the class builds.
    func recipe(_ settings: TransformersSettings) throws(TokenizerError) -> TransformersRecipe {
        switch model {
        case .bpe: try pairRecipe(settings)
        case .wordPiece: try wordPieceRecipe(settings)
        case .unigram: try unigramRecipe(settings)
        }
    }

    // MARK: BPE

    private func pairRecipe(_ settings: TransformersSettings) throws(TokenizerError) -> TransformersRecipe {
        let unknown = settings.token("unk")
        switch self {
        case .llama:
            let addsSpace = try settings.flag("add_prefix_space", default: true)
            let isLegacy = try settings.flag("legacy", default: false)
            return TransformersRecipe(
                options: StageDefinition.model(unknown: nil, fusesUnknown: true, fallsBack: true),
                preTokenizer: StageDefinition.metaspace(addsSpace ? isLegacy ? "always" : "first" : "never", splits: false),
                decoder: StageDefinition.pieceDecoder(stripsSpace: addsSpace))
        case .codeLlama:
            let addsSpace = try settings.flag("add_prefix_space", default: true)
            return TransformersRecipe(
                options: StageDefinition.model(unknown: unknown, fusesUnknown: true, fallsBack: true),
                preTokenizer: StageDefinition.metaspace(addsSpace ? "first" : "never", splits: false),
                decoder: StageDefinition.pieceDecoder(stripsSpace: true), postProcessor: .asked(addsBOS: true))
        case .gemma, .siglip2:
            let mark = StageDefinition.replace(StageDefinition.literal(" "), "▁")
            return TransformersRecipe(
                options: StageDefinition.model(unknown: unknown, fusesUnknown: true, fallsBack: true),
                normalizer: self == .gemma ? mark : StageDefinition.normalizers([["type": "Lowercase"], mark]),
                preTokenizer: StageDefinition.split(StageDefinition.literal(" "), "MergedWithPrevious"),
                decoder: StageDefinition.pieceDecoder(stripsSpace: false))
        case .clip:
            return TransformersRecipe(
                options: StageDefinition.byteLevelModel(unknown: unknown, suffix: "</w>"),
                normalizer: StageDefinition.normalizers([
                    ["type": "NFC"], StageDefinition.replace(StageDefinition.regex(#"\s+"#), " "), ["type": "Lowercase"],
                ]),
                preTokenizer: StageDefinition.preTokenizers([
                    StageDefinition.split(StageDefinition.regex(Self.clipWords), "Removed", inverted: true),
                    StageDefinition.byteLevel(addsPrefixSpace: false),
                ]),
                decoder: StageDefinition.byteLevelDecoder,
                postProcessor: .roberta(sep: "eos", cls: "bos", trimsOffsets: false, addsPrefixSpace: false))
        case .herbert:
            return TransformersRecipe(
                options: StageDefinition.model(unknown: unknown, suffix: "</w>", fusesUnknown: false, fallsBack: false),
                normalizer: Self.bertNormalizer(cleansText: true, chineseCharacters: true, stripsAccents: false, lowercases: false),
                preTokenizer: ["type": "BertPreTokenizer"], decoder: ["type": "BPEDecoder", "suffix": "</w>"],
                postProcessor: .bert(sep: ("sep", 2), cls: ("cls", 0)))
        case .openAI:
            return TransformersRecipe(
                options: StageDefinition.byteLevelModel(unknown: unknown, suffix: "</w>"),
                normalizer: Self.bertNormalizer(cleansText: true, chineseCharacters: true, stripsAccents: .null, lowercases: true),
                preTokenizer: ["type": "BertPreTokenizer"], decoder: ["type": "BPEDecoder", "suffix": "</w>"])
        case .reformer:
            return TransformersRecipe(
                options: StageDefinition.model(unknown: unknown, fusesUnknown: true, fallsBack: false),
                normalizer: settings.charsmap.map {
                    StageDefinition.normalizers([StageDefinition.precompiled($0), StageDefinition.singleSpaces])
                }
                    ?? .null,
                preTokenizer: StageDefinition.metaspace("always"), decoder: StageDefinition.metaspace("always"))
        default: return try byteLevelRecipe(settings)
        }
    }

    private func byteLevelRecipe(_ settings: TransformersSettings) throws(TokenizerError) -> TransformersRecipe {
        let addsSpace = try settings.flag("add_prefix_space", default: self == .blenderbot || self == .layoutLMv3)
        func words(_ expression: String) -> JSON {
            StageDefinition.preTokenizers([
                StageDefinition.split(StageDefinition.regex(expression)),
                StageDefinition.byteLevel(addsPrefixSpace: addsSpace, usesRegex: false),
            ])
        }
        var recipe = TransformersRecipe(
            options: StageDefinition.byteLevelModel(), preTokenizer: StageDefinition.byteLevel(addsPrefixSpace: addsSpace),
            decoder: StageDefinition.byteLevelDecoder)
        switch self {
        case .qwen2, .qwen35:
            recipe.normalizer = ["type": "NFC"]
            recipe.preTokenizer = words(self == .qwen2 ? SplitPattern.qwen2Words : SplitPattern.qwen35Words)
        case .gptNeoX:
            recipe.normalizer = ["type": "NFC"]
            recipe.preTokenizer = StageDefinition.byteLevel(
                addsPrefixSpace: addsSpace, trimsOffsets: try settings.flag("trim_offsets", default: true))
            recipe.postProcessor = .asked(addsBOS: false)
        case .cohere:
            recipe.normalizer = ["type": "NFC"]
            recipe.preTokenizer = StageDefinition.preTokenizers([
                ["type": "Digits", "individual_digits": true], StageDefinition.byteLevel(addsPrefixSpace: addsSpace),
            ])
        case .roberta:
            recipe.postProcessor = .roberta(
                sep: "sep", cls: "cls", trimsOffsets: try settings.flag("trim_offsets", default: true), addsPrefixSpace: addsSpace)
        case .layoutLMv3:
            recipe.postProcessor = .roberta(sep: "sep", cls: "cls", trimsOffsets: true, addsPrefixSpace: addsSpace)
        case .deberta: recipe.postProcessor = .template(single: "cls A sep", pair: "cls A sep sep B sep")
        case .whisper:
            recipe.postProcessor = .template(
                single: "<|startoftranscript|> <|notimestamps|> A eos", pair: "<|startoftranscript|> <|notimestamps|> A B:1 eos:1")
        case .codeGen:
            recipe.postProcessor = .fallbackStage(StageDefinition.byteLevel(addsPrefixSpace: true, trimsOffsets: false))
        default: break
        }
        return recipe
    }

    // MARK: WordPiece

    private static func bertNormalizer(cleansText: Bool, chineseCharacters: Bool, stripsAccents: JSON, lowercases: Bool) -> JSON {
        [
            "type": "BertNormalizer", "clean_text": .bool(cleansText), "handle_chinese_chars": .bool(chineseCharacters),
            "strip_accents": stripsAccents, "lowercase": .bool(lowercases),
        ]
    }

    private func wordPieceRecipe(_ settings: TransformersSettings) throws(TokenizerError) -> TransformersRecipe {
        let accents = settings.file["strip_accents"]
        var recipe = TransformersRecipe(
            options: StageDefinition.wordPieceModel(unknown: settings.token("unk")),
            normalizer: Self.bertNormalizer(
                cleansText: try self == .funnel ? settings.flag("clean_text", default: true) : true,
                chineseCharacters: try settings.flag("tokenize_chinese_chars", default: true),
                stripsAccents: accents.value == nil ? .null : .bool(try accents.bool(default: false)),
                // DPR's classes take the switch for themselves.
                lowercases: try self == .dpr ? true : settings.flag("do_lower_case", default: true)),
            preTokenizer: ["type": "BertPreTokenizer"], decoder: StageDefinition.wordPieceDecoder(prefix: "##"))
        switch self {
        case .funnel:
            let prefix = settings.file["wordpieces_prefix"]
            if prefix.value != nil { recipe.decoder = StageDefinition.wordPieceDecoder(prefix: try prefix.string()) }
            recipe.postProcessor = .template(single: "cls:2 A sep", pair: "cls:2 A sep B:1 sep:1")
        case .mpnet: recipe.postProcessor = .roberta(sep: "sep", cls: "cls", trimsOffsets: true, addsPrefixSpace: false)
        case .splinter: recipe.postProcessor = .template(single: "cls A sep", pair: "cls A question . sep B:1 sep:1")
        default: recipe.postProcessor = .template(single: "cls A sep", pair: "cls A sep B:1 sep:1")
        }
        return recipe
    }

    // MARK: Unigram

    private func unigramRecipe(_ settings: TransformersSettings) throws(TokenizerError) -> TransformersRecipe {
        let unknown = settings.token("unk")
        let prepends = try settings.flag("add_prefix_space", default: true) ? "always" : "never"
        let charsmap = settings.charsmap.map(StageDefinition.precompiled)
        let charsmaps = charsmap.map { [$0] } ?? []
        func cut(_ prepends: String) -> JSON {
            StageDefinition.preTokenizers([["type": "WhitespaceSplit"], StageDefinition.metaspace(prepends)])
        }
        func recipe(unknown: Int, _ prepends: String = prepends, splitsSpaces: Bool, _ normalizer: JSON) -> TransformersRecipe {
            TransformersRecipe(
                options: StageDefinition.unigramModel(unknown: unknown), normalizer: normalizer,
                preTokenizer: splitsSpaces ? cut(prepends) : StageDefinition.metaspace(prepends),
                decoder: StageDefinition.metaspace(prepends))
        }
        var result: TransformersRecipe
        switch self {
        case .t5:
            result = recipe(unknown: 2, "always", splitsSpaces: true, charsmap ?? .null)
            result.postProcessor = .template(single: "A </s>", pair: "A </s> B </s>")
        case .udop:
            result = recipe(unknown: settings.indexOfPiece(unknown, false) ?? 2, "always", splitsSpaces: true, .null)
            result.postProcessor = .template(single: "A </s>", pair: "A </s> B </s>")
        case .xlmRoberta:
            result = recipe(unknown: 3, splitsSpaces: true, charsmap ?? .null)
            result.postProcessor = .template(single: "bos A eos", pair: "bos A eos eos B eos")
        case .camembert:
            result = recipe(unknown: settings.indexOfPiece(unknown, false) ?? 0, splitsSpaces: true, charsmap ?? .null)
            result.postProcessor = .template(single: "bos A eos", pair: "bos A eos eos B eos")
        case .albert, .fnet:
            result = recipe(unknown: 1, splitsSpaces: true, try Self.quotes(settings, keepsAccents: false, lowercases: true, [], charsmaps))
            result.postProcessor = .fallback(single: "cls A sep", pair: "cls A sep B:1 sep:1")
        case .remBert:
            result = recipe(
                unknown: 2, splitsSpaces: false,
                try Self.quotes(settings, keepsAccents: true, lowercases: false, [StageDefinition.singleSpaces], charsmaps))
            result.postProcessor = .replacement(single: "cls A sep", pair: "cls A sep B:1 sep:1")
        case .xlnet:
            let id = settings.file["unk_id"].value?.integer ?? settings.unknownID ?? 0
            result = recipe(
                unknown: id, "always", splitsSpaces: true, try Self.quotes(settings, keepsAccents: nil, lowercases: false, [], charsmaps))
            result.postProcessor = .template(single: "A sep cls:2", pair: "A sep B:1 sep:1 cls:2")
        case .pegasus:
            guard let id = settings.indexOfPiece(unknown, true), id > 0 else {
                throw settings.file["unk_token"].malformed("'\(unknown.oneLine)' is no piece of score 0 after the first one")
            }
            let first =
                charsmap
                ?? StageDefinition.replace(StageDefinition.regex(#"\n"#), " ")
            result = recipe(unknown: id, "always", splitsSpaces: false, StageDefinition.normalizers([first, StageDefinition.singleSpaces]))
            result.postProcessor = .template(single: "A eos", pair: "A B eos")
        case .bigBird:
            result = recipe(
                unknown: settings.indexOfPiece(unknown, true) ?? 100, splitsSpaces: false,
                StageDefinition.normalizers([
                    StageDefinition.strip(left: false, right: false), StageDefinition.replace(StageDefinition.regex(" {2,}"), "▁"),
                ]))
            result.postProcessor = .template(single: "cls A sep", pair: "cls A sep B:1 sep:1")
        case .debertaV2:
            let id = settings.indexOfPiece(unknown, true) ?? settings.file["unk_id"].value?.integer ?? settings.unknownID ?? 1
            let prepends = prepends == "never" ? "first" : prepends
            let lower: [JSON] = try settings.flag("do_lower_case", default: false) ? [["type": "Lowercase"]] : []
            let punctuation: [JSON] =
                try settings.flag("split_by_punct", default: false) ? [["type": "Punctuation", "behavior": "Isolated"]] : []
            result = recipe(unknown: id, prepends, splitsSpaces: false, StageDefinition.normalizers(lower + Self.spaces))
            result.preTokenizer = StageDefinition.preTokenizers(punctuation + [StageDefinition.metaspace(prepends)])
            result.postProcessor = .template(single: "cls A sep", pair: "cls A sep B:1 sep:1")
        case .barthez: result = recipe(unknown: 3, splitsSpaces: false, StageDefinition.normalizers(Self.spaces))
        default:
            result = recipe(unknown: 3, splitsSpaces: false, StageDefinition.normalizers(charsmaps + [StageDefinition.singleSpaces]))
            result.postProcessor = .template(single: "eos A", pair: "eos A eos eos B")
        }
        return result
    }

    /// White space of other kinds and in rows as a space, and none at the end.
    private static let spaces = [
        StageDefinition.replace(StageDefinition.regex(#"\s{2,}|[\n\r\t]"#), " "), ["type": "NFC"],
        StageDefinition.strip(left: false, right: true),
    ]

    /// What models of ALBERT's descent do: quotes of TeX, accents, case.
    ///
    /// - Parameter keepsAccents: What it does where the settings say nothing; `nil` where it always strips them.
    private static func quotes(
        _ settings: TransformersSettings, keepsAccents: Bool?, lowercases: Bool, _ first: [JSON], _ last: [JSON]
    ) throws(TokenizerError) -> JSON {
        var stages: [JSON] = ["``", "''"].map { StageDefinition.replace(StageDefinition.literal($0), "\"") } + first
        let keeps: Bool
        if let keepsAccents { keeps = try settings.flag("keep_accents", default: keepsAccents) } else { keeps = false }
        if !keeps { stages += [["type": "NFKD"], ["type": "StripAccents"]] }
        if try settings.flag("do_lower_case", default: lowercases) { stages.append(["type": "Lowercase"]) }
        return StageDefinition.normalizers(stages + last)
    }
}
