/// The tokens of a text, and which parts of the text they stand for.
public struct TokenOffsets: Sendable, Equatable {
    /// The ids, as `encode` gives them.
    public internal(set) var ids: [Int32] = []
    /// For each token its range of the text, in bytes of UTF-8 and of whole characters. Neither the starts nor
    /// the ends decrease; no range is empty.
    ///
    /// Tokens that share a character, as the three of a rare ideograph, have the same range. A token that a
    /// stage put in, such as the `▁` before a text, has that of the character after it. A character that the
    /// normalizer takes away, as a mark that it composes with the letter before it, is in no range.
    public internal(set) var offsets: [Range<Int>] = []

    @inline(__always)
    mutating func append(_ id: Int32, _ range: Range<Int>) {
        ids.append(id)
        offsets.append(range)
    }

    mutating func reserveCapacity(_ count: Int) {
        ids.reserveCapacity(count)
        offsets.reserveCapacity(count)
    }

    /// The first token whose range contains a byte; `nil` where none does.
    public func firstToken(at byte: Int) -> Int? {
        let index = offsets.partitioningIndex { $0.upperBound > byte }
        return index < offsets.count && offsets[index].lowerBound <= byte ? index : nil
    }

    /// The tokens of which a byte lies in a range.
    public func tokens(in range: Range<Int>) -> Range<Int> {
        let first = offsets.partitioningIndex { $0.upperBound > range.lowerBound }
        return first..<max(first, offsets.partitioningIndex { $0.lowerBound >= range.upperBound })
    }
}
