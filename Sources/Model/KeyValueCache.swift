import Tensor

/// Keys and values of the tokens that a generation has read, so that each new token costs one row.
public final class KeyValueCache {
    /// The tokens whose keys and values are kept.
    public private(set) var tokens: [Int32] = []
    /// How many tokens fit at the most.
    public let capacity: Int
    let layers: [LayerCache]
    /// The shortest length of a text whose tokens have the angles of the keys that are kept; `nil` without keys, and 0 where
    /// some have others, as they have when a text grows under dynamic scaling.
    private var length: Int?

    /// An empty cache; memory is taken as tokens come.
    ///
    /// - Parameters:
    ///   - configuration: of the model that it is for
    ///   - capacity: how many tokens fit at the most
    public init(_ configuration: ModelConfiguration, capacity: Int) {
        self.capacity = capacity
        layers = (0..<configuration.layerCount).map { LayerCache(capacity: capacity, window: configuration.window(ofLayer: $0)) }
    }

    /// How many tokens are kept.
    public var count: Int { tokens.count }

    /// Forgets all but the first tokens; those too where a layer with a window has forgotten what the next token
    /// would see. ``count`` says then that none is left.
    public func keep(_ count: Int) {
        guard count < tokens.count else { return }
        let count = layers.allSatisfy { $0.canKeep(count) } ? count : 0
        tokens.removeLast(tokens.count - count)
        for layer in layers { layer.keep(count) }
        if count == 0 { length = nil }
    }

    /// Whether keys that are kept are turned as they are in a text of so many tokens.
    func hasAngles(ofLength length: Int, _ configuration: ModelConfiguration) -> Bool {
        self.length.map { $0 == configuration.shortestLength(like: length) } ?? true
    }

    /// How many tokens of `prompt` are kept already, from the start on.
    func commonCount(_ prompt: [Int32]) -> Int {
        zip(tokens, prompt).prefix { $0 == $1 }.count
    }

    /// Notes the tokens of rows that the layers have kept.
    func append(_ tokens: [Int32], _ configuration: ModelConfiguration) {
        self.tokens += tokens
        length = hasAngles(ofLength: count, configuration) ? configuration.shortestLength(like: count) : 0
    }
}

/// The keys and values of one layer.
///
/// With a window it forgets, when memory runs short, what no later query sees: it takes at the most memory for twice
/// the window, some lanes and the rows of one pass.
final class LayerCache {
    private let capacity: Int
    /// How many keys a query sees at the most, its own among them; `nil` for all.
    private let window: Int?
    private var kept: (keys: Tensor, values: Tensor)?
    /// How many rows are kept.
    private var count = 0
    /// How many tokens come before the first whose row is kept.
    private var forgotten = 0

    init(capacity: Int, window: Int? = nil) { (self.capacity, self.window) = (capacity, window) }

    /// How many rows there is memory for.
    var allocatedRows: Int { kept?.keys.rows ?? 0 }

    /// Whether nothing is forgotten that queries see through a window, or that all see where it is `nil`.
    func serves(_ other: Int?) -> Bool { window.map { window in other.map { $0 <= window } ?? false } ?? true }

    /// Whether all rows are there that a query after the first tokens sees.
    func canKeep(_ count: Int) -> Bool { forgotten <= firstSeen(from: count) }

    /// Forgets the rows of all but the first tokens: as many as it can keep, or none.
    func keep(_ count: Int) {
        if count == 0 { forgotten = 0 }
        self.count = min(count - forgotten, self.count)
    }

    /// How many tokens come before the first whose row is kept when more rows have been appended.
    func forgotten(with rows: Int) -> Int {
        guard let window else { return forgotten }
        let isTooLarge = allocatedRows > 2 * window + AttentionPlan.lanes + rows
        guard count + rows > allocatedRows || isTooLarge else { return forgotten }
        // Whole lanes, so that results are what they would be had nothing been forgotten.
        return forgotten + (firstSeen(from: forgotten + count) - forgotten) / AttentionPlan.lanes * AttentionPlan.lanes
    }

    /// Keeps the rows of `k` and `v`, and returns all rows that are kept now: all but the first
    /// ``forgotten(with:)`` tokens have one.
    func append(_ k: Tensor, _ v: Tensor) -> (keys: Tensor, values: Tensor) {
        let kept = room(for: k, v)
        kept.keys.replaceRows(from: count, with: k)
        kept.values.replaceRows(from: count, with: v)
        count += k.rows
        return (kept.keys.prefix(rows: count), kept.values.prefix(rows: count))
    }

    /// The place of the first token that a query at a place sees.
    private func firstSeen(from place: Int) -> Int { window.map { max(0, place + 1 - $0) } ?? 0 }

    /// Memory that the rows fit in besides those that are kept; where it is too small it doubles, but for what a window
    /// leaves unused.
    private func room(for k: Tensor, _ v: Tensor) -> (keys: Tensor, values: Tensor) {
        let dropped = forgotten(with: k.rows) - forgotten
        let needed = count - dropped + k.rows
        if let kept, dropped == 0, needed <= kept.keys.rows { return kept }
        let doubled = 2 * (kept?.keys.rows ?? 128)
        let rows = min(capacity, max(needed, window.map { min(doubled, needed + $0) } ?? doubled))
        let grown = (Tensor(zeros: [rows, k.width], like: k), Tensor(zeros: [rows, v.width], like: v))
        if let kept, count > dropped {
            grown.0.replaceRows(from: 0, with: kept.keys, rows: dropped..<count)
            grown.1.replaceRows(from: 0, with: kept.values, rows: dropped..<count)
        }
        (kept, count, forgotten) = (grown, count - dropped, forgotten + dropped)
        return grown
    }
}
