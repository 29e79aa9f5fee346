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
    static let addsEOS = "tokenizer.ggml.add_eos_token"
    static let addsSeparator = "tokenizer.ggml.add_sep_token"
    static let addsSpace = "tokenizer.ggml.add_space_prefix"
    static let mergesSpaces = "tokenizer.ggml.remove_extra_whitespaces"
    static let charsmap = "tokenizer.ggml.precompiled_charsmap"
    static let lowercases = "tokenizer.ggml.normalizer.lowercase"
    static let stripsAccents = "tokenizer.ggml.normalizer.strip_accents"
    static let chatTemplate = "tokenizer.chat_template"
    static let toolTemplate = "tokenizer.chat_template.tool_use"
    /// The roles of tokens, each with its key.
    static let roles = [
        (role: "bos_token", key: "tokenizer.ggml.bos_token_id"), ("eos_token", "tokenizer.ggml.eos_token_id"),
        ("unk_token", "tokenizer.ggml.unknown_token_id"), ("pad_token", "tokenizer.ggml.padding_token_id"),
    ]
    /// The roles that only encoders such as BERT have.
    static let encoderRoles = [
        (role: "sep_token", key: "tokenizer.ggml.seperator_token_id"), ("mask_token", "tokenizer.ggml.mask_token_id"),
    ]
    /// Tokens that end a turn or a message.
    static let ends = ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"]
}
