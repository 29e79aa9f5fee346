/// Samples as one row of tokens in which what several of them begin with stands once.
///
/// What the model computes at a token depends on the tokens before it in its sample and on nothing else. So a row can
/// serve every sample that has the same ids from its start up to there, and no other.
///
/// The samples are sorted by their ids. Those with a common beginning then stand side by side, and how much two
/// neighbours have in common says where the trie branches: it is cut out of the sorted list from the front, without a
/// lookup for each token. Sorting compares O(tokens · log samples) ids, all the rest goes once over the tokens.
struct PrefixTrie {
    /// How many tokens a run must have for a segment of its own that several samples continue.
    ///
    /// A segment has a price whatever its length: a start of the attention in every layer and head, and a shorter run
    /// of rows for each that continues it. Some tokens computed twice cost less.
    static let leastSharedRun = 8

    private(set) var tokens: [Int32] = []
    private(set) var positions: [Int32] = []
    private(set) var segments: [Batch.Segment] = []
    private(set) var predictions: [Batch.Prediction] = []
    /// The rows of each path, in the order of the samples; none for a sample of fewer than two ids.
    private(set) var sampleRows: [[Range<Int>]]

    /// - Parameters:
    ///   - samples: In the order of the batch.
    ///   - sharing: Whether samples share rows; if not, each is a segment of its own, in their order.
    init(_ samples: [Sample], sharing: Bool) {
        let paths = SamplePaths(samples, sharing: sharing)
        sampleRows = Array(repeating: [], count: samples.count)
        // Depth first: what lies last is taken first. Not by recursion, for a trie can be as deep as a sample is long.
        var pending: [(members: Range<Int>, depth: Int, parent: Int?)] = []
        func put(_ branches: [Range<Int>], depth: Int, parent: Int?) {
            for members in branches.reversed() { pending.append((members, depth, parent)) }
        }
        put(paths.branches(of: paths.indices, at: 0), depth: 0, parent: nil)
        while let (members, depth, parent) = pending.popLast() {
            let end = paths.end(of: members)
            append(members, of: paths, depth..<end, parent: parent)
            put(paths.branches(of: members, at: end), depth: end, parent: segments.count - 1)
        }
    }

    /// Adds the segment of the paths `members`, which are one from `depths.lowerBound` to `depths.upperBound`.
    private mutating func append(_ members: Range<Int>, of paths: SamplePaths, _ depths: Range<Int>, parent: Int?) {
        let start = tokens.count
        tokens += paths[members.upperBound - 1].ids[depths]
        positions += Int32(depths.lowerBound)..<Int32(depths.upperBound)
        segments.append(Batch.Segment(rows: start..<tokens.count, parent: parent))
        for member in members {
            let count = min(depths.upperBound, paths.rowCount(member)) - depths.lowerBound
            if count > 0 { sampleRows[paths.place(member)].append(start..<start + count) }
        }
        var targets: [Int32] = []
        for depth in depths {
            targets.removeAll(keepingCapacity: true)
            for member in members where depth < paths.rowCount(member) && paths[member].mask[depth + 1] {
                targets.append(paths[member].ids[depth + 1])
            }
            targets.sort()
            let row = Int32(start + depth - depths.lowerBound)
            var rest = targets[...]
            while let target = rest.first {
                let others = rest.drop { $0 == target }
                predictions.append(Batch.Prediction(row: row, target: target, count: Int32(rest.count - others.count)))
                rest = others
            }
        }
    }
}

/// The samples that need a row, so sorted that those with a common beginning are neighbours, and those that are the
/// beginning of others stand in front of them.
private struct SamplePaths {
    /// The samples, each with its place in the batch.
    private let paths: [(place: Int, sample: Sample)]
    /// How many rows each path has in common with the next; none for the last.
    private let common: [Int]

    init(_ samples: [Sample], sharing: Bool) {
        // The last id of a sample is only a target, so fewer than two ids need no row.
        var paths = samples.enumerated().map { (place: $0, sample: $1) }.filter { $0.sample.ids.count > 1 }
        guard sharing, !paths.isEmpty else {
            self.paths = paths
            common = Array(repeating: 0, count: paths.count)
            return
        }
        paths.sort { a, b in
            let depth = Self.commonRows(a.sample, b.sample)
            let (endOfA, endOfB) = (a.sample.ids.count - 1, b.sample.ids.count - 1)
            if depth < min(endOfA, endOfB) { return a.sample.ids[depth] < b.sample.ids[depth] }
            return (endOfA, a.place) < (endOfB, b.place)
        }
        self.paths = paths
        common = zip(paths, paths.dropFirst()).map { Self.commonRows($0.sample, $1.sample) } + [0]
    }

    var indices: Range<Int> { paths.indices }

    subscript(index: Int) -> Sample { paths[index].sample }

    /// The place of a path's sample in the batch.
    func place(_ index: Int) -> Int { paths[index].place }

    /// How many rows a path has: one for each id but the last.
    func rowCount(_ index: Int) -> Int { paths[index].sample.ids.count - 1 }

    /// The segments that continue at a depth where neighbours of `members` part, those of the earliest sample first.
    ///
    /// Paths stay together where a shared segment pays. A path that is the beginning of the next one stays with it
    /// however short it is, since it needs no segment: it ends within the other's.
    func branches(of members: Range<Int>, at depth: Int) -> [Range<Int>] {
        var branches: [(first: Int, members: Range<Int>)] = []
        // The paths that have ended stand in front.
        var start = members.first { rowCount($0) > depth } ?? members.upperBound
        var first = Int.max
        for index in start..<members.upperBound {
            first = min(first, paths[index].place)
            let isTogether = common[index] >= depth + PrefixTrie.leastSharedRun || isBeginningOfNext(index)
            if isTogether, index + 1 < members.upperBound { continue }
            branches.append((first, start..<index + 1))
            (start, first) = (index + 1, .max)
        }
        return branches.sorted { $0.first < $1.first }.map(\.members)
    }

    /// The depth to which paths that stay together are one: where the first two part, or the end of the longest.
    func end(of members: Range<Int>) -> Int {
        let partings = members.dropLast().lazy.filter { !isBeginningOfNext($0) }.map { common[$0] }
        return partings.min() ?? rowCount(members.upperBound - 1)
    }

    private func isBeginningOfNext(_ index: Int) -> Bool { common[index] == rowCount(index) }

    private static func commonRows(_ a: Sample, _ b: Sample) -> Int {
        let end = min(a.ids.count, b.ids.count) - 1
        return (0..<end).first { a.ids[$0] != b.ids[$0] } ?? end
    }
}
