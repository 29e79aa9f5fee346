/// The lengths of a dataset's samples, in tokens, and what counts in them. Records that are no conversations have no
/// part in it but their number.
public struct DatasetStatistics: Sendable, Equatable {
    /// How many samples there are, without bad records.
    public private(set) var count = 0
    /// The tokens of all samples.
    public private(set) var tokens = 0
    /// The counted targets of all samples.
    public private(set) var countedTokens = 0
    /// How many samples were cut.
    public private(set) var cutSamples = 0
    /// How many tokens the cuts took away.
    public private(set) var removedTokens = 0
    /// In how many samples nothing counts.
    public private(set) var uncountedSamples = 0
    /// The samples in which nothing counts, ascending by their place in the dataset; of a dataset that is streamed the
    /// first 1000 only.
    public private(set) var samplesWithoutCountedTokens: [Int] = []
    /// The turns of all samples, by what became of them.
    public private(set) var turns = TurnCounts()
    /// The samples with a turn of the assistant that should count and does not, or of which the calls are not written;
    /// limited as ``samplesWithoutCountedTokens``.
    public private(set) var samplesWithLostTurns: [Int] = []
    /// How many records are no conversations and skipped.
    public private(set) var badRecords = 0

    /// How many samples without a counted token a dataset that is streamed names.
    package static var placeLimit: Int { 1000 }

    /// How many samples have each length: what grows with the longest length, and not with the samples.
    private var samplesOfLength: [Int: Int] = [:]

    /// The length of the shortest sample, in tokens; 0 where there is none.
    public var shortestLength: Int { samplesOfLength.keys.min() ?? 0 }
    /// The length of the longest sample, in tokens; 0 where there is none.
    public var longestLength: Int { samplesOfLength.keys.max() ?? 0 }
    /// The mean length, in tokens; 0 where there is no sample.
    public var meanLength: Double { count == 0 ? 0 : Double(tokens) / Double(count) }

    /// The middle length; of an even number of samples the mean of the two in the middle.
    public var medianLength: Double {
        guard count > 0 else { return 0 }
        let lengths = samplesOfLength.sorted { $0.key < $1.key }
        func length(at place: Int) -> Int {
            var before = 0
            for (length, samples) in lengths {
                before += samples
                if place < before { return length }
            }
            return 0
        }
        return Double(length(at: (count - 1) / 2) + length(at: count / 2)) / 2
    }

    /// Takes in one sample; they may come in any order.
    mutating func add(_ measure: SampleMeasure, at index: Int) {
        if measure.isBadRecord {
            badRecords += 1
            return
        }
        count += 1
        samplesOfLength[measure.length, default: 0] += 1
        tokens += measure.length
        countedTokens += measure.counted
        if measure.removed > 0 { cutSamples += 1 }
        removedTokens += measure.removed
        turns += measure.turns
        if measure.turns.lost > 0 || measure.turns.lackingCalls > 0 { samplesWithLostTurns.append(index) }
        if measure.counted == 0 {
            uncountedSamples += 1
            samplesWithoutCountedTokens.append(index)
        }
    }

    /// Puts the places that are named in their order, and lets go of those beyond a limit.
    mutating func sortPlaces(limit: Int) {
        for path in [\Self.samplesWithoutCountedTokens, \.samplesWithLostTurns] {
            self[keyPath: path].sort()
            self[keyPath: path].removeLast(max(0, self[keyPath: path].count - limit))
        }
    }
}

/// What is remembered of a sample once it was tokenized.
struct SampleMeasure: Sendable, Equatable {
    let length: Int
    let counted: Int
    let removed: Int
    let isBadRecord: Bool
    private let lacksCalls: Bool
    private let turnCounts: SIMD8<UInt16>

    var turns: TurnCounts { TurnCounts(compact: turnCounts, lackingCalls: lacksCalls ? 1 : 0) }

    init(_ sample: Sample) {
        length = sample.ids.count
        counted = sample.countedTokens
        removed = sample.removed
        isBadRecord = sample.isBadRecord
        let turns = TurnCounts(sample.turns)
        (turnCounts, lacksCalls) = (turns.compact, turns.lackingCalls > 0)
    }
}
