import Tensor

/// A gated feed-forward layer (Shazeer 2020): `down(silu(gate(x)) * up(x))`.
public final class FeedForward {
    /// `[hiddenDim, dim]`: what opens and shuts the values of ``up``.
    public let gate: Linear
    /// `[hiddenDim, dim]`
    public let up: Linear
    /// `[dim, hiddenDim]`
    public let down: Linear

    init(gate: Linear, up: Linear, down: Linear) {
        (self.gate, self.up, self.down) = (gate, up, down)
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] { [gate, down, up] }

    /// - Parameter x: `[tokens, dim]`
    /// - Returns: `[tokens, dim]`
    func callAsFunction(_ x: Tensor) -> Tensor { down(swiGLU(gate: gate(x), up: up(x))) }
}
