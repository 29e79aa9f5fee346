/// One packed row of tokens: samples one behind the other, without padding unless it was asked for.
///
/// With N the number of samples and T the number of tokens of all of them:
public struct Batch: Sendable, Equatable {
    /// What the model reads: of each sample all ids but the last. [T]
    public let tokens: [Int32]
    /// What it should predict at each token: the id that follows. [T]
    public let targets: [Int32]
    /// The indices into `tokens` whose target the loss counts, ascending.
    public let countedPositions: [Int32]
    /// Where each sample begins in `tokens`, and last their end: [N + 1], from 0 to T. A sample of fewer than two ids
    /// has an empty segment.
    public let segmentOffsets: [Int]
    /// Which sample of the dataset each segment is. [N]
    public let sampleIndices: [Int]

    /// Packs samples.
    ///
    /// - Parameters:
    ///   - samples: The samples with their place in the dataset.
    ///   - padding: The length to which a sample is filled up with a pad id before its last id is taken off, so that
    ///     each segment has one token less; nil packs without padding. Longer samples are not cut.
    public init(_ samples: [(index: Int, sample: Sample)], padding: (length: Int, padID: Int32)? = nil) {
        var tokens: [Int32] = []
        var targets: [Int32] = []
        var counted: [Int32] = []
        var offsets = [0]
        for (_, sample) in samples {
            let start = tokens.count
            let ids = sample.ids
            if ids.count > 1 {
                tokens += ids.dropLast()
                targets += ids.dropFirst()
            }
            for position in 1..<max(1, ids.count) where sample.mask[position] {
                counted.append(Int32(start + position - 1))
            }
            if let padding, padding.length > max(1, ids.count) {
                // The last id of the sample becomes a token once padding stands behind it.
                if let last = ids.last { tokens.append(last) }
                tokens += repeatElement(padding.padID, count: start + padding.length - 1 - tokens.count)
                targets += repeatElement(padding.padID, count: tokens.count - targets.count)
            }
            offsets.append(tokens.count)
        }
        self.tokens = tokens
        self.targets = targets
        countedPositions = counted
        segmentOffsets = offsets
        sampleIndices = samples.map(\.index)
    }

    /// How many samples there are, N.
    public var sampleCount: Int { sampleIndices.count }
}
