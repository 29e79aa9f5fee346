/// The use of the experts of all layers together, as transformers balances it (`load_balancing_loss_func`): with E experts and N
/// tokens in each of L layers `E Σe fe Pe`, `fe = uses of e / (L N)`, `Pe` the mean of `pe` over tokens and layers.
///
/// A layer's share of the gradient depends on the uses in all of them, so it is known when the last one is measured.
public final class ExpertPool {
    /// What is known of one layer.
    struct Layer {
        /// How many tokens went to each expert.
        let uses: [Int]
        /// The sums of each expert's probabilities.
        let probabilities: [Double]
        let tokens: Int
    }

    private var layers: [Int: Layer] = [:]

    /// An empty pool, for one pass.
    public init() {}

    /// A layer that is computed again is measured again, and counts once.
    func add(_ layer: Layer, number: Int) { layers[number] = layer }

    private var tokens: Double { Double(layers.values.reduce(0) { $0 + $1.tokens }) }

    private func sums<Value: AdditiveArithmetic>(_ values: (Layer) -> [Value]) -> [Value] {
        // In the order of the layers: sums of floats are to be the same each time.
        layers.sorted { $0.key < $1.key }.reduce(into: []) { sums, layer in
            let layer = values(layer.value)
            sums = sums.isEmpty ? layer : zip(sums, layer).map { $0 + $1 }
        }
    }

    /// The loss, without a factor.
    public var loss: Double {
        let (uses, probabilities, tokens) = (sums(\.uses), sums(\.probabilities), tokens)
        guard tokens > 0 else { return 0 }
        return Double(uses.count) * zip(uses, probabilities).reduce(0) { $0 + Double($1.0) * $1.1 } / (tokens * tokens)
    }

    /// The derivative of the loss by each of an expert's probabilities, in whichever layer.
    var slopes: [Double] {
        let (uses, tokens) = (sums(\.uses), tokens)
        return uses.map { Double(uses.count) * Double($0) / (tokens * tokens) }
    }
}
