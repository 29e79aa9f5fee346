import Foundation

/// A process that trains alone.
public final class SingleProcess: Communicator {
    public let rank = 0
    public let count = 1
    public let localRank = 0
    public let localCount = 1
    public let smallestMessage = 1

    /// A process that nothing starts with others.
    public init() {}

    public func startSum(_ values: UnsafeMutableBufferPointer<Float>) -> any PendingSum { Done() }
    public func gather(_ text: String) -> [String] { [text] }
    public func finish() {}
    public func abort(exitCode: Int32) -> Never { exit(exitCode) }

    private final class Done: PendingSum {
        func advance() {}
        func wait() {}
    }
}
