import Tensor

/// What a file writes as `{"String": …}` or `{"Regex": …}`.
///
/// Expressions that many models have are scanners of our own, which are faster. All others run in Oniguruma, as they
/// do in the `tokenizers` library.
struct TextPattern: Sendable, Equatable {
    /// A scanner whose matches cover every text; `nil` for other patterns.
    let covering: SplitPattern?
    /// The text that is sought, where it is one.
    let literal: [UInt8]?
    let matcher: any TextMatcher

    static func == (left: TextPattern, right: TextPattern) -> Bool {
        left.covering == right.covering && left.literal == right.literal && left.matcher.isEqual(to: right.matcher)
    }

    /// Reads a pattern.
    ///
    /// - Throws: ``TokenizerError`` for an expression that is damaged, or that needs Oniguruma where the build has none.
    init(_ field: JSONField) throws(TokenizerError) {
        if let text = field["String"].value?.string {
            literal = Array(text.utf8)
            covering = nil
            matcher = LiteralMatcher(literal: Array(text.utf8))
            return
        }
        literal = nil
        let expression = try field["Regex"].string()
        covering = SplitPattern(regex: expression)
        if let covering {
            matcher = covering
        } else if let known = KnownPattern(regex: expression) {
            matcher = known
        } else {
            matcher = try RegexMatcher(expression, field["Regex"])
        }
    }

    /// Calls `body` with the matches in a text, in order. None overlaps the one before; an empty one may touch it.
    ///
    /// - Throws: ``TokenizerError/patternFailed(_:)`` where an expression takes too long, and what `body` throws.
    func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        try matcher.forEachMatch(in: text, body)
    }
}
