import Tensor

/// A linear layer without a bias: `y = x Wᵀ`, plus a low-rank update where one is attached.
public final class Linear {
    /// The name of the module in the state dict of the model's generation, such as `layers.0.attention.wq`.
    public let name: String
    /// The layer that it stands in, counted from 0.
    public let layer: Int
    /// What it does there.
    public let role: LinearRole
    /// The expert that it is a part of, if of any.
    public let expert: LayerPart.Expert?
    /// `[out, in]`
    public let weight: Tensor
    /// Where LoRA joins: while set, the layer computes `x Wᵀ + scale (x Aᵀ) Bᵀ`.
    public var adapter: LowRankFactors?

    init(layer: Int, role: LinearRole, expert: LayerPart.Expert?, naming: WeightNaming, weight: Tensor) {
        self.layer = layer
        self.role = role
        self.expert = expert
        self.weight = weight
        name = naming.name(of: .layer(layer, .linear(role, expert)))
        weight.isFrozenWeight = true
    }

    /// Where it stands in the model.
    public var place: ParameterPlace { .layer(layer, .linear(role, expert)) }

    public var inputWidth: Int { weight.shape[1] }
    public var outputWidth: Int { weight.shape[0] }

    /// Whether input and output are of one width: what the default recipe adapts.
    public var isSquare: Bool { inputWidth == outputWidth }

    /// - Parameter x: `[tokens, in]`
    /// - Returns: `[tokens, out]`
    public func callAsFunction(_ x: Tensor) -> Tensor { linear(x, weight, adapter) }
}
