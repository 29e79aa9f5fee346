import Tensor

/// One packed row of tokens as the model reads it: sequences one behind the other, attention
/// never looking from one into another.
public struct TokenRow: Sendable {
    public let tokens: [Int32]
    /// Each token's place in its own sequence.
    public let positions: [Int32]
    public let segments: [AttentionSegment]

    /// - Parameter segmentOffsets: the start of each sequence, and the end of the last.
    public init(packed tokens: [Int32], segmentOffsets: [Int]) {
        self.tokens = tokens
        positions = zip(segmentOffsets, segmentOffsets.dropFirst()).flatMap { start, end in
            (0..<Int32(end - start))
        }
        segments = AttentionSegment.packed(segmentOffsets)
        precondition(positions.count == tokens.count, "segments cover the row")
    }

    /// What comes after `kept` tokens of one sequence, whose keys and values are in a cache.
    public init(continuing kept: Int, with tokens: [Int32]) {
        self.tokens = tokens
        positions = tokens.indices.map { Int32(kept + $0) }
        segments = [AttentionSegment(queries: 0..<tokens.count, keys: 0..<kept + tokens.count)]
    }
}
