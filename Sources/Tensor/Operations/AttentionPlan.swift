/// How the attention of a packed row is dealt to cores: made once a row, used by every layer, forward and
/// backward. It depends on the segments and heads alone, and so do results.
public struct AttentionPlan: Sendable {
    /// Query rows whose scores are held at once.
    static let blockRows = 64

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
        /// How many keys the last of these queries sees.
        let keys: Int
        /// The same in whole lanes.
        let columns: Int
        /// Rows of the keys, `keys` in all.
        let keyRanges: [Range<Int>]
        let blocks: [Block]
    }

    /// A block of queries of one head.
    struct Block: Sendable {
        let head: Int
        /// Rows of the queries.
        let rows: Range<Int>
        /// How many keys each query sees.
        let visible: [Int32]
        /// How many keys the block computes with, in whole lanes.
        let columns: Int
    }

    /// A run of keys, and who sees it.
    struct KeyRange: Sendable {
        let rows: Range<Int>
        /// For each head of keys the tasks that see the run, in their order, and where it begins among
        /// the keys that the task sees.
        var readers: [[(task: Int, place: Int)]]
    }

    /// Deals the segments of a row.
    ///
    /// - Parameters:
    ///   - segments: no query is in two of them; two runs of keys are the same or have no key in common
    ///   - heads: a multiple of `keyValueHeads`
    public init(_ segments: [AttentionSegment], heads: Int, keyValueHeads: Int) {
        precondition(heads % keyValueHeads == 0, "\(heads) heads, \(keyValueHeads) of keys")
        self.segments = segments
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        let tasks = segments.flatMap { Self.tasks(of: $0, heads: heads, keyValueHeads: keyValueHeads) }
            .sorted { $0.keys * $0.blocks.count > $1.keys * $1.blocks.count }
        self.tasks = tasks
        keyRanges = Self.readers(tasks, keyValueHeads: keyValueHeads)
        visiblePairs = segments.reduce(0) { $0 + $1.visibleKeys.reduce(0) { $0 + Int($1) } }
    }

    /// A count of columns rounded up to what products compute at once.
    static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    private static func tasks(of segment: AttentionSegment, heads: Int, keyValueHeads: Int) -> [Task] {
        // At most four parts a segment: in the backward pass each holds sums for all keys it sees.
        let quarter = (segment.queries.count + 3) / 4
        let height = max(256, (quarter + blockRows - 1) / blockRows * blockRows)
        return stride(from: 0, to: segment.queries.count, by: height).flatMap { first in
            let queries = first..<min(first + height, segment.queries.count)
            let keys = Int(segment.visibleKeys[queries.upperBound - 1])
            let ranges = firstRows(keys, of: segment.keys)
            return (0..<keyValueHeads).map { keyHead in
                let group = heads / keyValueHeads
                let blocks = (keyHead * group..<(keyHead + 1) * group).flatMap { Self.blocks(of: segment, queries, head: $0) }
                return Task(keyHead: keyHead, keys: keys, columns: padded(keys), keyRanges: ranges, blocks: blocks)
            }
        }
    }

    private static func blocks(of segment: AttentionSegment, _ queries: Range<Int>, head: Int) -> [Block] {
        stride(from: queries.lowerBound, to: queries.upperBound, by: blockRows).map { first in
            let last = min(first + blockRows, queries.upperBound)
            return Block(
                head: head, rows: segment.queries.lowerBound + first..<segment.queries.lowerBound + last,
                visible: Array(segment.visibleKeys[first..<last]), columns: padded(Int(segment.visibleKeys[last - 1])))
        }
    }

    /// The first `count` rows of some ranges.
    private static func firstRows(_ count: Int, of ranges: [Range<Int>]) -> [Range<Int>] {
        var rest = count
        return ranges.compactMap { range in
            let part = range.prefix(rest)
            rest -= part.count
            return part.isEmpty ? nil : part
        }
    }

    private static func readers(_ tasks: [Task], keyValueHeads: Int) -> [KeyRange] {
        var found: [Int: KeyRange] = [:]
        for (index, task) in tasks.enumerated() {
            var place = 0
            for range in task.keyRanges {
                var known = found[range.lowerBound] ?? KeyRange(rows: range, readers: Array(repeating: [], count: keyValueHeads))
                if range.count > known.rows.count { known = KeyRange(rows: range, readers: known.readers) }
                known.readers[task.keyHead].append((index, place))
                found[range.lowerBound] = known
                place += range.count
            }
        }
        let ranges = found.values.sorted { $0.rows.lowerBound < $1.rows.lowerBound }
        precondition(
            zip(ranges, ranges.dropFirst()).allSatisfy { $0.rows.upperBound <= $1.rows.lowerBound },
            "two runs of keys are the same or have no key in common")
        return ranges
    }
}
