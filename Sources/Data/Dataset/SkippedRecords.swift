import Synchronization

/// The records that were skipped so far, since they are no conversations.
public struct SkippedRecords: Sendable, Equatable {
    /// A record that was skipped.
    public struct Record: Sendable, Equatable, CustomStringConvertible {
        /// Counted from 1, as an editor does.
        public let line: Int
        /// What is wrong with it, on one line.
        public let reason: String

        package init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }

        public var description: String { "line \(line): \(reason)" }
    }

    /// How many were skipped, each once, however many epochs met it.
    public internal(set) var count = 0
    /// Whether there may be more: counts of several processes or runs were joined, and not all that they count is named.
    public internal(set) var isCountLeast = false
    /// Those of the lowest lines, ascending; no more than `limit`.
    public internal(set) var records: [Record] = []

    /// - Parameter records: in any order
    package init(count: Int = 0, isCountLeast: Bool = false, _ records: [Record] = []) {
        (self.count, self.isCountLeast) = (count, isCountLeast)
        self.records = Array(records.sorted { $0.line < $1.line }.prefix(Self.limit))
    }

    /// Both together; what both name counts once. Of what is not named it is unknown which both count.
    package func union(_ other: SkippedRecords) -> SkippedRecords {
        if count == 0 { return other }
        if other.count == 0 { return self }
        let known = Set(records.map(\.line))
        let more = other.records.filter { !known.contains($0.line) }
        let isUnknown = count > records.count || other.count > other.records.count
        return SkippedRecords(
            count: max(count, other.count, records.count + more.count), isCountLeast: isUnknown || isCountLeast || other.isCountLeast,
            records + more)
    }

    /// How many records are named.
    public static var limit: Int { 1000 }
}

/// Collects what is skipped, on several threads at once.
///
/// To count each record once, a bit is kept for each record of a stretch that has a bad one: nothing for a file without
/// bad records, and an eighth of a byte a record at the worst.
final class SkipList: Sendable {
    /// Where so many records are bad and none was good, a whole file that is streamed is taken for bad.
    static let patience = 1000

    private struct State {
        var skipped = SkippedRecords()
        /// Stretches of 4096 records, a bit for each that was skipped.
        var bits: [Int: [UInt64]] = [:]
    }

    private let state = Mutex(State())
    private let goodSample = Atomic(false)

    var skipped: SkippedRecords { state.withLock { $0.skipped } }

    /// Remembers a bad record.
    func add(_ index: Int, line: Int, reason: String) {
        // A reason may quote the record.
        let record = SkippedRecords.Record(line: line, reason: String(reason.oneLine.prefix(300)))
        state.withLock { state in
            let (word, bit) = (index >> 6 & 63, UInt64(1) << UInt64(index & 63))
            var stretch = state.bits[index >> 12] ?? Array(repeating: 0, count: 64)
            guard stretch[word] & bit == 0 else { return }
            stretch[word] |= bit
            state.bits[index >> 12] = stretch
            state.skipped.count += 1
            let place = state.skipped.records.lastIndex { $0.line < line }.map { $0 + 1 } ?? 0
            state.skipped.records.insert(record, at: place)
            if state.skipped.records.count > SkippedRecords.limit { state.skipped.records.removeLast() }
        }
    }

    /// A sample was made of a record.
    func noteGoodSample() { goodSample.store(true, ordering: .relaxed) }

    /// Whether a sample was made of any record.
    var hasGoodSample: Bool { goodSample.load(ordering: .relaxed) }
}
