/// One packed row of tokens: the samples of a step, without padding unless it was asked for, and what they have in
/// common from their start on only once.
///
/// The row is a trie. Samples that begin with the same ids, such as the same system prompt, go through the same
/// segment; where they part, each goes on in a segment of its own. With N the number of samples and T that of rows:
public struct Batch: Sendable, Equatable {
    /// A run of rows, each of which continues the one before.
    public struct Segment: Sendable, Equatable {
        /// The rows of the run; never empty.
        public let rows: Range<Int>
        /// The segment whose last row the first row of this one continues, always an earlier one; nil where samples
        /// begin.
        public let parent: Int?
    }

    /// A next token that the loss counts.
    public struct Prediction: Sendable, Equatable {
        /// The row whose scores for the next token are asked for.
        public let row: Int32
        /// The id that should follow.
        public let target: Int32
        /// How many samples ask for just this.
        public let count: Int32
    }

    /// What the model reads: of each sample all ids but the last, shared runs once. [T]
    public let tokens: [Int32]
    /// The place of each token in its own sample. [T]
    public let positions: [Int32]
    /// The runs, whose rows in their order are `0 ..< T`. A sample of fewer than two ids has none.
    public let segments: [Segment]
    /// What the loss counts, ascending by row and then by target. Samples that part behind a row ask it for several
    /// targets.
    public let predictions: [Prediction]
    /// The rows of each sample, from its start on; none for one of fewer than two ids. [N]
    public let sampleRows: [[Range<Int>]]
    /// Which samples of the dataset these are. [N]
    public let sampleIndices: [Int]
    /// How many tokens the samples have before they share any; at least T.
    public let sampleTokens: Int
    /// What became of the samples before they came here.
    public let counts: SampleCounts
    /// As they lie in the rows, filled up where that was asked for. [N]
    private let samples: [Sample]

    /// Packs samples.
    ///
    /// - Parameters:
    ///   - samples: The samples with their place in the dataset; a shard's last batches may have none.
    ///   - padding: The length to which a sample is filled up with a pad id before its last id is taken off, so that
    ///     each has one token less; nil packs without padding. Longer samples are not cut, and what
    ///     holds the place of a bad record is not filled. Padded samples share nothing.
    ///   - sharesPrefixes: Whether samples share rows. Without it each sample of at least two ids is a segment, in
    ///     their order, and there is a prediction of count 1 for each counted position.
    public init(
        _ samples: [(index: Int, sample: Sample)], padding: (length: Int, padID: Int32)? = nil,
        sharesPrefixes: Bool = true
    ) {
        let padded = samples.map { _, sample in
            padding.map { sample.padded(length: $0.length, padID: $0.padID) } ?? sample
        }
        self.init(
            padded, indices: samples.map(\.index), counts: SampleCounts(samples.lazy.map(\.sample)),
            sharesPrefixes: sharesPrefixes && padding == nil)
    }

    private init(_ samples: [Sample], indices: [Int], counts: SampleCounts, sharesPrefixes: Bool) {
        let trie = PrefixTrie(samples, sharing: sharesPrefixes)
        tokens = trie.tokens
        positions = trie.positions
        segments = trie.segments
        predictions = trie.predictions
        sampleRows = trie.sampleRows
        sampleIndices = indices
        sampleTokens = samples.reduce(0) { $0 + max(0, $1.ids.count - 1) }
        self.counts = counts
        self.samples = samples
    }

    /// Whether some row serves several samples.
    public var sharesRows: Bool { tokens.count < sampleTokens }

    /// The same samples without shared rows: what a model asks for that computes the same tokens differently from sample to
    /// sample, as dropout does.
    public var apart: Batch {
        sharesRows ? Batch(samples, indices: sampleIndices, counts: counts, sharesPrefixes: false) : self
    }

    /// How many samples there are, N.
    public var sampleCount: Int { sampleIndices.count }

    /// How many next tokens the loss counts, over all samples.
    public var countedTokens: Int { predictions.reduce(0) { $0 + Int($1.count) } }
}

extension Sample {
    /// The sample filled up to a length with ids that do not count.
    fileprivate func padded(length: Int, padID: Int32) -> Sample {
        if isBadRecord { return self }
        let missing = max(0, length - ids.count)
        return Sample(
            ids: ids + repeatElement(padID, count: missing), mask: mask + repeatElement(false, count: missing),
            removed: removed)
    }
}
