/// The processes that train together, each on its own share of the data.
///
/// Calls that all processes take part in are called by all of them in the same order, from one thread of each.
public protocol Communicator: AnyObject {
    /// The place of this process among all, from 0.
    var rank: Int { get }
    /// How many processes there are, at least 1.
    var count: Int { get }
    /// The place of this process among those of its machine, from 0.
    var localRank: Int { get }
    /// How many processes this machine has.
    var localCount: Int { get }
    /// How many values a message should carry at least: one of fewer takes as long.
    var smallestMessage: Int { get }

    /// Begins to put in the place of each value its sum over all processes, the same to the bit in each of them.
    ///
    /// - Parameter values: of the same number in every process; to be left alone until the sum is there
    /// - Throws: ``CommunicationError``
    func startSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) -> any PendingSum

    /// What each process says, in the order of their ranks.
    ///
    /// - Throws: ``CommunicationError``
    func gather(_ text: String) throws(CommunicationError) -> [String]

    /// Takes leave of the others, and waits until all of them do. Nothing can be called after it.
    func finish()

    /// Ends every process at once, without waiting for any, where this one alone cannot go on.
    func abort(exitCode: Int32) -> Never
}

/// A sum over processes that is under way.
public protocol PendingSum: AnyObject {
    /// Moves the sum along where that takes this thread, and returns at once.
    ///
    /// - Throws: ``CommunicationError``
    func advance() throws(CommunicationError)

    /// Waits for the sum.
    ///
    /// - Throws: ``CommunicationError/timeout(seconds:)`` where others do not answer, ``CommunicationError/failed(call:reason:)``
    func wait() throws(CommunicationError)
}

extension Communicator {
    /// The sums of values over all processes.
    ///
    /// - Throws: ``CommunicationError``
    public func sum(_ values: [Float]) throws(CommunicationError) -> [Float] {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
        defer { buffer.deallocate() }
        _ = buffer.initialize(fromContentsOf: values)
        try startSum(buffer).wait()
        return Array(buffer)
    }
}
