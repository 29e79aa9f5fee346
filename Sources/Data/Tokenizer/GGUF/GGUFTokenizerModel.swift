/// The kinds of tokenizer, `tokenizer.ggml.model`.
enum GGUFTokenizerModel: String, Sendable {
    /// Byte-level BPE.
    case bytes = "gpt2"
    /// SentencePiece's BPE, whose merges follow from scores.
    case sentencePiece = "llama"
    /// SentencePiece's Unigram.
    case unigram = "t5"
    /// WordPiece.
    case wordPiece = "bert"

    /// What llama.cpp has besides, and why it is not here.
    private static let unsupported = [
        "rwkv": "RWKV's tokenizer is not supported",
        "plamo2": "PLaMo 2's tokenizer is not supported",
        "plamo3": "PLaMo 3's tokenizer is not supported",
        "gemma4": "Gemma 4's tokenizer in a GGUF file is not supported; its tokenizer.json is",
        "hybriddna": "a tokenizer that cuts DNA in pieces of six is not supported",
        "whitespace": "BPE over words without white space is not supported",
        "no_vocab": "the file has no vocabulary",
        "none": "the file has no vocabulary",
    ]

    init(_ keys: GGUFKeys) throws(TokenizerError) {
        let key = GGUFTokenizerKey.model
        let name = try keys.required(key, { $0.string }, "a text")
        guard let model = Self(rawValue: name) else {
            let reason = Self.unsupported[name] ?? "the tokenizer '\(name.oneLine)' is not supported"
            throw keys.unsupported(key, reason)
        }
        self = model
    }

    /// The ids that a file without the keys means, by role. One that the vocabulary does not have counts for nothing.
    var usualIDs: [String: Int32] {
        switch self {
        case .bytes: [:]
        case .sentencePiece: ["bos_token": 1, "eos_token": 2]
        case .unigram: ["eos_token": 1, "unk_token": 2, "pad_token": 0]
        case .wordPiece: ["bos_token": 101, "unk_token": 100, "sep_token": 102, "pad_token": 0, "mask_token": 103]
        }
    }

    /// Whether a text begins with the bos token where neither the file nor the pre-tokenizer says.
    var addsBOS: Bool { self == .sentencePiece || self == .wordPiece }
}
