import Tensor

/// What PiSSA (Meng et al. 2024) takes off a weight to train it: its largest singular values with their vectors.
///
/// `scale B₀ A₀` is the part, so that `W - scale B₀ A₀ + scale B A` is the adapted weight. What is saved has to work on
/// the untouched base: `scale (B A - B₀ A₀)`, an adapter of twice the rank.
struct PrincipalPart {
    let factors: LowRankFactors
    /// The weight before, in the type in which it is kept.
    let original: Tensor

    init(of weight: Tensor, rank: Int, scale: Float, seed: UInt64) {
        let values = weight.values
        original = Tensor(values, shape: weight.shape, precision: weight.precision)
        let parts = TruncatedSVD(Tensor(values, shape: weight.shape), rank: rank, seed: seed)
        let roots = parts.values.map { ($0 / scale).squareRoot() }
        let (left, right, width) = (parts.left.values, parts.right.values, weight.shape[1])
        factors = LowRankFactors(
            a: Tensor(right.indices.map { right[$0] * roots[$0 / width] }, shape: [rank, width]),
            b: Tensor(left.indices.map { left[$0] * roots[$0 % rank] }, shape: [weight.shape[0], rank]), scale: scale)
    }

    /// Factors of the same values, to be trained.
    var copy: LowRankFactors {
        LowRankFactors(
            a: Tensor(factors.a.values, shape: factors.a.shape), b: Tensor(factors.b.values, shape: factors.b.shape),
            scale: factors.scale)
    }

    /// Leaves the weight what the part is not.
    func take(from weight: Tensor) {
        weight.replaceValues(zip(original.values, factors.product.values).map { $0 - $1 })
    }

    /// Sets the weight as it was.
    func giveBack(to weight: Tensor) { weight.replaceValues(original.values) }

    /// The trained factors with the part taken off: `A = [A; A₀]`, `B = [B, -B₀]`.
    func difference(_ trained: LowRankFactors) -> (a: StoredTensor, b: StoredTensor) {
        let (rank, rows) = (trained.rank, trained.b.shape[0])
        let (now, start) = (trained.b.values, factors.b.values)
        var b: [Float] = []
        b.reserveCapacity(2 * rows * rank)
        for row in 0..<rows {
            let places = row * rank..<(row + 1) * rank
            b += now[places]
            b += start[places].map { -$0 }
        }
        return (
            StoredTensor(shape: [2 * rank, trained.a.shape[1]], floats: trained.a.values + factors.a.values),
            StoredTensor(shape: [rows, 2 * rank], floats: b)
        )
    }
}
