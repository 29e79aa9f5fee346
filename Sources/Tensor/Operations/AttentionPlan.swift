/// How the attention of a packed row is dealt to cores: made once a row, used by every layer, forward and
/// backward. It depends on the segments, heads and window alone, and so do results.
public struct AttentionPlan: Sendable {
    /// Query rows whose scores are held at once.
    static let blockRows = 64
    /// Keys that products compute at once. Results do not change with the place of the first key among those given, if
    /// that changes by whole lanes.
    package static let lanes = 16

    let segments: [AttentionSegment]
    let heads: Int
    let keyValueHeads: Int

    /// What a core takes at a time, the longest first, so that cores finish together.
    let tasks: [Task]
    /// The segments' runs of keys, each once.
    let keyRanges: [KeyRange]
    /// The number of pairs of a query and a key that it sees.
    let visiblePairs: Int

    /// Some queries of a segment, and one head of keys and values with all query heads that share it.
    struct Task: Sendable {
        let keyHead: Int
        /// How many keys there are from the first that these queries see, rounded down to whole lanes, to the last.
        let keys: Int
        /// The same in whole lanes.
        let columns: Int
        /// Rows of the keys, `keys` in all.
        let keyRanges: [Range<Int>]
        /// How many rows of the first run come before these.
        let skipped: Int
        let blocks: [Block]

        /// The most keys that a block computes with.
        var widestBlock: Int { blocks.reduce(0) { max($0, $1.columns) } }
    }

    /// A block of queries of one head.
    struct Block: Sendable {
        let head: Int
        /// Rows of the queries.
        let rows: Range<Int>
        /// The first of the task's keys that the block computes with, in whole lanes.
        let firstColumn: Int
        /// How many of the block's keys each query sees, those before its window among them.
        let visible: [Int32]
        /// How many of the block's keys come before each query's window; `nil` without one.
        let hidden: [Int32]?
        /// How many keys the block computes with, in whole lanes.
        let columns: Int
    }

    /// A run of keys, and who sees it.
    struct KeyRange: Sendable {
        let rows: Range<Int>
        /// For each head of keys the tasks that see the run, in their order.
        var readers: [[Reader]]
    }

    /// A task that sees a run of keys, or its end, or its beginning.
    struct Reader: Sendable {
        let task: Int
        /// Where the run's rows begin among the keys that the task sees.
        let place: Int
        /// How many rows of the run come before them.
        let skipped: Int
    }

    /// Deals the segments of a row.
    ///
    /// - Parameters:
    ///   - segments: no query is in two of them; two runs of keys are the same or have no key in common
    ///   - heads: a multiple of `keyValueHeads`
    ///   - window: how many keys a query sees at the most, those next to it, its own among them (Beltagy et al.
    ///     2020, 3.1): of the keys that its segment says, the last; at least 1; `nil` for all of them
    public init(_ segments: [AttentionSegment], heads: Int, keyValueHeads: Int, window: Int? = nil) {
        precondition(heads % keyValueHeads == 0, "\(heads) heads, \(keyValueHeads) of keys")
        precondition(window ?? 1 >= 1, "every query sees at least its own key")
        self.segments = segments
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        let tasks = segments.flatMap { Self.tasks(of: $0, heads: heads, keyValueHeads: keyValueHeads, window: window) }
            .sorted { $0.keys * $0.blocks.count > $1.keys * $1.blocks.count }
        self.tasks = tasks
        keyRanges = Self.readers(tasks, keyValueHeads: keyValueHeads)
        visiblePairs = segments.reduce(0) { $0 + $1.visibleKeys.reduce(0) { $0 + min(Int($1), window ?? .max) } }
    }

    /// A count of columns rounded up to what products compute at once.
    static func padded(_ count: Int) -> Int { (count + lanes - 1) / lanes * lanes }

    /// The first key that is computed for a query and for those after it: the first of its window, rounded down to whole lanes.
    ///
    /// - Parameter visible: how many keys it could see without a window
    private static func firstKey(_ visible: Int32, _ window: Int?) -> Int {
        window.map { max(0, Int(visible) - $0) / lanes * lanes } ?? 0
    }

    private static func tasks(of segment: AttentionSegment, heads: Int, keyValueHeads: Int, window: Int?) -> [Task] {
        // At most four parts a segment: in the backward pass each holds sums for all keys it sees.
        let quarter = (segment.queries.count + 3) / 4
        let height = max(256, (quarter + blockRows - 1) / blockRows * blockRows)
        return stride(from: 0, to: segment.queries.count, by: height).flatMap { first in
            let queries = first..<min(first + height, segment.queries.count)
            let keys = firstKey(segment.visibleKeys[first], window)..<Int(segment.visibleKeys[queries.upperBound - 1])
            let (ranges, skipped) = rows(of: segment, keys)
            return (0..<keyValueHeads).map { keyHead in
                let group = heads / keyValueHeads
                let blocks = (keyHead * group..<(keyHead + 1) * group).flatMap {
                    Self.blocks(of: segment, queries, firstKey: keys.lowerBound, window: window, head: $0)
                }
                return Task(
                    keyHead: keyHead, keys: keys.count, columns: padded(keys.count), keyRanges: ranges, skipped: skipped, blocks: blocks)
            }
        }
    }

    private static func blocks(
        of segment: AttentionSegment, _ queries: Range<Int>, firstKey taskStart: Int, window: Int?, head: Int
    ) -> [Block] {
        stride(from: queries.lowerBound, to: queries.upperBound, by: blockRows).map { first in
            let last = min(first + blockRows, queries.upperBound)
            let start = firstKey(segment.visibleKeys[first], window)
            let visible = segment.visibleKeys[first..<last].map { $0 - Int32(start) }
            let hidden = window.map { window in visible.map { Int32(max(0, Int($0) - window)) } }
            return Block(
                head: head, rows: segment.queries.lowerBound + first..<segment.queries.lowerBound + last,
                firstColumn: start - taskStart, visible: visible, hidden: hidden, columns: padded(Int(visible[visible.count - 1])))
        }
    }

    /// The rows of some of a segment's keys, and how many rows of the first run come before them.
    private static func rows(of segment: AttentionSegment, _ keys: Range<Int>) -> (ranges: [Range<Int>], skipped: Int) {
        var (ranges, skipped, start) = ([Range<Int>](), 0, 0)
        for range in segment.keys {
            let seen = keys.clamped(to: start..<start + range.count)
            if !seen.isEmpty {
                if ranges.isEmpty { skipped = seen.lowerBound - start }
                ranges.append(range.lowerBound + seen.lowerBound - start..<range.lowerBound + seen.upperBound - start)
            }
            start += range.count
        }
        return (ranges, skipped)
    }

    private static func readers(_ tasks: [Task], keyValueHeads: Int) -> [KeyRange] {
        var found: [Int: KeyRange] = [:]
        for (index, task) in tasks.enumerated() {
            var (place, skipped) = (0, task.skipped)
            for range in task.keyRanges {
                let rows = range.lowerBound - skipped..<range.upperBound
                var known = found[rows.lowerBound] ?? KeyRange(rows: rows, readers: Array(repeating: [], count: keyValueHeads))
                if rows.count > known.rows.count { known = KeyRange(rows: rows, readers: known.readers) }
                known.readers[task.keyHead].append(Reader(task: index, place: place, skipped: skipped))
                found[rows.lowerBound] = known
                place += range.count
                skipped = 0
            }
        }
        let ranges = found.values.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
        precondition(
            zip(ranges, ranges.dropFirst()).allSatisfy { $0.rows.upperBound <= $1.rows.lowerBound },
            "two runs of keys are the same or have no key in common")
        return ranges
    }
}
