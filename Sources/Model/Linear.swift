import Tensor

/// A linear layer without a bias: `y = x Wᵀ`, plus a low-rank update where one is attached.
public final class Linear {
    /// The name of the module in the published state dict, such as `layers.0.attention.wq`.
    public let name: String
    /// `[out, in]`
    public let weight: Tensor
    /// Where LoRA joins: while set, the layer computes `x Wᵀ + scale (x Aᵀ) Bᵀ`.
    public var adapter: LowRankFactors?

    init(name: String, weight: Tensor) {
        self.name = name
        self.weight = weight
        weight.isFrozenWeight = true
    }

    public var inputWidth: Int { weight.shape[1] }
    public var outputWidth: Int { weight.shape[0] }

    /// Whether input and output are of one width: what the default recipe adapts.
    public var isSquare: Bool { inputWidth == outputWidth }

    /// - Parameter x: `[tokens, in]`
    /// - Returns: `[tokens, out]`
    public func callAsFunction(_ x: Tensor) -> Tensor { linear(x, weight, adapter) }
}
