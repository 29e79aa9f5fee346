import Tensor

/// What llama.cpp's names of pre-tokenizers, `tokenizer.ggml.pre`, mean in terms of `tokenizer.json`.
///
/// The names and expressions are those of llama.cpp's `src/llama-vocab.cpp`. Of the names with one meaning the
/// first is the one under which a tokenizer is exported.
struct GGUFPreTokenizer: Sendable {
    let name: String
    let cut: Cut
    /// Whether a word that is a token is taken for it, whatever the merges.
    var ignoresMerges = false
    /// Whether a text begins with the bos token if the file does not say.
    var addsBOS = false

    enum Cut: Sendable {
        /// GPT-2's words.
        case gpt2
        /// Single digits, and GPT-2's words.
        case digits
        /// Llama 3's words, with up to three digits.
        case llama3
        /// Qwen 2's words, with single digits.
        case qwen2
        /// Qwen 3.5's words, with single digits, and marks as letters.
        case qwen35
        /// Punctuation, GPT-2's words, digits, of them three at a time.
        case untrained
        /// Punctuation, of which the backtick is one, GPT-2's words, three digits at a time.
        case falcon
    }

    static let all: [GGUFPreTokenizer] = [
        GGUFPreTokenizer(name: "gpt-2", cut: .gpt2),
        GGUFPreTokenizer(name: "smollm", cut: .digits),
        GGUFPreTokenizer(name: "llama-bpe", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "qwen2", cut: .qwen2),
        GGUFPreTokenizer(name: "qwen35", cut: .qwen35),
        GGUFPreTokenizer(name: "default", cut: .untrained),
        GGUFPreTokenizer(name: "falcon", cut: .falcon),
        GGUFPreTokenizer(name: "phi-2", cut: .gpt2),
        GGUFPreTokenizer(name: "mpt", cut: .gpt2),
        GGUFPreTokenizer(name: "olmo", cut: .gpt2),
        GGUFPreTokenizer(name: "jais", cut: .gpt2),
        GGUFPreTokenizer(name: "trillion", cut: .gpt2),
        GGUFPreTokenizer(name: "granite-docling", cut: .gpt2),
        GGUFPreTokenizer(name: "gigachat", cut: .gpt2),
        GGUFPreTokenizer(name: "exaone4", cut: .gpt2),
        GGUFPreTokenizer(name: "a.x-4.0", cut: .gpt2),
        GGUFPreTokenizer(name: "mellum", cut: .gpt2),
        GGUFPreTokenizer(name: "starcoder", cut: .digits),
        GGUFPreTokenizer(name: "refact", cut: .digits),
        GGUFPreTokenizer(name: "command-r", cut: .digits),
        GGUFPreTokenizer(name: "codeshell", cut: .digits),
        GGUFPreTokenizer(name: "exaone", cut: .digits),
        GGUFPreTokenizer(name: "minerva-7b", cut: .digits),
        GGUFPreTokenizer(name: "mellum2", cut: .digits),
        GGUFPreTokenizer(name: "llama3", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "llama-v3", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "falcon3", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "falcon-h1", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "pixtral", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "midm-2.0", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "lfm2", cut: .llama3, ignoresMerges: true, addsBOS: true),
        GGUFPreTokenizer(name: "dbrx", cut: .llama3),
        GGUFPreTokenizer(name: "smaug-bpe", cut: .llama3),
        GGUFPreTokenizer(name: "glm4", cut: .llama3, ignoresMerges: true),
        GGUFPreTokenizer(name: "chatglm-bpe", cut: .llama3),
        GGUFPreTokenizer(name: "deepseek-r1-qwen", cut: .qwen2),
        GGUFPreTokenizer(name: "megrez", cut: .qwen2),
        GGUFPreTokenizer(name: "kormo", cut: .qwen2),
        GGUFPreTokenizer(name: "stablelm2", cut: .qwen2),
        GGUFPreTokenizer(name: "hunyuan", cut: .qwen2),
        GGUFPreTokenizer(name: "solar-open", cut: .qwen2),
        GGUFPreTokenizer(name: "grok-2", cut: .qwen2),
    ]

    /// The row of a name; `nil` where there is none.
    init?(named name: String) {
        guard let row = Self.all.first(where: { $0.name == name }) else { return nil }
        self = row
    }

    private init(name: String, cut: Cut, ignoresMerges: Bool = false, addsBOS: Bool = false) {
        self.name = name
        self.cut = cut
        self.ignoresMerges = ignoresMerges
        self.addsBOS = addsBOS
    }

    /// The `pre_tokenizer` field of `tokenizer.json`.
    var definition: JSON {
        switch cut {
        case .gpt2: Self.byteLevel(regex: true)
        case .digits: Self.sequence([["type": "Digits", "individual_digits": true], Self.byteLevel(regex: true)])
        case .llama3: Self.sequence([Self.split(Self.cl100k(digits: #"\p{N}{1,3}"#)), Self.byteLevel(regex: false)])
        case .qwen2: Self.sequence([Self.split(Self.cl100k(digits: #"\p{N}"#)), Self.byteLevel(regex: false)])
        case .qwen35: Self.sequence([Self.split(Self.qwen35), Self.byteLevel(regex: false)])
        case .untrained:
            Self.sequence([
                Self.split(#"[\p{P}\$\+<=>\^~\|]+"#), Self.split(Self.gpt2),
                ["type": "Digits", "individual_digits": false], Self.split("[0-9][0-9][0-9]"), Self.byteLevel(regex: false),
            ])
        case .falcon:
            Self.sequence([
                Self.split(#"[\p{P}\$\+<=>\^~\|`]+"#), Self.split(Self.gpt2), Self.split("[0-9][0-9][0-9]"),
                Self.byteLevel(regex: false),
            ])
        }
    }

    private static let gpt2 = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    private static let qwen35 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static func cl100k(digits: String) -> String {
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
            + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    }

    private static func split(_ regex: String) -> JSON {
        ["type": "Split", "pattern": ["Regex": .string(regex)], "behavior": "Isolated", "invert": false]
    }

    private static func byteLevel(regex: Bool) -> JSON {
        ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": .bool(regex)]
    }

    private static func sequence(_ stages: [JSON]) -> JSON {
        ["type": "Sequence", "pretokenizers": .array(stages)]
    }
}
