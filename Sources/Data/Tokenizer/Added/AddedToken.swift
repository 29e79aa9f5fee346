/// A token that is found in the text itself, before the text is cut into words.
struct AddedToken: Sendable, Equatable {
    var content: String
    /// Left out by a decoder that skips special tokens.
    var isSpecial: Bool
    /// Found only where it does not touch a `\w`.
    var isSingleWord = false
    /// Takes white space before it along.
    var stripsLeft = false
    /// Takes white space after it along.
    var stripsRight = false
    /// Sought, normalized, in normalized text, not in the text as it came.
    var isNormalized: Bool

    /// A special token with nothing else said of it.
    init(special content: String) {
        self.content = content
        isSpecial = true
        isNormalized = false
    }

    /// Reads a token written as a string, which is special, or as an object with a `content`.
    init(_ field: JSONField) throws(TokenizerError) {
        if let content = field.value?.string {
            self.init(special: content)
            return
        }
        self.init(special: try field["content"].string())
        isSpecial = try field["special"].bool(default: false)
        isSingleWord = try field["single_word"].bool(default: false)
        stripsLeft = try field["lstrip"].bool(default: false)
        stripsRight = try field["rstrip"].bool(default: false)
        isNormalized = try field["normalized"].bool(default: !isSpecial)
    }
}
