/// Between which neighbours a pair of tokens may merge at once, though pairs of lower ranks are still to merge elsewhere.
///
/// A pair merges for certain, if no pair of the same or a lower rank can take one of its tokens from it; and when it does so makes
/// no difference, if none of the pairs of what it becomes has the same or a lower rank. Both depend on its two neighbours, and
/// on all that these may have become until then. But whatever a token becomes by pairs to its left, it ends with the same byte
/// or character, and by those to its right it begins with the same one. So tokens that begin alike are a class, and
/// tokens that end alike, and it is known for each pair beside which classes it has to wait for its turn.
struct MergeConflicts: Sendable {
    /// The classes of a token, each a bit. There are more than there are bits, and two of them may share one: some pairs then
    /// wait without need.
    struct Ends: Sendable {
        var first: UInt32 = 0
        var last: UInt32 = 0
    }

    /// A pair of the table.
    struct Pair {
        let left: Int32
        let right: Int32
        let token: Int32
        let entry: Int32
        let rank: Int32
    }

    /// By token; empty where ids lie so far apart that a list of them is too long.
    private(set) var ends: [Ends] = []
    /// By entry: the ends of the tokens before the pair, and the beginnings of those after it, that make it wait.
    private(set) var before: [UInt32]
    private(set) var after: [UInt32]

    /// - Parameters:
    ///   - pairs: In the order of their ranks.
    ///   - entryCount: The number of entries.
    init(_ pairs: [Pair], entryCount: Int) {
        before = Array(repeating: .max, count: entryCount)
        after = before
        let idCount = Int(pairs.reduce(-1) { max($0, $1.left, $1.right, $1.token) }) + 1
        guard idCount <= 16 * pairs.count + 65_536 else { return }

        var (firsts, lasts) = (TokenClasses(count: idCount), TokenClasses(count: idCount))
        for pair in pairs {
            firsts.unite(pair.left, pair.token)
            lasts.unite(pair.right, pair.token)
        }
        ends = (0..<Int32(idCount)).map { Ends(first: firsts.bit(of: $0), last: lasts.bit(of: $0)) }

        // By token: the ends of what may merge with it from the left, and the beginnings of what may from the right, up to a rank.
        var fromLeft = [UInt32](repeating: 0, count: idCount)
        var fromRight = fromLeft
        var start = 0
        while start < pairs.count {
            let end = pairs[start...].firstIndex { $0.rank != pairs[start].rank } ?? pairs.count
            for pair in pairs[start..<end] {
                fromLeft[Int(pair.right)] |= ends[Int(pair.left)].last
                fromRight[Int(pair.left)] |= ends[Int(pair.right)].first
            }
            for pair in pairs[start..<end] {
                before[Int(pair.entry)] = fromLeft[Int(pair.left)] | fromLeft[Int(pair.token)]
                after[Int(pair.entry)] = fromRight[Int(pair.right)] | fromRight[Int(pair.token)]
            }
            start = end
        }
    }
}

/// Sets of tokens that grow together, each known by its lowest token.
private struct TokenClasses {
    private var parents: [Int32]

    init(count: Int) { parents = Array(0..<Int32(count)) }

    mutating func unite(_ first: Int32, _ second: Int32) {
        let roots = (root(of: first), root(of: second))
        parents[Int(max(roots.0, roots.1))] = min(roots.0, roots.1)
    }

    mutating func bit(of token: Int32) -> UInt32 { 1 << UInt32(root(of: token) % 32) }

    private mutating func root(of token: Int32) -> Int32 {
        var token = token
        while parents[Int(token)] != token {
            // Each step halves the way for the next search.
            parents[Int(token)] = parents[Int(parents[Int(token)])]
            token = parents[Int(token)]
        }
        return token
    }
}
