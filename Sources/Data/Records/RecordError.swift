/// What is wrong with a record, and the way out; the dataset adds file and line.
public struct RecordError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One line: which turn or key, what was expected there, and what to write instead.
    public let reason: String

    /// An error with this reason.
    public init(reason: String) { self.reason = reason }

    public var description: String { reason }
}
