import Tensor

/// A gated feed-forward layer (Shazeer 2020): `down(f(gate(x)) * up(x))` with an activation `f`.
public final class FeedForward {
    /// The products whose values are multiplied.
    public enum GateUp {
        /// One for each, `[hiddenDim, dim]`: by the activation of the gate's values those of the other are multiplied.
        case apart(gate: Linear, up: Linear)
        /// One for both, `[2 * hiddenDim, dim]`, whose first rows are those of the gate.
        case fused(Linear)
    }

    /// What is multiplied.
    public let gateUp: GateUp
    /// `[dim, hiddenDim]`
    public let down: Linear

    private let activation: Activation

    init(gateUp: GateUp, down: Linear, activation: Activation) {
        (self.gateUp, self.down) = (gateUp, down)
        self.activation = activation
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] {
        switch gateUp {
        case .apart(let gate, let up): [gate, down, up]
        case .fused(let linear): [linear, down]
        }
    }

    /// - Parameter x: `[tokens, dim]`
    /// - Returns: `[tokens, dim]`
    func callAsFunction(_ x: Tensor) -> Tensor {
        switch gateUp {
        case .apart(let gate, let up): down(gatedActivation(gate: gate(x), up: up(x), activation))
        case .fused(let linear): down(gatedActivation(gateUp: linear(x), activation))
        }
    }
}
