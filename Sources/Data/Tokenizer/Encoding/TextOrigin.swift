/// Where in the source the bytes of a text stand that a stage of encoding works on.
///
/// The stages are generic over it, so that `encode`, which follows no bytes, does none of this work: for it
/// all of these are empty functions.
protocol TextOrigin {
    /// That of the text from an index on.
    func part(from start: Int) -> Self

    /// Whether this text begins with what the source begins with.
    var startsSource: Bool { get }

    /// That of a text which a stage made of this one.
    ///
    /// - Parameter sources: For each byte of the new text the byte of this text that it comes from, never
    ///   one before that of the byte before.
    func withRewritten(_ sources: () -> [Int32], _ body: (Self) throws(TokenizerError) -> Void) throws(TokenizerError)

    /// Normalizes this text.
    func withNormalized(
        _ text: UTF8Bytes, _ normalizer: Normalizer, _ body: (UTF8Bytes, Self) throws(TokenizerError) -> Void
    ) throws(TokenizerError)
}

/// For texts of which only the ids are wanted.
struct UntrackedOrigin: TextOrigin {
    /// Whether nothing of the source comes before this text. What a normalizer put there, or took away, is not seen.
    private(set) var startsSource = true

    @inline(__always)
    func part(from start: Int) -> Self {
        var part = self
        part.startsSource = startsSource && start == 0
        return part
    }

    @inline(__always)
    func withRewritten(_ sources: () -> [Int32], _ body: (Self) throws(TokenizerError) -> Void) throws(TokenizerError) { try body(self) }

    @inline(__always)
    func withNormalized(
        _ text: UTF8Bytes, _ normalizer: Normalizer, _ body: (UTF8Bytes, Self) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try normalizer.withNormalized(text, isTracked: false) { text, _ throws(TokenizerError) in try body(text, self) }
    }
}

/// Follows bytes back to the source.
struct TrackedOrigin: TextOrigin {
    /// Where the text starts in the source, or in the table if there is one.
    private var start = 0
    /// The places in the source of the bytes of a rewritten text. It lives as long as the text's own buffer:
    /// for one call of a stage.
    private var table: UnsafePointer<Int32>?

    @inline(__always)
    func part(from start: Int) -> Self {
        var part = self
        part.start += start
        return part
    }

    var startsSource: Bool { place(of: 0) == 0 }

    func withRewritten(_ sources: () -> [Int32], _ body: (Self) throws(TokenizerError) -> Void) throws(TokenizerError) {
        let places = sources().map { Int32(place(of: Int($0))) }
        try places.withUnsafeBufferPointer { places throws(TokenizerError) in
            var rewritten = Self()
            rewritten.table = places.baseAddress
            try body(rewritten)
        }
    }

    func withNormalized(
        _ text: UTF8Bytes, _ normalizer: Normalizer, _ body: (UTF8Bytes, Self) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        try normalizer.withNormalized(text, isTracked: true) { normalized, sources throws(TokenizerError) in
            guard let sources else { return try body(normalized, self) }
            try withRewritten({ sources }, { origin throws(TokenizerError) in try body(normalized, origin) })
        }
    }

    /// Where in the source the byte at an index stands.
    @inline(__always)
    private func place(of index: Int) -> Int { table.map { Int($0[start + index]) } ?? start + index }

    /// What a range of the text, which is not empty, stands for in the source, in whole characters, as every byte of a character
    /// that was rewritten stands for all of it.
    @inline(__always)
    func range(_ range: Range<Int>, in source: UTF8Bytes) -> Range<Int> {
        var first = place(of: range.lowerBound)
        while first > 0, source[first] & 0xC0 == 0x80 { first -= 1 }
        var end = place(of: range.upperBound - 1) + 1
        while end < source.count, source[end] & 0xC0 == 0x80 { end += 1 }
        return first..<end
    }
}
