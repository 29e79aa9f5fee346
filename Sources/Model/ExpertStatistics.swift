import Tensor

/// The balance of the experts of every layer in one pass.
final class ExpertStatistics {
    private let configuration: ExpertConfiguration
    private let sequences: [[Range<Int>]]
    private let gradientScale: Float
    private var balances: [Int: ExpertBalance] = [:]
    /// Of all layers together, where they are balanced so.
    private let pool: ExpertPool?

    /// - Parameter gradientScale: the seed of the backward pass to come
    init(_ configuration: ExpertConfiguration, sequences: [[Range<Int>]], gradientScale: Float) {
        self.configuration = configuration
        self.sequences = sequences
        self.gradientScale = gradientScale
        pool = configuration.balance == .overLayers ? ExpertPool() : nil
    }

    /// What measures a layer. A layer that is computed again measures again.
    func balance(ofLayer index: Int) -> ExpertBalance {
        let balance = ExpertBalance(
            coefficient: configuration.auxiliaryCoefficient, isOverBatch: configuration.balance != .perSequence,
            countsWholeUses: [.overBatch, .overLayers].contains(configuration.balance), sequences: sequences,
            gradientScale: gradientScale, pool: pool.map { ($0, index) })
        balances[index] = balance
        return balance
    }

    /// The auxiliary loss of all layers.
    var loss: Float {
        if let pool { return Float(Double(configuration.auxiliaryCoefficient) * pool.loss) }
        return balances.values.map(\.loss).sorted().reduce(0, +)
    }

    /// How many tokens went to each expert, layer by layer.
    var uses: [[Int]] { balances.sorted { $0.key < $1.key }.map(\.value.uses) }
}
