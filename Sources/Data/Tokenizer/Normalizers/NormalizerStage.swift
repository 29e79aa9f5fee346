/// One way of rewriting a text before it is cut.
protocol NormalizerStage: Sendable {
    /// Writes the normalized text.
    ///
    /// - Returns: `false` where the text stays as it is. What was written then counts for nothing.
    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) throws(TokenizerError) -> Bool

    /// At most how many times longer a text becomes, a prefix counted as on a text of one byte; 1 where only the
    /// text can tell.
    var growth: Double { get }
}

extension NormalizerStage {
    var growth: Double { 1 }
}

/// A stage that treats each scalar alone.
protocol ScalarStage: NormalizerStage {
    /// Whether a scalar stays as it is.
    func keeps(_ scalar: UInt32) -> Bool

    /// Writes what becomes of a scalar that does not stay.
    ///
    /// - Parameter range: Its bytes.
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText)
}

extension ScalarStage {
    @inline(__always)
    func rewriteScalars(of text: UTF8Bytes, into result: inout RewrittenText) -> Bool {
        /// The end of what was written.
        var done = 0
        var index = 0
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            if !keeps(scalar) {
                if done == 0 { result.reserveCapacity(text.count) }
                result.keep(done..<index, of: text)
                rewrite(scalar, index..<index + length, of: text, into: &result)
                done = index + length
            }
            index += length
        }
        guard done > 0 else { return false }
        result.keep(done..<text.count, of: text)
        return true
    }

    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) -> Bool { rewriteScalars(of: text, into: &result) }
}
