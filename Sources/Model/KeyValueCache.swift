import Tensor

/// Keys and values of the tokens that a generation has read, so that each new token costs one row.
public final class KeyValueCache {
    /// How many tokens are kept.
    public private(set) var count = 0
    /// How many tokens fit.
    public let capacity: Int
    let layers: [LayerCache]

    public init(_ configuration: ModelConfiguration, capacity: Int) {
        self.capacity = capacity
        layers = (0..<configuration.layerCount).map { _ in LayerCache(capacity: capacity) }
    }

    func advance(by tokens: Int) { count += tokens }
}

/// The keys and values of one layer.
final class LayerCache {
    private let capacity: Int
    private var kept: (keys: Tensor, values: Tensor)?
    private var count = 0

    init(capacity: Int) { self.capacity = capacity }

    /// Keeps the rows of `k` and `v`, and returns all rows that are kept now.
    func append(_ k: Tensor, _ v: Tensor) -> (keys: Tensor, values: Tensor) {
        let kept = self.kept ?? (Tensor(zeros: [capacity, k.width], like: k), Tensor(zeros: [capacity, v.width], like: v))
        self.kept = kept
        kept.keys.replaceRows(from: count, with: k)
        kept.values.replaceRows(from: count, with: v)
        count += k.rows
        return (kept.keys.prefix(rows: count), kept.values.prefix(rows: count))
    }
}
