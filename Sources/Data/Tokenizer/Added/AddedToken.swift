import Tensor

/// A token that is found in the text itself, before the text is cut into words: one of a tokenizer's files, or one that
/// ``Tokenizer/adding(_:)`` is to add. Its switches are those of `tokenizers.AddedToken`.
public struct AddedToken: Sendable, Equatable {
    /// The text that it stands for.
    public var content: String
    /// Left out by a decoder that skips special tokens.
    public var isSpecial: Bool
    /// Found only where it does not touch a `\w`.
    public var isSingleWord = false
    /// Takes white space before it along.
    public var stripsLeft = false
    /// Takes white space after it along.
    public var stripsRight = false
    /// Sought, normalized, in normalized text, not in the text as it came.
    public var isNormalized: Bool

    /// A token with the defaults of `tokenizers.AddedToken`.
    ///
    /// - Parameter isNormalized: `nil` says so of a token that is not special.
    public init(
        _ content: String, isSpecial: Bool = false, isSingleWord: Bool = false, stripsLeft: Bool = false, stripsRight: Bool = false,
        isNormalized: Bool? = nil
    ) {
        self.content = content
        self.isSpecial = isSpecial
        self.isSingleWord = isSingleWord
        self.stripsLeft = stripsLeft
        self.stripsRight = stripsRight
        self.isNormalized = isNormalized ?? !isSpecial
    }

    /// A special token with nothing else said of it.
    init(special content: String) { self.init(content, isSpecial: true) }

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
