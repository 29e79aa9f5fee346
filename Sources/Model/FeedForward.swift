import Tensor

/// A gated feed-forward layer (Shazeer 2020): `down(f(gate(x)) * up(x))` with an activation `f`.
public final class FeedForward {
    /// `[hiddenDim, dim]`: by whose activation the values of ``up`` are multiplied.
    public let gate: Linear
    /// `[hiddenDim, dim]`
    public let up: Linear
    /// `[dim, hiddenDim]`
    public let down: Linear

    private let activation: Activation

    init(gate: Linear, up: Linear, down: Linear, activation: Activation) {
        (self.gate, self.up, self.down) = (gate, up, down)
        self.activation = activation
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] { [gate, down, up] }

    /// - Parameter x: `[tokens, dim]`
    /// - Returns: `[tokens, dim]`
    func callAsFunction(_ x: Tensor) -> Tensor { down(gatedActivation(gate: gate(x), up: up(x), activation)) }
}
