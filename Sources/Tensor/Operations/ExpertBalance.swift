/// How evenly experts are used, as a loss that is added to the model's: its gradient joins the router's where
/// the backward pass comes by.
///
/// With `p` a token's probabilities and E experts, K of them a token:
/// - of each sequence of T tokens (DeepSeekMoE, Dai et al. 2024): `Σe fe Pe`, `fe = E / (K T) · uses of e`,
///   `Pe` the mean of `pe`; and of that the mean over the sequences
/// - over the batch of N tokens (Fedus et al. 2021): `E Σe fe Pe`, `fe = uses of e / N`; or with uses of a Kth each,
///   as DeepSeek's code has it where it does not go by sequences: `fe = uses of e / (K N)`
/// - over the batch and all layers together (``ExpertPool``).
///
/// Uses have no gradient.
public final class ExpertBalance {
    let coefficient: Float
    let isOverBatch: Bool
    let countsWholeUses: Bool
    /// The rows of each sequence. One row may belong to several.
    let sequences: [[Range<Int>]]
    let gradientScale: Float
    /// What measures all layers together, and the number of this one; `nil` where each layer is measured for itself.
    private let pool: (ExpertPool, layer: Int)?
    /// The loss, times the coefficient.
    public private(set) var loss: Float = 0
    /// How many tokens went to each expert, one that several sequences share counted for each.
    public private(set) var uses: [Int] = []

    /// A balance of one layer's experts in one pass.
    ///
    /// - Parameters:
    ///   - coefficient: the factor of the loss
    ///   - isOverBatch: whether all sequences count as one
    ///   - countsWholeUses: whether each of a token's K experts has a whole use, and not a Kth
    ///   - sequences: the rows of each
    ///   - gradientScale: the seed with which the backward pass begins
    ///   - pool: what measures all layers together, with the number of this one; the loss is the pool's then
    public init(
        coefficient: Float, isOverBatch: Bool, countsWholeUses: Bool, sequences: [[Range<Int>]], gradientScale: Float,
        pool: (ExpertPool, layer: Int)? = nil
    ) {
        self.pool = pool
        self.coefficient = coefficient
        self.isOverBatch = isOverBatch
        self.countsWholeUses = countsWholeUses
        self.sequences = sequences.filter { $0.contains { !$0.isEmpty } }
        self.gradientScale = gradientScale
    }

    /// Measures the balance.
    ///
    /// - Returns: the derivative of the loss by each probability, scaled, `[tokens * experts]`; to be asked for when all layers
    ///   are measured
    func measure(_ probabilities: [Float], _ chosen: [Int32], experts: Int, perToken: Int) -> () -> [Float] {
        var gradient = [Float](repeating: 0, count: probabilities.count)
        uses = Array(repeating: 0, count: experts)
        var sum = 0.0
        let groups = isOverBatch ? [sequences.flatMap { $0 }] : sequences
        for ranges in groups {
            var (counts, means, length) = ([Int](repeating: 0, count: experts), [Double](repeating: 0, count: experts), 0)
            for row in ranges.joined() {
                length += 1
                for slot in row * perToken..<(row + 1) * perToken { counts[Int(chosen[slot])] += 1 }
                for expert in 0..<experts { means[expert] += Double(probabilities[row * experts + expert]) }
            }
            guard length > 0 else { continue }
            if let pool {
                uses = counts
                pool.0.add(ExpertPool.Layer(uses: counts, probabilities: means, tokens: length), number: pool.layer)
                return { [pool = pool.0, coefficient, gradientScale] in
                    let slopes = pool.slopes.map { Float(Double(coefficient) * Double(gradientScale) * $0) }
                    var gradient = [Float](repeating: 0, count: probabilities.count)
                    for row in ranges.joined() {
                        for expert in 0..<experts { gradient[row * experts + expert] += slopes[expert] }
                    }
                    return gradient
                }
            }
            let share = Double(experts) / Double(length) / Double(countsWholeUses ? 1 : perToken)
            for expert in 0..<experts {
                uses[expert] += counts[expert]
                sum += share * Double(counts[expert]) * means[expert] / Double(length)
            }
            let factor = Double(coefficient) * Double(gradientScale) / Double(groups.count) * share / Double(length)
            let slopes = counts.map { Float(factor * Double($0)) }
            for row in ranges.joined() {
                for expert in 0..<experts { gradient[row * experts + expert] += slopes[expert] }
            }
        }
        loss = Float(Double(coefficient) * sum / Double(max(groups.count, 1)))
        return { [gradient] in gradient }
    }
}
