import Foundation
import Training

/// Threads of one process that train together as processes would.
final class ThreadCommunicator: Communicator, Sendable {
    let rank: Int
    let count: Int
    var localRank: Int { rank }
    var localCount: Int { count }
    let smallestMessage: Int
    private let meeting: Meeting

    /// What the threads share. Unchecked: it is read and changed behind `condition` alone.
    private final class Meeting: @unchecked Sendable {
        let condition = NSCondition()
        var numbers: [Int: [Float]] = [:]
        var texts: [Int: String] = [:]
        var arrived = 0
        var round = 0
        var result: ([Float], [String]) = ([], [])
    }

    private init(rank: Int, count: Int, smallestMessage: Int, _ meeting: Meeting) {
        (self.rank, self.count, self.smallestMessage, self.meeting) = (rank, count, smallestMessage, meeting)
    }

    /// Runs `body` once on each of several threads, and gives what they return in the order of ranks.
    static func run<Value: Sendable>(
        _ count: Int, smallestMessage: Int = 1, _ body: @escaping @Sendable (ThreadCommunicator) throws -> Value
    ) throws -> [Value] {
        let meeting = Meeting()
        let lock = NSLock()
        // Unsafe: behind `lock` while the threads run.
        nonisolated(unsafe) var results: [Int: Result<Value, any Error>] = [:]
        let group = DispatchGroup()
        for rank in 0..<count {
            group.enter()
            let thread = Thread {
                let result = Result { try body(ThreadCommunicator(rank: rank, count: count, smallestMessage: smallestMessage, meeting)) }
                lock.withLock { results[rank] = result }
                group.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        group.wait()
        return try (0..<count).map { try results[$0]!.get() }
    }

    /// How many sums and gatherings there have been.
    var meetings: Int {
        meeting.condition.lock()
        defer { meeting.condition.unlock() }
        return meeting.round
    }

    private func meet(_ numbers: [Float], _ text: String) -> ([Float], [String]) {
        meeting.condition.lock()
        defer { meeting.condition.unlock() }
        let round = meeting.round
        meeting.numbers[rank] = numbers
        meeting.texts[rank] = text
        meeting.arrived += 1
        if meeting.arrived == count {
            var sums = meeting.numbers[0]!
            for other in 1..<max(count, 1) where count > 1 {
                for (index, value) in meeting.numbers[other]!.enumerated() { sums[index] += value }
            }
            meeting.result = (sums, (0..<count).map { meeting.texts[$0]! })
            meeting.arrived = 0
            meeting.round += 1
            meeting.condition.broadcast()
        } else {
            while meeting.round == round { meeting.condition.wait() }
        }
        return meeting.result
    }

    private final class Done: PendingSum {
        func advance() {}
        func wait() {}
    }

    func startSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) -> any PendingSum {
        let (sums, _) = meet(Array(values), "")
        _ = values.update(fromContentsOf: sums)
        return Done()
    }

    func gather(_ text: String) throws(CommunicationError) -> [String] { meet([], text).1 }
    func finish() {}
    func abort(exitCode: Int32) -> Never { fatalError("nobody aborts a test") }
}
