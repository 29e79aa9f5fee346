/// A run of queries that attends to runs of keys, one behind the other on the way from the root of a
/// sequence to the queries: causal attention, whether the queries are a whole sequence, a branch behind
/// a shared beginning, or what came after keys that were kept.
public struct AttentionSegment: Sendable, Equatable {
    /// Rows of the queries.
    public let queries: Range<Int>
    /// Rows of the keys, in the order of positions; each row is in one of them.
    public let keys: [Range<Int>]
    /// How many of the keys, counted from the first, each query sees; never less than the query before.
    public let visibleKeys: [Int32]

    /// Queries that each see a number of keys.
    ///
    /// - Parameter visibleKeys: one a query, at least 1
    public init(queries: Range<Int>, keys: [Range<Int>], visibleKeys: [Int32]) {
        let keys = keys.filter { !$0.isEmpty }
        let count = keys.reduce(0) { $0 + $1.count }
        precondition(visibleKeys.count == queries.count, "one count of visible keys a query")
        precondition(visibleKeys.first.map { $0 >= 1 } ?? true && visibleKeys.last.map { $0 <= count } ?? true, "\(count) keys")
        precondition(zip(visibleKeys, visibleKeys.dropFirst()).allSatisfy(<=), "queries are in the order of positions")
        self.queries = queries
        self.keys = keys
        self.visibleKeys = visibleKeys
    }

    /// Queries the last of which sees all keys, the one before it one less, and so on.
    public init(queries: Range<Int>, keys: Range<Int>) {
        precondition(keys.count >= queries.count, "every query sees at least its own key")
        let before = keys.count - queries.count
        self.init(queries: queries, keys: [keys], visibleKeys: queries.indices.map { Int32(before + $0 - queries.lowerBound + 1) })
    }
}
