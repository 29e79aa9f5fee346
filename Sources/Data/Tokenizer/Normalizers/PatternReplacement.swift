/// Replaces each match of a regular expression.
struct PatternReplacement: NormalizerStage {
    private let pattern: TextPattern
    private let replacement: [UInt8]

    init(_ pattern: TextPattern, with replacement: [UInt8]) {
        self.pattern = pattern
        self.replacement = replacement
    }

    /// All of a replacement comes from the character before its end: the last that it replaces, or, where it replaces
    /// nothing, the one before it.
    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) throws(TokenizerError) -> Bool {
        guard !text.isEmpty else { return false }
        /// The end of what was written.
        var done = 0
        var isRewritten = false
        try pattern.forEachMatch(in: text) { range throws(TokenizerError) in
            isRewritten = true
            result.keep(done..<range.lowerBound, of: text)
            result.append(replacement, from: max(range.upperBound - 1, 0))
            done = range.upperBound
        }
        result.keep(done..<text.count, of: text)
        return isRewritten
    }
}
