import Tensor

/// One packed row of tokens as the model reads it: sequences one behind the other, attention never
/// looking from one into another, and beginnings that several sequences share standing in it once.
public struct TokenRow: Sendable {
    /// The ids, one sequence behind the other.
    public let tokens: [Int32]
    /// Each token's place in its own sequence.
    public let positions: [Int32]
    /// Which tokens see which; together they hold every token as a query once.
    public let segments: [AttentionSegment]
    /// The rows of each sequence; rows that sequences share are in several.
    public let sequences: [[Range<Int>]]
    /// How long the text of each sequence is, on which the rotary angles of some models depend: the tokens of its rows, and
    /// one that follows them where it is predicted alone.
    public let lengths: [Int]
    /// The runs of tokens that form the sequences.
    let branches: [Branch]

    /// A run of tokens, each of which continues the one before.
    public typealias Branch = SequenceRun

    /// Sequences that may share their beginnings.
    ///
    /// - Parameters:
    ///   - branches: runs of tokens that form trees: sequences are the ways from their roots
    ///   - sequences: the rows of each sequence, where not each ends with a run that none continues, or where
    ///     several are alike; what is averaged over sequences asks for it
    ///   - followed: whether each sequence has a last token that is no row, since it is predicted alone
    public init(_ tokens: [Int32], branches: [Branch], sequences: [[Range<Int>]]? = nil, followed: Bool = false) {
        self.tokens = tokens
        self.branches = branches
        var positions: [Int32] = []
        positions.reserveCapacity(tokens.count)
        var paths: [[Range<Int>]] = []
        segments = branches.map { branch in
            precondition(branch.rows.lowerBound == positions.count, "runs follow one another")
            let before = branch.parent.map { paths[$0] } ?? []
            let start = before.reduce(0) { $0 + $1.count }
            positions += (0..<branch.rows.count).map { Int32(start + $0) }
            paths.append(before + [branch.rows])
            return AttentionSegment(
                queries: branch.rows, keys: paths[paths.count - 1],
                visibleKeys: (0..<branch.rows.count).map { Int32(start + $0 + 1) })
        }
        precondition(positions.count == tokens.count, "the runs cover the row")
        let continued = Set(branches.compactMap(\.parent))
        let found = sequences ?? paths.indices.filter { !continued.contains($0) }.map { paths[$0] }
        self.sequences = found
        lengths = found.map { $0.reduce(followed ? 1 : 0) { $0 + $1.count } }
        self.positions = positions
    }

    /// Whether some row is in several sequences.
    var sharesRows: Bool { sequences.joined().reduce(0) { $0 + $1.count } > tokens.count }

    /// Sequences one behind the other.
    ///
    /// - Parameter segmentOffsets: the start of each sequence, and the end of the last
    public init(packed tokens: [Int32], segmentOffsets: [Int]) {
        self.init(
            tokens,
            branches: zip(segmentOffsets, segmentOffsets.dropFirst()).compactMap { start, end in
                start == end ? nil : Branch(rows: start..<end, parent: nil)
            })
    }

    /// What comes after `kept` tokens of one sequence, whose keys and values are in a cache.
    public init(continuing kept: Int, with tokens: [Int32]) {
        self.tokens = tokens
        positions = tokens.indices.map { Int32(kept + $0) }
        segments = [AttentionSegment(queries: 0..<tokens.count, keys: 0..<kept + tokens.count)]
        sequences = [[0..<tokens.count]]
        lengths = [kept + tokens.count]
        branches = [Branch(rows: 0..<tokens.count, parent: nil)]
    }

    /// The rows of the tokens that come before each token in its sequence, as `causalConvolution` takes them: the farthest
    /// first, and -1 before the start of the sequence.
    ///
    /// - Parameters:
    ///   - count: how many of each token
    ///   - kept: rows that stand before those of the row's tokens: of the tokens that its one sequence continues
    /// - Returns: `(kept + tokens.count) * count`, of the kept rows -1 alone
    func predecessors(_ count: Int, after kept: Int = 0) -> [Int32] {
        var predecessors = [Int32](repeating: -1, count: kept * count)
        predecessors.reserveCapacity((kept + tokens.count) * count)
        for branch in branches {
            // What comes before the run, the nearest first.
            var before: [Int] = []
            var next = branch.parent
            while let parent = next, before.count < count {
                before += branches[parent].rows.reversed().prefix(count - before.count).map { kept + $0 }
                next = branches[parent].parent
            }
            before += (0..<kept).reversed()
            for place in 0..<branch.rows.count {
                for distance in (1...max(count, 1)).reversed() where distance <= count {
                    let index = distance - place - 1
                    let row = index < 0 ? kept + branch.rows.lowerBound + place - distance : index < before.count ? before[index] : -1
                    predecessors.append(Int32(row))
                }
            }
        }
        return predecessors
    }

    /// The segments where a cache has forgotten the rows of the first keys.
    ///
    /// - Parameters:
    ///   - forgotten: how many; no query sees one of them
    ///   - rows: ascending places in the row that are queries; `nil` for all
    func segments(after forgotten: Int, of rows: [Int32]?) -> [AttentionSegment] {
        let segments = rows.map { self.segments(of: $0) } ?? segments
        guard forgotten > 0 else { return segments }
        return segments.map { segment in
            AttentionSegment(
                queries: segment.queries,
                keys: segment.keys.map { max(0, $0.lowerBound - forgotten)..<max(0, $0.upperBound - forgotten) },
                visibleKeys: segment.visibleKeys.map { $0 - Int32(forgotten) })
        }
    }

    /// The segments for queries that are only some of the row's tokens.
    ///
    /// - Parameter rows: ascending places in the row
    func segments(of rows: [Int32]) -> [AttentionSegment] {
        var next = 0
        return segments.sorted { $0.queries.lowerBound < $1.queries.lowerBound }.compactMap { segment in
            let first = next
            while next < rows.count, Int(rows[next]) < segment.queries.upperBound { next += 1 }
            guard next > first else { return nil }
            return AttentionSegment(
                queries: first..<next, keys: segment.keys,
                visibleKeys: rows[first..<next].map { segment.visibleKeys[Int($0) - segment.queries.lowerBound] })
        }
    }
}
