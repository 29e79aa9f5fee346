import Tensor

/// The tokenizer classes of `transformers` 5 that build their stages themselves, or bring tokens along.
///
/// Each is a description of what the class of that name does in its initializer.
enum TransformersClass: String {
    case llama = "LlamaTokenizer"
    case codeLlama = "CodeLlamaTokenizer"
    case gemma = "GemmaTokenizer"
    case siglip2 = "Siglip2Tokenizer"
    case gpt2 = "GPT2Tokenizer"
    case codeGen = "CodeGenTokenizer"
    case qwen2 = "Qwen2Tokenizer"
    case qwen35 = "Qwen3_5Tokenizer"
    case gptNeoX = "GPTNeoXTokenizer"
    case cohere = "CohereTokenizer"
    case roberta = "RobertaTokenizer"
    case layoutLMv3 = "LayoutLMv3Tokenizer"
    case deberta = "DebertaTokenizer"
    case blenderbot = "BlenderbotTokenizer"
    case whisper = "WhisperTokenizer"
    case clip = "CLIPTokenizer"
    case herbert = "HerbertTokenizer"
    case openAI = "OpenAIGPTTokenizer"
    case reformer = "ReformerTokenizer"
    case bert = "BertTokenizer"
    case dpr = "DPRReaderTokenizer"
    case convBert = "ConvBertTokenizer"
    case layoutLMv2 = "LayoutLMv2Tokenizer"
    case splinter = "SplinterTokenizer"
    case funnel = "FunnelTokenizer"
    case mpnet = "MPNetTokenizer"
    case t5 = "T5Tokenizer"
    case udop = "UdopTokenizer"
    case xlmRoberta = "XLMRobertaTokenizer"
    case camembert = "CamembertTokenizer"
    case albert = "AlbertTokenizer"
    case fnet = "FNetTokenizer"
    case remBert = "RemBertTokenizer"
    case xlnet = "XLNetTokenizer"
    case pegasus = "PegasusTokenizer"
    case bigBird = "BigBirdTokenizer"
    case debertaV2 = "DebertaV2Tokenizer"
    case barthez = "BarthezTokenizer"
    case xglm = "XGLMTokenizer"

    /// Other names of some of them.
    private static let aliases: [String: TransformersClass] = [
        "BartTokenizer": .roberta, "LEDTokenizer": .roberta, "LongformerTokenizer": .roberta, "MvpTokenizer": .roberta,
        "DistilBertTokenizer": .bert, "ElectraTokenizer": .bert, "LayoutLMTokenizer": .bert, "LxmertTokenizer": .bert,
        "MobileBertTokenizer": .bert, "SqueezeBertTokenizer": .bert, "DPRContextEncoderTokenizer": .dpr,
        "DPRQuestionEncoderTokenizer": .dpr, "Phi3Tokenizer": .llama,
    ]

    /// The class of a name without `Fast`.
    init?(named name: String) {
        guard let known = Self(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = known
    }

    /// The kind of model that it builds.
    enum Model: String {
        case bpe = "BPE"
        case wordPiece = "WordPiece"
        case unigram = "Unigram"
    }

    var model: Model {
        switch self {
        case .llama, .codeLlama, .gemma, .siglip2, .gpt2, .codeGen, .qwen2, .qwen35, .gptNeoX, .cohere, .roberta, .layoutLMv3,
            .deberta, .blenderbot, .whisper, .clip, .herbert, .openAI, .reformer:
            .bpe
        case .bert, .dpr, .convBert, .layoutLMv2, .splinter, .funnel, .mpnet: .wordPiece
        case .t5, .udop, .xlmRoberta, .camembert, .albert, .fnet, .remBert, .xlnet, .pegasus, .bigBird, .debertaV2, .barthez, .xglm:
            .unigram
        }
    }

    /// Whether a `tokenizer.json` is taken as it is, but for the tokens around a text: the class has no initializer of its
    /// own.
    var keepsStages: Bool { self == .convBert || self == .fnet }

    /// Whether it gives its special tokens new flags, those of a plain special token.
    var resetsSpecialTokens: Bool { self == .qwen2 }

    /// Whether every token that it lists without a role is special, whatever the file says.
    var makesExtraSpecial: Bool { self == .cohere || self == .reformer || self == .remBert }

    /// The tokens of the roles where the settings say nothing of them.
    var roles: [(name: String, token: AddedToken)] {
        func plain(_ tokens: KeyValuePairs<String, String>) -> [(name: String, token: AddedToken)] {
            tokens.map { ($0.key + "_token", AddedToken(special: $0.value)) }
        }
        func mask(_ content: String) -> [(name: String, token: AddedToken)] {
            var token = AddedToken(special: content)
            token.stripsLeft = true
            return [("mask_token", token)]
        }
        /// Those of models that came from fairseq.
        let fairseq: KeyValuePairs = [
            "bos": "<s>", "eos": "</s>", "sep": "</s>", "cls": "<s>", "unk": "<unk>", "pad": "<pad>",
        ]
        let plainMask: KeyValuePairs = ["mask": "<mask>"]
        switch self {
        case .llama: return plain(["unk": "<unk>", "bos": "<s>", "eos": "</s>"])
        case .codeLlama:
            return plain([
                "unk": "<unk>", "bos": "<s>", "eos": "</s>", "prefix": "▁<PRE>", "middle": "▁<MID>", "suffix": "▁<SUF>", "eot": "▁<EOT>",
                "fill": "<FILL_ME>",
            ])
        case .gemma, .siglip2:
            return plain(["unk": "<unk>", "bos": "<bos>", "eos": "<eos>", "pad": "<pad>", "mask": "<mask>"])
        case .gpt2, .codeGen, .whisper: return plain(["unk": "<|endoftext|>", "bos": "<|endoftext|>", "eos": "<|endoftext|>"])
        case .qwen2, .qwen35: return plain(["unk": "<|endoftext|>", "eos": "<|endoftext|>", "pad": "<|endoftext|>"])
        case .gptNeoX:
            return plain(["unk": "<|endoftext|>", "bos": "<|endoftext|>", "eos": "<|endoftext|>", "pad": "<|padding|>"])
        case .cohere:
            return plain([
                "unk": "<UNK>", "bos": "<BOS_TOKEN>", "eos": "<|END_OF_TURN_TOKEN|>", "pad": "<PAD>", "cls": "<CLS>", "sep": "<SEP>",
                "mask": "<MASK_TOKEN>",
            ])
        case .roberta, .layoutLMv3, .xlmRoberta: return plain(fairseq) + plain(plainMask)
        case .blenderbot, .camembert, .barthez: return plain(fairseq) + mask("<mask>")
        case .xglm: return plain(fairseq)
        case .deberta, .debertaV2:
            return plain([
                "bos": "[CLS]", "eos": "[SEP]", "sep": "[SEP]", "cls": "[CLS]", "unk": "[UNK]", "pad": "[PAD]", "mask": "[MASK]",
            ])
        case .clip:
            return plain(["unk": "<|endoftext|>", "bos": "<|startoftext|>", "eos": "<|endoftext|>", "pad": "<|endoftext|>"])
        case .herbert: return plain(["cls": "<s>", "unk": "<unk>", "pad": "<pad>", "mask": "<mask>", "sep": "</s>"])
        case .openAI: return plain(["unk": "<unk>"])
        case .reformer: return plain(["eos": "</s>", "unk": "<unk>"])
        case .bert, .dpr, .convBert, .layoutLMv2:
            return plain(["unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]"])
        case .splinter:
            return plain([
                "unk": "[UNK]", "sep": "[SEP]", "pad": "[PAD]", "cls": "[CLS]", "mask": "[MASK]", "question": "[QUESTION]",
            ])
        case .funnel:
            return plain([
                "unk": "<unk>", "sep": "<sep>", "pad": "<pad>", "cls": "<cls>", "mask": "<mask>", "bos": "<s>", "eos": "</s>",
            ])
        case .mpnet:
            return plain(["bos": "<s>", "eos": "</s>", "sep": "</s>", "cls": "<s>", "unk": "[UNK]", "pad": "<pad>"]) + mask("<mask>")
        case .t5: return plain(["eos": "</s>", "unk": "<unk>", "pad": "<pad>"])
        case .udop: return plain(["eos": "</s>", "sep": "</s>", "unk": "<unk>", "pad": "<pad>"])
        case .albert, .fnet, .remBert:
            return plain([
                "bos": "[CLS]", "eos": "[SEP]", "unk": "<unk>", "sep": "[SEP]", "pad": "<pad>", "cls": "[CLS]", "mask": "[MASK]",
            ])
        case .xlnet:
            return plain(["bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "<sep>", "pad": "<pad>", "cls": "<cls>"]) + mask("<mask>")
        case .pegasus: return plain(["pad": "<pad>", "eos": "</s>", "unk": "<unk>", "mask": "<mask_2>"])
        case .bigBird:
            return plain(["unk": "<unk>", "bos": "<s>", "eos": "</s>", "pad": "<pad>", "sep": "[SEP]", "cls": "[CLS]"])
                + mask("[MASK]")
        }
    }

    /// Special tokens without a role, where the settings list none.
    ///
    /// - Parameter found: Those that SentencePiece's own file has; `nil` where another file is read.
    func extraTokens(found: [AddedToken]?, _ file: JSONField) throws(TokenizerError) -> [AddedToken] {
        func count(_ key: String, _ fallback: Int) throws(TokenizerError) -> Int {
            guard file[key].value != nil else { return fallback }
            guard let count = file[key].value?.integer, 0...Self.extraLimit ~= count else {
                throw file[key].malformed("is not a number of tokens, at most \(Self.extraLimit)")
            }
            return count
        }
        let tokens: [String]
        switch self {
        case .t5:
            if let found, found.contains(where: { $0.content.contains("<extra_id_") }) { return found }
            tokens = (0..<(try count("extra_ids", 100))).map { "<extra_id_\($0)>" }
        case .camembert:
            if let found { return found }
            tokens = ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"]
        case .xlnet:
            if let found { return found }
            tokens = ["<eop>", "<eod>"]
        case .pegasus:
            let sentence = file["mask_token_sent"].value?.string ?? "<mask_1>"
            let isFound = found?.contains { Array($0.content.utf8) == Array(sentence.utf8) } ?? false
            let offset = try count("offset", 103)
            tokens = (isFound ? [] : [sentence]) + (2..<max(2, offset)).map { "<unk_\($0)>" }
            return tokens.map(AddedToken.init(special:))
        case .xglm: tokens = (0..<7).map { "<madeupword\($0)>" }
        default: tokens = []
        }
        let known = Set((found ?? []).map { Array($0.content.utf8) })
        return (found ?? []) + tokens.filter { !known.contains(Array($0.utf8)) }.map(AddedToken.init(special:))
    }

    /// Far above what any model has.
    private static let extraLimit = 1 << 16
}
