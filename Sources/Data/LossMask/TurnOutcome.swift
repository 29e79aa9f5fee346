/// What became of a turn in a sample.
public enum TurnOutcome: Sendable, CaseIterable {
    /// It is the assistant's, and tokens of it count.
    case counted
    /// It is not the assistant's.
    case context
    /// The record says that it does not count (`weight: 0`).
    case excluded
    /// It is not the last answer, and only that one counts.
    case notLast
    /// The sample was cut before it.
    case cut
    /// The template does not write its words, so that there is nothing of it to learn.
    case notRendered
}

/// A turn of a sample, and what became of it.
public struct SampleTurn: Sendable, Equatable {
    /// Who speaks.
    public let speaker: Speaker
    /// Whether it counts, or why not.
    public let outcome: TurnOutcome
    /// Whether it calls functions that the template does not write.
    public let lacksCalls: Bool
}

/// How many turns of samples had which outcome.
public struct TurnCounts: Sendable, Equatable {
    /// The assistant's by outcome, then those of the other speakers.
    private var counts = SIMD8<Int>()
    /// How many turns call functions that the template does not write.
    public private(set) var lackingCalls = 0

    /// Of no turns.
    public init() {}

    /// The turns of one sample.
    init(_ turns: [SampleTurn]) {
        for turn in turns {
            counts[turn.speaker == .assistant ? Self.place(turn.outcome) : Self.place(turn.speaker)] += 1
            if turn.lacksCalls { lackingCalls += 1 }
        }
    }

    /// How many turns of the assistant had an outcome.
    public subscript(outcome: TurnOutcome) -> Int { outcome == .context ? 0 : counts[Self.place(outcome)] }

    /// How many turns a speaker has.
    public subscript(speaker: Speaker) -> Int {
        speaker == .assistant ? TurnOutcome.allCases.reduce(0) { $0 + self[$1] } : counts[Self.place(speaker)]
    }

    /// How many turns of the assistant should count and do not.
    public var lost: Int { self[.cut] + self[.notRendered] }

    /// The counts of both together.
    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum += right
        return sum
    }

    /// Adds more counts.
    public static func += (sum: inout Self, more: Self) {
        sum.counts &+= more.counts
        sum.lackingCalls += more.lackingCalls
    }

    private static func place(_ outcome: TurnOutcome) -> Int {
        switch outcome {
        case .counted, .context: 0
        case .excluded: 1
        case .notLast: 2
        case .cut: 3
        case .notRendered: 4
        }
    }

    private static func place(_ speaker: Speaker) -> Int {
        switch speaker {
        case .system: 5
        case .user: 6
        case .tool, .assistant: 7
        }
    }
}

extension TurnCounts {
    /// All of them as numbers, for other processes; ``init(numbers:)`` reads them.
    package var numbers: [Int] { counts.indices.map { counts[$0] } + [lackingCalls] }

    /// - Returns: `nil` unless there are as many as ``numbers`` has
    package init?(numbers: some Collection<Int>) {
        let numbers = Array(numbers)
        guard numbers.count == counts.scalarCount + 1 else { return nil }
        for index in counts.indices { counts[index] = numbers[index] }
        lackingCalls = numbers[counts.scalarCount]
    }

    /// The counts in 16 bytes, for what is kept of every sample; more than 65,535 of a kind are that many.
    var compact: SIMD8<UInt16> { SIMD8(clamping: counts) }

    /// - Parameter lackingCalls: Which ``compact`` does not have.
    init(compact: SIMD8<UInt16>, lackingCalls: Int) {
        counts = SIMD8(truncatingIfNeeded: compact)
        self.lackingCalls = lackingCalls
    }
}
