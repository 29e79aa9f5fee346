import Tensor

/// What a tokenizer class of `transformers` makes of a vocabulary: the options of the model, and the stages around it.
struct TransformersRecipe {
    /// The tokens that stand around a text.
    enum PostProcessor {
        /// That of `tokenizer.json`; without such a file, what `add_bos_token` and `add_eos_token` ask for.
        case kept
        /// What `add_bos_token` and `add_eos_token` ask for, whatever the file says; by default the bos token or none.
        case asked(addsBOS: Bool)
        /// `A`, `B` and roles without `_token`, each with a type after a colon where it is not 0.
        case template(single: String, pair: String)
        /// The same where `tokenizer.json` has any; where it has none, what `add_bos_token` and `add_eos_token` ask for.
        case replacement(single: String, pair: String)
        /// The same where `tokenizer.json` has none.
        case fallback(single: String, pair: String)
        /// The two roles, and the switches.
        case roberta(sep: String, cls: String, trimsOffsets: Bool, addsPrefixSpace: Bool)
        /// Fixed ids after two roles.
        case bert(sep: (role: String, id: Int), cls: (role: String, id: Int))
        /// A stage that adds no tokens, where `tokenizer.json` has none.
        case fallbackStage(JSON)
    }

    var options: JSONObject
    var normalizer: JSON = .null
    var preTokenizer: JSON = .null
    var decoder: JSON = .null
    var postProcessor = PostProcessor.kept
}

/// What a recipe is made of, besides the class.
struct TransformersSettings {
    /// `tokenizer_config.json`, without a value where the folder has no such file.
    let file: JSONField
    /// The roles of tokens, with the class's own where the file says nothing.
    let configuration: TokenizerConfiguration
    /// The map of a `Precompiled` normalizer in Base64.
    let charsmap: String?
    /// The index of a piece of a Unigram model, at a score of zero or at any.
    let indexOfPiece: (_ piece: String, _ isFree: Bool) -> Int?
    /// The id of the unknown piece in SentencePiece's own file.
    var unknownID: Int?

    func flag(_ key: String, default fallback: Bool) throws(TokenizerError) -> Bool { try file[key].bool(default: fallback) }

    /// The token of a role; where the settings take it away from the class, what Python writes for that.
    func token(_ role: String) -> String { configuration.token(role + "_token") ?? "None" }
}
