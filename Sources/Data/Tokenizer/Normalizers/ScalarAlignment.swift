/// Lays scalars along a text from the left, as the library's `NormalizedString.transform` does: a scalar takes the place of
/// the next one of the text and of some after it, or was put in after the last one taken.
struct ScalarAlignment {
    private let text: UTF8Bytes
    /// Where the first scalar starts that is not taken yet.
    private var next: Int

    init(_ text: UTF8Bytes, from start: Int) {
        self.text = text
        next = start
    }

    /// The byte that the next scalar comes from.
    ///
    /// - Parameter growth: By how many scalars the text grew for it: 1 for one that was put in, 0 for one in the place of
    ///   one, -n for one that took the place of n more.
    @inline(__always)
    mutating func source(growth: Int) -> Int {
        guard growth <= 0 else { return max(next - 1, 0) }
        let source = min(next, text.count - 1)
        for _ in 0...(-growth) where next < text.count { next += text[next].scalarLength }
        return source
    }
}
