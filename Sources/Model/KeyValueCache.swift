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
        layers = (0..<configuration.layerCount).map { _ in
            LayerCache(capacity: capacity, width: configuration.keyValueDim)
        }
    }

    func advance(by tokens: Int) { count += tokens }
}

/// The keys and values of one layer.
final class LayerCache {
    private let keys: Tensor
    private let values: Tensor
    private var count = 0

    init(capacity: Int, width: Int) {
        keys = Tensor(repeating: 0, shape: [capacity, width])
        values = Tensor(repeating: 0, shape: [capacity, width])
    }

    /// Keeps the rows of `k` and `v`, and returns all rows that are kept now.
    func append(_ k: Tensor, _ v: Tensor) -> (keys: Tensor, values: Tensor) {
        for (kept, new) in [(keys, k), (values, v)] {
            kept.replaceRows(from: count, with: new)
        }
        count += k.rows
        return (keys.prefix(rows: count), values.prefix(rows: count))
    }
}
