import Tensor

/// An update that is attached to a linear layer: a low-rank one, or DoRA's.
///
/// It adds `weight · ΔW` to the layer's weight `W`, where `ΔW = scale B A`, or with a magnitude
/// `magnitude / ‖W + scale B A‖ · (W + scale B A) - W`, row by row.
public struct LinearUpdate {
    /// The adapter that it is a part of.
    public let name: String
    /// A and B, and the factor before them.
    public let factors: LowRankFactors
    /// DoRA's magnitude.
    public let magnitude: Magnitude?
    /// The share of the update's input that is left out in training.
    public var dropout: Float
    /// How much it counts; 0 switches it off.
    public var weight: Float
    /// The layer's weight as it was before the update's beginning was taken off it, as PiSSA does; given back where the
    /// update is taken off. `nil` where the weight was left alone.
    package var original: Tensor?

    /// The name where there is one adapter alone: PEFT's.
    public static let defaultName = "default"

    /// An update that counts, unless `weight` is 0, as soon as it is attached.
    ///
    /// - Parameters:
    ///   - factors: `A [rank, in]`, `B [out, rank]`
    ///   - magnitude: DoRA's, `[out]`
    ///   - dropout: from 0 to below 1
    public init(
        name: String = defaultName, factors: LowRankFactors, magnitude: Magnitude? = nil, dropout: Float = 0, weight: Float = 1
    ) {
        self.name = name
        self.factors = factors
        self.magnitude = magnitude
        self.dropout = dropout
        self.weight = weight
    }

    /// What is trained of it: A, B and the magnitude.
    public var tensors: [Tensor] { [factors.a, factors.b] + (magnitude.map { [$0.values] } ?? []) }

    /// `ΔW`, `[out, in]`, float32, times the update's weight.
    ///
    /// - Parameter original: the layer's weight, row by row
    public func delta(to original: [Float]) -> [Float] {
        var delta = factors.product.values
        guard let magnitude else { return weight == 1 ? delta : delta.map { weight * $0 } }
        let lengths = magnitude.values.values
        let width = delta.count / max(lengths.count, 1)
        for (row, length) in lengths.enumerated() {
            let places = row * width..<(row + 1) * width
            let norm = places.reduce(0.0) { sum, place in
                let value = Double(original[place]) + Double(delta[place])
                return sum + value * value
            }.squareRoot()
            let factor = norm > 0 ? Float(Double(length) / norm) : 0
            for place in places { delta[place] = weight * (factor * (original[place] + delta[place]) - original[place]) }
        }
        return delta
    }
}

/// DoRA's magnitude (Liu et al. 2024): the length of each row of a weight, which is trained apart from its direction.
public final class Magnitude {
    /// `[out]`
    public let values: Tensor
    private var squares: (changes: UInt64, tensor: Tensor)?
    private var norms: (version: Version, tensor: Tensor)?

    /// What the norms that are kept were computed from.
    private struct Version: Equatable {
        let a, b, weight: UInt64
        let scale: Float
        let precision: Precision
        let matmul: String
    }

    /// A magnitude that is known.
    ///
    /// - Parameter values: `[out]`
    public init(_ values: Tensor) { self.values = values }

    /// The lengths that the rows of `W + scale B A` have now.
    ///
    /// - Parameter weight: `[out, in]`
    public init(of weight: Tensor, _ factors: LowRankFactors) {
        let squares = weight.rowSquares
        self.squares = (weight.changes, squares)
        values = factors.rowNorms(of: weight, squares: squares)
    }

    /// The lengths of the rows of `W + scale B A`, computed anew where W, A or B changed.
    ///
    /// - Returns: `[out]`, float32
    func norms(of weight: Tensor, _ factors: LowRankFactors) -> Tensor {
        let context = ComputeContext.current
        let version = Version(
            a: factors.a.changes, b: factors.b.changes, weight: weight.changes, scale: factors.scale,
            precision: context.precision, matmul: context.matmul.name)
        if let norms, norms.version == version { return norms.tensor }
        if squares?.changes != weight.changes { squares = (weight.changes, weight.rowSquares) }
        let tensor = factors.rowNorms(of: weight, squares: squares?.tensor ?? weight.rowSquares)
        norms = (version, tensor)
        return tensor
    }
}
