import Tensor

/// What llama.cpp's names of pre-tokenizers, `tokenizer.ggml.pre`, mean in terms of `tokenizer.json`.
///
/// The names are those of llama.cpp's `src/llama-vocab.cpp`. Of the names with one meaning the first is the one under which
/// a tokenizer is exported.
struct GGUFPreTokenizer: Sendable {
    let name: String
    /// See ``GGUFSplit``.
    let expressions: [String]
    /// Whether a word that is a token is taken for it, whatever the merges.
    let ignoresMerges: Bool
    /// Whether a text begins with the bos token if the file does not say.
    let addsBOS: Bool

    /// Names of one meaning.
    private struct Group {
        let names: [String]
        let expressions: [String]
        let ignoresMerges: Bool
        let addsBOS: Bool

        init(_ names: [String], _ expressions: [String], ignoresMerges: Bool = false, addsBOS: Bool = false) {
            self.names = names
            self.expressions = expressions
            self.ignoresMerges = ignoresMerges
            self.addsBOS = addsBOS
        }
    }

    private static let groups = [
        Group(["gpt-2"], GGUFSplit.gpt2),
        Group(["smollm"], GGUFSplit.digits),
        Group(["llama-bpe"], GGUFSplit.llama3, ignoresMerges: true, addsBOS: true),
        Group(["qwen2"], GGUFSplit.qwen2),
        Group(["qwen35"], GGUFSplit.qwen35),
        Group(["default"], GGUFSplit.untrained),
        Group(["falcon"], GGUFSplit.falcon),
        Group(
            [
                "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "gigachat", "exaone4", "a.x-4.0", "mellum", "modern-bert",
                "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code", "roberta-bpe",
            ], GGUFSplit.gpt2),
        Group(["starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"], GGUFSplit.digits),
        Group(
            ["llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"], GGUFSplit.llama3,
            ignoresMerges: true, addsBOS: true),
        Group(["glm4", "glm5"], GGUFSplit.llama3, ignoresMerges: true),
        Group(["chatglm-bpe", "dbrx", "smaug-bpe"], GGUFSplit.llama3),
        Group(["deepseek-r1-qwen", "megrez", "kormo", "stablelm2", "hunyuan", "solar-open", "grok-2", "f2llmv2"], GGUFSplit.qwen2),
        Group(["jais-2"], GGUFSplit.jais2),
        Group(["deepseek-llm"], GGUFSplit.deepSeekLLM),
        Group(["deepseek-coder"], GGUFSplit.deepSeekCoder),
        Group(["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], GGUFSplit.deepSeekV3),
        Group(["spark2_5"], GGUFSplit.spark),
        Group(["youtu"], GGUFSplit.youtu, ignoresMerges: true),
        Group(["bloom", "poro-chat", "gpt3-finnish"], GGUFSplit.bloom),
        Group(["viking"], GGUFSplit.viking),
        Group(["tekken"], GGUFSplit.tekken, ignoresMerges: true, addsBOS: true),
        Group(["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], GGUFSplit.gpt4o),
        Group(["granite-embed-multi-97m"], GGUFSplit.graniteEmbedding, ignoresMerges: true),
        Group(["kimi-k2"], GGUFSplit.kimiK2),
        Group(["superbpe"], GGUFSplit.superBPE),
        Group(["bailingmoe", "bailingmoe2", "llada-moe"], GGUFSplit.bailing),
        Group(["seed-coder"], GGUFSplit.seedCoder),
        Group(["ufakzeka"], GGUFSplit.ufakzeka),
        Group(["afmoe"], GGUFSplit.afmoe),
        Group(["laguna"], GGUFSplit.laguna),
        Group(["exaone-moe"], GGUFSplit.exaoneMoE),
        Group(["minicpm5"], GGUFSplit.miniCPM5, ignoresMerges: true),
        Group(["k2-horizon"], GGUFSplit.k2Horizon),
        Group(["chameleon"], GGUFSplit.chameleon, addsBOS: true),
    ]

    static let all: [GGUFPreTokenizer] = groups.flatMap { group in
        group.names.map {
            GGUFPreTokenizer(
                name: $0, expressions: group.expressions, ignoresMerges: group.ignoresMerges, addsBOS: group.addsBOS)
        }
    }

    /// Names that `tokenizer.json` has no words for, and why.
    private static let unsupported = [
        "gemma4": "which takes runs of line feeds apart from the merges",
        "granite-embed-multi-311m": "which takes runs of line feeds apart from the merges",
        "sarvam-moe": "which merges characters instead of bytes",
        "mmbert": "which merges characters instead of bytes",
        "whitespace": "which merges characters instead of bytes",
        "tiny_aya": "which cuts the first digits of a text by a rule of their own",
        "cohere2moe": "which cuts the first digits of a text by a rule of their own",
    ]

    /// Why a name is not in the table.
    static func reason(against name: String) -> String {
        let reason = unsupported[name].map { ", " + $0 + "," } ?? ""
        return "the pre-tokenizer '\(name.oneLine)'\(reason) is not supported"
    }

    /// The row of a name; `nil` where there is none.
    init?(named name: String) {
        guard let row = Self.all.first(where: { $0.name == name }) else { return nil }
        self = row
    }

    private init(name: String, expressions: [String], ignoresMerges: Bool, addsBOS: Bool) {
        self.name = name
        self.expressions = expressions
        self.ignoresMerges = ignoresMerges
        self.addsBOS = addsBOS
    }

    /// The `pre_tokenizer` field of `tokenizer.json`.
    var definition: JSON {
        var expressions = expressions
        // Two expressions have a stage of their own.
        let endsInWords = expressions.last == GGUFSplit.gpt2Words
        if endsInWords { expressions.removeLast() }
        var stages = expressions.map { expression -> JSON in
            switch expression {
            case #"\p{N}"#: ["type": "Digits", "individual_digits": true]
            case #"\p{N}+"#: ["type": "Digits", "individual_digits": false]
            default: StageDefinition.split(StageDefinition.regex(expression))
            }
        }
        stages.append(StageDefinition.byteLevel(addsPrefixSpace: false, usesRegex: endsInWords))
        return stages.count == 1 ? stages[0] : StageDefinition.preTokenizers(stages)
    }
}

// MARK: Export

extension GGUFPreTokenizer {
    /// The first row that cuts text as a `pre_tokenizer` field does; `nil` where there is none.
    ///
    /// A long s after an apostrophe, which published tokenizers take for a contraction and llama.cpp does not, is passed over.
    static func row(for definition: JSON, ignoresMerges: Bool) -> GGUFPreTokenizer? {
        guard let expressions = expressions(of: definition) else { return nil }
        return all.first { $0.ignoresMerges == ignoresMerges && $0.expressions.map(usualSpelling) == expressions }
    }

    /// The expressions by which a byte-level `pre_tokenizer` field cuts, however it spells them; `nil` where it does
    /// anything else.
    private static func expressions(of definition: JSON) -> [String]? {
        var expressions: [String] = []
        var isByteLevel = false
        var pending = [definition]
        while let stage = pending.popLast() {
            guard !isByteLevel else { return nil }
            switch stage["type"]?.string {
            case "Sequence":
                guard let stages = stage["pretokenizers"]?.array else { return nil }
                pending += stages.reversed()
            case "Digits": expressions.append(stage["individual_digits"]?.bool == true ? #"\p{N}"# : #"\p{N}+"#)
            case "ByteLevel":
                guard stage["add_prefix_space"]?.bool == false else { return nil }
                if stage["use_regex"]?.bool ?? true { expressions.append(GGUFSplit.gpt2Words) }
                isByteLevel = true
            case "Split":
                guard let expression = stage["pattern"]?["Regex"]?.string else { return nil }
                let isInverted = stage["invert"]?.bool ?? false
                let usual = usualSpelling(of: expression)
                // What matches all of a text leaves nothing between the matches.
                let isAll = [GGUFSplit.gpt2, GGUFSplit.llama3, GGUFSplit.qwen2, GGUFSplit.qwen35].contains([usual])
                let behavior = stage["behavior"]?.string
                guard !isInverted && behavior == "Isolated" || isInverted && behavior == "Removed" && isAll else { return nil }
                expressions.append(usual)
            default: return nil
            }
        }
        return isByteLevel ? expressions : nil
    }

    /// The expression as the table has it.
    private static func usualSpelling(of expression: String) -> String {
        // Some spell these with possessive quantifiers, which changes no match.
        if case .cl100k(let digits, _)? = SplitPattern(regex: expression) { return digits == 3 ? GGUFSplit.llama3[0] : GGUFSplit.qwen2[0] }
        let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
        var spelling = ""
        for scalar in expression.unicodeScalars {
            switch scalar {
            case "\r": spelling += #"\r"#
            case "\n": spelling += #"\n"#
            case "\t": spelling += #"\t"#
            case _ where scalar.isASCII: spelling.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                spelling += #"\x{"# + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "}"
            }
        }
        if spelling.hasPrefix(contractions) { return GGUFSplit.contractions + spelling.dropFirst(contractions.count) }
        return spelling
    }
}
