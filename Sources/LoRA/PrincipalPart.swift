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
}
