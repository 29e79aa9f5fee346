import Tensor

/// Keys and values of the tokens that a generation has read, so that each new token costs one row.
public final class KeyValueCache {
    /// The tokens whose keys and values are kept.
    public private(set) var tokens: [Int32] = []
    /// How many tokens fit at the most.
    public let capacity: Int
    let layers: [LayerCache]

    /// An empty cache; memory is taken as tokens come.
    ///
    /// - Parameters:
    ///   - configuration: of the model that it is for
    ///   - capacity: how many tokens fit at the most
    public init(_ configuration: ModelConfiguration, capacity: Int) {
        self.capacity = capacity
        layers = (0..<configuration.layerCount).map { _ in LayerCache(capacity: capacity) }
    }

    /// How many tokens are kept.
    public var count: Int { tokens.count }

    /// Forgets all but the first tokens.
    public func keep(_ count: Int) {
        guard count < tokens.count else { return }
        tokens.removeLast(tokens.count - count)
        for layer in layers { layer.keep(count) }
    }

    /// How many tokens of `prompt` are kept already, from the start on.
    func commonCount(_ prompt: [Int32]) -> Int {
        zip(tokens, prompt).prefix { $0 == $1 }.count
    }

    func append(_ tokens: [Int32]) { self.tokens += tokens }
}

/// The keys and values of one layer.
final class LayerCache {
    private let capacity: Int
    private var kept: (keys: Tensor, values: Tensor)?
    private var count = 0

    init(capacity: Int) { self.capacity = capacity }

    func keep(_ count: Int) { self.count = min(count, self.count) }

    /// Keeps the rows of `k` and `v`, and returns all rows that are kept now.
    func append(_ k: Tensor, _ v: Tensor) -> (keys: Tensor, values: Tensor) {
        let kept = room(for: k, v)
        kept.keys.replaceRows(from: count, with: k)
        kept.values.replaceRows(from: count, with: v)
        count += k.rows
        return (kept.keys.prefix(rows: count), kept.values.prefix(rows: count))
    }

    /// Memory that the rows fit in besides those that are kept; it doubles where it is too small.
    private func room(for k: Tensor, _ v: Tensor) -> (keys: Tensor, values: Tensor) {
        let needed = count + k.rows
        if let kept, needed <= kept.keys.rows { return kept }
        let rows = min(capacity, max(needed, 2 * (kept?.keys.rows ?? 128)))
        let grown = (Tensor(zeros: [rows, k.width], like: k), Tensor(zeros: [rows, v.width], like: v))
        if let kept, count > 0 {
            grown.0.replaceRows(from: 0, with: kept.keys.prefix(rows: count))
            grown.1.replaceRows(from: 0, with: kept.values.prefix(rows: count))
        }
        kept = grown
        return grown
    }
}
