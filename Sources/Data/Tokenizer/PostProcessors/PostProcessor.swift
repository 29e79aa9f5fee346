import Tensor

/// The `post_processor` field: the special tokens that stand around a text where they are asked for.
struct PostProcessor: Sendable, Equatable {
    /// The tokens before a text.
    private(set) var before: [Int32] = []
    /// The tokens after it.
    private(set) var after: [Int32] = []

    /// - Parameters:
    ///   - before: The tokens before a text.
    ///   - after: The tokens after it.
    init(before: [Int32] = [], after: [Int32] = []) {
        self.before = before
        self.after = after
    }

    /// Reads the field. None at all puts nothing around a text.
    init(_ field: JSONField) throws(TokenizerError) {
        guard field.value != nil else { return }
        var texts = PostProcessedTexts()
        try texts.process(field)
        let pieces = texts.merged
        guard let text = pieces.firstIndex(of: .text), pieces.lastIndex(of: .text) == text else {
            throw field.unsupported("a text has to stand exactly once in what becomes of it")
        }
        before = Self.ids(pieces[..<text])
        after = Self.ids(pieces[(text + 1)...])
    }

    private static func ids(_ pieces: ArraySlice<PostProcessedTexts.Piece>) -> [Int32] {
        pieces.compactMap { if case .token(let id) = $0 { id } else { nil } }
    }
}
