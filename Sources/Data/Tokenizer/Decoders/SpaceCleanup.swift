/// Takes the spaces away that stand between words and the punctuation after them, in English.
enum SpaceCleanup {
    /// As the decoders of the `tokenizers` library do it.
    static let library = steps(transformersRules.prefix(7) + [(" do not", " don't")] + transformersRules.dropFirst(7))

    /// As `clean_up_tokenization_spaces` of `transformers` does it.
    static let transformers = steps(transformersRules)

    private static let transformersRules = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"),
        (" 've", "'ve"), (" 're", "'re"),
    ]

    private static func steps(_ rules: [(String, String)]) -> TextSteps {
        TextSteps(rules.map { LiteralReplacement(Array($0.0.utf8), with: Array($0.1.utf8)) })
    }
}
