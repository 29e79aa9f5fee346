/// What became of samples on their way into batches, for a report. It is counted each time that a sample is drawn: a
/// run of three epochs draws each three times.
public struct SampleCounts: Sendable, Equatable {
    /// How many samples were drawn, bad records among them.
    public var samples = 0
    /// How many were longer than the longest sample, and cut.
    public var cutSamples = 0
    /// How many tokens the cuts took away.
    public var removedTokens = 0
    /// How many conversations had nothing that counts.
    public var uncountedSamples = 0
    /// How many places belonged to records that are no conversations, where those are skipped.
    public var badRecords = 0
    /// The turns of the samples, by what became of them.
    public var turns = TurnCounts()

    /// Of no samples, to add to.
    public init() {}

    /// Of some samples.
    public init(_ drawn: some Sequence<Sample>) {
        for sample in drawn {
            samples += 1
            if sample.removed > 0 { cutSamples += 1 }
            removedTokens += sample.removed
            turns += TurnCounts(sample.turns)
            if sample.isBadRecord { badRecords += 1 } else if sample.countedTokens == 0 { uncountedSamples += 1 }
        }
    }

    /// All of them as numbers, for other processes; ``init(numbers:)`` reads them.
    package var numbers: [Int] { [samples, cutSamples, removedTokens, uncountedSamples, badRecords] + turns.numbers }

    /// - Returns: `nil` unless there are as many as ``numbers`` has, or those without turns of earlier versions
    package init?(numbers: some Collection<Int>) {
        let numbers = Array(numbers)
        guard numbers.count >= 5 else { return nil }
        if numbers.count > 5 {
            guard let turns = TurnCounts(numbers: numbers.dropFirst(5)) else { return nil }
            self.turns = turns
        }
        (samples, cutSamples, removedTokens) = (numbers[0], numbers[1], numbers[2])
        (uncountedSamples, badRecords) = (numbers[3], numbers[4])
    }

    /// The counts of both together.
    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum += right
        return sum
    }

    /// Adds more counts.
    public static func += (sum: inout Self, more: Self) {
        sum.samples += more.samples
        sum.cutSamples += more.cutSamples
        sum.removedTokens += more.removedTokens
        sum.uncountedSamples += more.uncountedSamples
        sum.badRecords += more.badRecords
        sum.turns += more.turns
    }
}
