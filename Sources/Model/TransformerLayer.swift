import Tensor

/// One layer: a mixer, which reads other tokens, and a network, which reads each token alone, with norms before or after
/// them, beside the residual stream.
public final class TransformerLayer {
    /// What reads other tokens.
    public enum Mixer {
        /// Every token of the sequence so far, by its content.
        case attention(Attention)
        /// The last few, each by its place.
        case shortConvolution(ShortConvolution)
        /// Every token of the sequence so far, by what a state has learnt of them.
        case gatedDeltaNet(GatedDeltaNet)
    }

    /// Which tokens a mixer reads.
    enum Reach {
        /// Those of a plan of attention, by the angles of their positions.
        case attention(AttentionPlan, RotaryAngles)
        /// Those of a plan of convolution.
        case shortConvolution(ConvolutionPlan)
        /// Those of runs of tokens, after a convolution of a plan.
        case gatedDeltaNet(ConvolutionPlan, [SequenceRun])
    }

    /// What follows the mixer.
    public enum Network {
        /// One feed-forward network for all tokens.
        case dense(FeedForward)
        /// Several, of which each token goes through some.
        case experts(MixtureOfExperts)
    }

    /// The weights of the norms, `[dim]` each.
    public struct Norms {
        /// Before the mixer and the network, where the model has norms there.
        public let attention, feedForward: Tensor?
        /// After them and before the residual sum, where the model has norms there.
        public let attentionOutput, feedForwardOutput: Tensor?

        var tensors: [Tensor] { [attention, feedForward, attentionOutput, feedForwardOutput].compactMap { $0 } }
    }

    /// The norms beside the residual stream.
    public let norms: Norms
    /// What reads other tokens.
    public let mixer: Mixer
    /// What follows the mixer.
    public let network: Network
    private let configuration: ModelConfiguration

    init(_ configuration: ModelConfiguration, norms: Norms, mixer: Mixer, network: Network) {
        self.configuration = configuration
        self.norms = norms
        self.mixer = mixer
        self.network = network
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] { mixer.linears + network.linears }

    /// Everything in the layer that is trained.
    var trainableParameters: [Tensor] {
        var weights = norms.tensors + linears.map(\.weight) + mixer.otherWeights + network.otherWeights
        weights += linears.compactMap(\.bias)
        let updates = linears.flatMap { $0.updates.flatMap(\.tensors) }
        return (weights + updates).filter(\.isTrainable)
    }

    /// - Parameters:
    ///   - x: the residual stream, `[tokens, dim]`
    ///   - reach: which tokens the mixer reads, of those whose results are wanted; of all where experts are balanced
    ///   - cache: where what later tokens read is kept, and what was kept before is read
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all. What other tokens read is
    ///     computed for all tokens, everything else only for these.
    ///   - balance: what measures the use of the experts, which takes the attention of every token, whichever
    ///     results are wanted; `nil` without training
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`
    func callAsFunction(
        _ x: Tensor, reach: Reach, cache: LayerCache?, outputRows: [Int32]? = nil, balance: ExpertBalance? = nil
    ) -> Tensor {
        let mixedRows = balance == nil ? outputRows : nil
        let read = configuration.normed(x, norms.attention)
        let mixed =
            switch (mixer, reach) {
            case (.attention(let attention), .attention(let plan, let rotary)):
                attention(read, plan: plan, rotary: rotary, cache: cache, outputRows: mixedRows)
            case (.shortConvolution(let convolution), .shortConvolution(let plan)): convolution(read, plan: plan, cache: cache)
            case (.gatedDeltaNet(let net), .gatedDeltaNet(let plan, let runs)):
                net(read, plan: plan, runs: runs, cache: cache, outputRows: mixedRows)
            default: preconditionFailure("a plan of the mixer's kind")
            }
        let middle = sum(mixedRows.map { gatherRows(x, $0) } ?? x, mixed, norms.attentionOutput)
        let readAgain = configuration.normed(middle, norms.feedForward)
        switch network {
        case .dense(let feedForward): return sum(middle, feedForward(readAgain), norms.feedForwardOutput)
        case .experts(let mixture):
            // Rows that are wanted are still to be taken where all were attended to.
            let rows = balance == nil ? nil : outputRows
            let stream = rows.map { gatherRows(middle, $0) } ?? middle
            return sum(stream, mixture(readAgain, outputRows: rows, balance: balance), norms.feedForwardOutput)
        }
    }

    /// The residual sum of the stream and what a part of the layer returns.
    private func sum(_ stream: Tensor, _ part: Tensor, _ norm: Tensor?) -> Tensor {
        let part = configuration.normed(part, norm)
        let factor = configuration.residualMultiplier
        return factor == 1 ? add(stream, part) : weightedSum([stream, part], weights: [1, factor], result: .float32)
    }
}

extension TransformerLayer.Mixer {
    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] {
        switch self {
        case .attention(let attention): attention.linears
        case .shortConvolution(let convolution): convolution.linears
        case .gatedDeltaNet(let net): net.linears
        }
    }

    /// The weights that no linear layer has.
    fileprivate var otherWeights: [Tensor] {
        switch self {
        case .attention(let attention): attention.otherWeights
        case .shortConvolution(let convolution): convolution.otherWeights
        case .gatedDeltaNet(let net): net.otherWeights
        }
    }
}

extension TransformerLayer.Network {
    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] {
        switch self {
        case .dense(let feedForward): feedForward.linears
        case .experts(let mixture): mixture.linears
        }
    }

    /// The weights that no linear layer has.
    fileprivate var otherWeights: [Tensor] { if case .experts(let mixture) = self { [mixture.router] } else { [] } }
}

extension ModelConfiguration {
    /// What a part of a layer reads; where there is no norm before it, in the type that its products read.
    func normed(_ x: Tensor, _ norm: Tensor?) -> Tensor {
        norm.map { rmsNorm(x, weight: $0, epsilon: normEpsilon, offset: normOffset) } ?? x
    }
}
