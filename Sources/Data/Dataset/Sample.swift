/// The tokens of one conversation, and which of them the loss counts.
public struct Sample: Sendable, Equatable {
    /// The ids, cut at the longest length and not padded. Where the loss-mask rule of a published script counts
    /// padding as targets, those pad ids stand at the end.
    public let ids: [Int32]
    /// `mask[i]` says that `ids[i]` is a counted target; as long as `ids`, and `mask[0]` is never set, since nothing
    /// stands before the first token to predict it from.
    public let mask: [Bool]
    /// How many ids the cut took away.
    public let removed: Int
    /// The turns of the conversation, and what became of each; empty for a sample that was not made of a conversation.
    public let turns: [SampleTurn]
    /// Whether this only holds the place of a record that is no conversation.
    public let isBadRecord: Bool

    /// What holds the place of a record that is no conversation: no tokens.
    public static let badRecord = Sample(ids: [], mask: [], removed: 0, turns: [], isBadRecord: true)

    /// A sample of ids, of which the loss counts those that the mask says.
    ///
    /// - Precondition: `ids` and `mask` have the same length. A set `mask[0]` is cleared.
    public init(ids: [Int32], mask: [Bool], removed: Int = 0, turns: [SampleTurn] = []) {
        self.init(ids: ids, mask: mask, removed: removed, turns: turns, isBadRecord: false)
    }

    /// A sample of which the answer alone counts.
    public init(prompt: [Int32], answer: [Int32]) {
        self.init(ids: prompt + answer, mask: prompt.map { _ in false } + answer.map { _ in true })
    }

    private init(ids: [Int32], mask: [Bool], removed: Int, turns: [SampleTurn], isBadRecord: Bool) {
        precondition(ids.count == mask.count, "a sample needs a mask for each of its ids")
        var mask = mask
        if !mask.isEmpty { mask[0] = false }
        self.ids = ids
        self.mask = mask
        self.removed = removed
        self.turns = turns
        self.isBadRecord = isBadRecord
    }

    /// How many targets the loss counts.
    public var countedTokens: Int { mask.count { $0 } }

    /// The ranges of neighbouring tokens that count.
    var countedRuns: [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = 0
        while let first = mask[start...].firstIndex(of: true) {
            start = mask[first...].firstIndex(of: false) ?? mask.count
            runs.append(first..<start)
        }
        return runs
    }

    /// The sample without what stands after its first tokens.
    func withoutPadding(after count: Int) -> Sample {
        Sample(ids: Array(ids.prefix(count)), mask: Array(mask.prefix(count)), removed: removed, turns: turns)
    }

    /// The sample with nothing that counts.
    var withoutCounting: Sample { Sample(ids: ids, mask: mask.map { _ in false }, removed: removed, turns: turns) }
}
