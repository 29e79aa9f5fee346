import Tensor

/// What a generation keeps of the tokens that it has read, so that each new token costs one row: keys and values, of short
/// convolutions their last inputs, and of linear attention its states.
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
        layers = (0..<configuration.layerCount).map {
            let isConvolution = if case .shortConvolution = configuration.kind(ofLayer: $0) { true } else { false }
            return LayerCache(
                capacity: capacity, window: configuration.reach(ofLayer: $0), spare: isConvolution ? Self.spareInputs : 0)
        }
    }

    /// How many tokens one can go back over although a convolution reads no more than a few.
    private static let spareInputs = 128

    /// How many tokens are kept.
    public var count: Int { tokens.count }

    /// Forgets all but the first tokens; those too where a layer with a window, or a convolution, has forgotten what the next token
    /// would see, or where the states of linear attention have gone on. ``count`` says then that none is left.
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

/// The keys and values of one layer, or the inputs of its convolution, and the states of its linear attention.
///
/// With a window it forgets, when memory runs short, what no later query sees: it takes at the most memory for twice
/// the window, some lanes and the rows of one pass.
final class LayerCache {
    private let capacity: Int
    /// How many keys a query sees at the most, its own among them; `nil` for all.
    private let window: Int?
    /// How many more it remembers, so that one can go back.
    private let spare: Int
    private var kept: [Tensor] = []
    /// What linear attention has learnt of all tokens so far, none of which can be taken back.
    private var states: Tensor?
    /// How many rows are kept.
    private var count = 0
    /// How many tokens come before the first whose row is kept.
    private var forgotten = 0

    init(capacity: Int, window: Int? = nil, spare: Int = 0) { (self.capacity, self.window, self.spare) = (capacity, window, spare) }

    /// How many rows it does not forget.
    private var remembered: Int? { window.map { $0 + spare } }

    /// How many rows there is memory for.
    var allocatedRows: Int { kept.first?.rows ?? 0 }

    /// Whether nothing is forgotten that queries see through a window, or that all see where it is `nil`.
    func serves(_ other: Int?) -> Bool { window.map { window in other.map { $0 <= window } ?? false } ?? true }

    /// Whether all rows are there that a query after the first tokens sees.
    func canKeep(_ count: Int) -> Bool { states == nil && forgotten <= firstSeen(from: count) }

    /// Forgets the rows of all but the first tokens: as many as it can keep, or none.
    func keep(_ count: Int) {
        if count == 0 { (forgotten, states) = (0, nil) }
        self.count = min(count - forgotten, self.count)
    }

    /// How many tokens come before the first whose row is kept when more rows have been appended.
    func forgotten(with rows: Int) -> Int {
        guard let remembered else { return forgotten }
        let isTooLarge = allocatedRows > 2 * remembered + AttentionPlan.lanes + rows
        guard count + rows > allocatedRows || isTooLarge else { return forgotten }
        // Whole lanes, so that results are what they would be had nothing been forgotten.
        let first = max(0, forgotten + count + 1 - remembered)
        return forgotten + max(0, first - forgotten) / AttentionPlan.lanes * AttentionPlan.lanes
    }

    /// Keeps the rows of `k` and `v`, and returns all rows that are kept now: all but the first
    /// ``forgotten(with:)`` tokens have one.
    func append(_ k: Tensor, _ v: Tensor) -> (keys: Tensor, values: Tensor) {
        let all = append([k, v])
        return (all[0], all[1])
    }

    /// Keeps the rows of a convolution's input, and returns the last rows that are kept now.
    ///
    /// - Parameter rows: how many; at the most those of the window
    func append(_ x: Tensor, last rows: Int) -> Tensor {
        let all = append([x])[0]
        return gatherRows(all, (all.rows - rows..<all.rows).map(Int32.init))
    }

    /// The states of linear attention, which are changed in place; zeros before the first token.
    func states(of heads: DeltaHeads) -> Tensor {
        let states = states ?? heads.emptyStates
        self.states = states
        return states
    }

    private func append(_ parts: [Tensor]) -> [Tensor] {
        let kept = room(for: parts)
        for (kept, part) in zip(kept, parts) { kept.replaceRows(from: count, with: part) }
        count += parts[0].rows
        return kept.map { $0.prefix(rows: count) }
    }

    /// The place of the first token that a query at a place sees.
    private func firstSeen(from place: Int) -> Int { window.map { max(0, place + 1 - $0) } ?? 0 }

    /// Memory that the rows fit in besides those that are kept; where it is too small it doubles, but for what a window
    /// leaves unused.
    private func room(for parts: [Tensor]) -> [Tensor] {
        let added = parts[0].rows
        let dropped = forgotten(with: added) - forgotten
        let needed = count - dropped + added
        if !kept.isEmpty, dropped == 0, needed <= allocatedRows { return kept }
        let doubled = 2 * (kept.isEmpty ? 128 : allocatedRows)
        let rows = min(capacity, max(needed, remembered.map { min(doubled, needed + $0) } ?? doubled))
        let grown = parts.map { Tensor(zeros: [rows, $0.width], like: $0) }
        if !kept.isEmpty, count > dropped {
            for (grown, kept) in zip(grown, kept) { grown.replaceRows(from: 0, with: kept, rows: dropped..<count) }
        }
        (kept, count, forgotten) = (grown, count - dropped, forgotten + dropped)
        return grown
    }
}
