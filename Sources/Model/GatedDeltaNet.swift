import Tensor

/// Linear attention by the gated delta rule (Yang, Kautz & Hatamizadeh 2024; `Qwen3_5GatedDeltaNet` of transformers): queries,
/// keys and values of each token pass through a short convolution, and what a head's state makes of them is normed and gated.
public final class GatedDeltaNet {
    /// The projections of a token, and of the result.
    public struct Projections {
        /// `[heads.width, dim]`: makes queries, keys and values, side by side.
        public let input: Linear
        /// `[heads.valueWidth, dim]`: makes the gate of the result.
        public let gate: Linear
        /// `[heads.valueHeads, dim]`: makes how much of an error each head learns.
        public let beta: Linear
        /// `[heads.valueHeads, dim]`: makes how fast each head forgets.
        public let decay: Linear
        /// `[dim, heads.valueWidth]`
        public let output: Linear
    }

    /// The projections.
    public let projections: Projections
    /// The kernels, `[heads.width, 1, kernelLength]`; the last value is multiplied with the token itself.
    public let kernel: Tensor
    /// The logarithm of how fast each head forgets, and what is added to what a token makes of it, `[heads.valueHeads]`.
    public let decayRate, decayBias: Tensor
    /// The norm of a head's result, `[heads.valueDim]`, which multiplies by its weight in any family.
    public let norm: Tensor
    private let heads: DeltaHeads
    private let activation: Activation
    private let epsilon: Float

    init(
        _ configuration: ModelConfiguration, heads: DeltaHeads, projections: Projections, kernel: Tensor, decayRate: Tensor,
        decayBias: Tensor, norm: Tensor
    ) {
        (self.heads, self.projections, self.kernel) = (heads, projections, kernel)
        (self.decayRate, self.decayBias, self.norm) = (decayRate, decayBias, norm)
        (activation, epsilon) = (configuration.activation, configuration.normEpsilon)
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] {
        [projections.input, projections.gate, projections.beta, projections.decay, projections.output]
    }

    /// The weights that no linear layer has.
    var otherWeights: [Tensor] { [kernel, decayRate, decayBias, norm] }

    /// - Parameters:
    ///   - x: what the layer reads, normed, `[tokens, dim]`
    ///   - plan: which tokens come before which, of all tokens
    ///   - runs: which tokens come one after the other
    ///   - cache: where the convolution's inputs and the states are kept, and those of the tokens before are read
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`
    func callAsFunction(
        _ x: Tensor, plan: ConvolutionPlan, runs: [SequenceRun], cache: LayerCache?, outputRows: [Int32]?
    ) -> Tensor {
        func wanted(_ x: Tensor) -> Tensor { outputRows.map { gatherRows(x, $0) } ?? x }
        var mixed = projections.input(x)
        if let cache { mixed = cache.append(mixed, last: plan.kept + mixed.rows) }
        mixed = causalConvolution(mixed, kernel: kernel, predecessors: plan.predecessors)
        if let results = plan.results { mixed = gatherRows(mixed, results) }
        let result = gatedDeltaRule(
            activated(mixed, activation), logDecay: logDecay(projections.decay(x), bias: decayBias, logRate: decayRate),
            beta: activated(projections.beta(x), .sigmoid), heads: heads, runs: runs, state: cache?.states(of: heads))
        let normed = rmsNorm(wanted(result), weight: norm, epsilon: epsilon)
        return projections.output(gatedActivation(gate: projections.gate(wanted(x)), up: normed, .silu))
    }
}
