/// The lengths of a dataset's samples, in tokens, and what counts in them.
public struct DatasetStatistics: Sendable, Equatable {
    /// How many samples there are.
    public let count: Int
    public let shortestLength: Int
    /// The middle length; of an even number of samples the mean of the two in the middle.
    public let medianLength: Double
    public let meanLength: Double
    public let longestLength: Int
    /// The tokens of all samples.
    public let tokens: Int
    /// The counted targets of all samples.
    public let countedTokens: Int
    /// How many samples were cut.
    public let cutSamples: Int
    /// How many tokens the cuts took away.
    public let removedTokens: Int
    /// The samples in which nothing counts, by their place in the dataset.
    public let samplesWithoutCountedTokens: [Int]

    init(_ measures: [SampleMeasure]) {
        let lengths = measures.map(\.length).sorted()
        count = measures.count
        shortestLength = lengths.first ?? 0
        longestLength = lengths.last ?? 0
        tokens = lengths.reduce(0, +)
        meanLength = count == 0 ? 0 : Double(tokens) / Double(count)
        medianLength = count == 0 ? 0 : Double(lengths[(count - 1) / 2] + lengths[count / 2]) / 2
        countedTokens = measures.reduce(0) { $0 + $1.counted }
        cutSamples = measures.count { $0.removed > 0 }
        removedTokens = measures.reduce(0) { $0 + $1.removed }
        samplesWithoutCountedTokens = measures.indices.filter { measures[$0].counted == 0 }
    }
}
