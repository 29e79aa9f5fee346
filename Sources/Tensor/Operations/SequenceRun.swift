/// A run of tokens, each of which continues the one before, in a row of sequences that may share their beginnings.
public struct SequenceRun: Sendable {
    /// The run's place in the row; the runs of a row follow one another.
    public let rows: Range<Int>
    /// The run whose last token comes before this one's first, an earlier one; `nil` for a beginning.
    public let parent: Int?

    /// A run that continues another one, or begins.
    public init(rows: Range<Int>, parent: Int?) {
        self.rows = rows
        self.parent = parent
    }
}
