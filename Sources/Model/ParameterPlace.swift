/// Where a parameter stands in the model, whatever a file calls it.
public enum ParameterPlace: Hashable, Sendable {
    /// The rows of the tokens.
    case embedding
    /// The norm behind the last layer.
    case norm
    /// The output projection, where it is not the embedding.
    case output
    /// A part of a layer, the layers counted from 0.
    case layer(Int, LayerPart)

    /// Whether it is the weight of a norm.
    var isNorm: Bool {
        switch self {
        case .norm, .layer(_, .attentionNorm), .layer(_, .attentionOutputNorm), .layer(_, .feedForwardNorm),
            .layer(_, .feedForwardOutputNorm), .layer(_, .queryNorm), .layer(_, .keyNorm):
            true
        default: false
        }
    }

    /// Whether it is a bias, not a weight.
    var isBias: Bool {
        switch self {
        case .layer(_, .bias), .layer(_, .convolutionBias): true
        default: false
        }
    }
}

/// What a layer consists of.
public enum LayerPart: Hashable, Sendable {
    /// The norm before the attention.
    case attentionNorm
    /// The norm of what the attention returns, before the residual sum.
    case attentionOutputNorm
    /// The norm before the feed-forward layer.
    case feedForwardNorm
    /// The norm of what the feed-forward layer returns, before the residual sum.
    case feedForwardOutputNorm
    /// The norm of queries, or keys.
    case queryNorm, keyNorm
    /// What deals tokens to experts.
    case router
    /// The kernels of a short convolution, or of that before linear attention, one a channel.
    case convolution
    /// The bias of a short convolution.
    case convolutionBias
    /// The logarithm of how fast the states of linear attention decay, a head, and what is added to what a token makes of it.
    case decayRate, decayBias
    /// The norm of what linear attention returns, head by head.
    case deltaNorm
    /// The weight of a linear layer, of attention or a short convolution, of the feed-forward layer, or of one of its experts.
    case linear(LinearRole, Expert?)
    /// The bias of a linear layer.
    case bias(LinearRole, Expert?)

    /// An expert of a mixture, counted from 0.
    public enum Expert: Hashable, Sendable {
        /// One that tokens are dealt to.
        case routed(Int)
        /// One that every token goes to.
        case shared(Int)
    }
}

/// What a linear layer does in its layer.
public enum LinearRole: String, Hashable, Sendable, CaseIterable {
    /// A projection of attention.
    case query, key, value, output
    /// A matrix of the gated feed-forward layer.
    case gate, up, down
    // A new role goes last: what dropout leaves out depends on the place of a role among all.
    /// The projections of queries, keys and values in one, or gate and up.
    case queryKeyValue, gateUp
    /// The projection before a short convolution, which makes its gates and inputs, and the one after it.
    case convolutionInput, convolutionOutput
    /// The projections of linear attention: of queries, keys and values, of the gate, of how much is learnt and how much
    /// forgotten, and of the result.
    case deltaInput, deltaGate, deltaBeta, deltaDecay, deltaOutput

    /// Whether it is a part of attention.
    public var isAttention: Bool {
        switch self {
        case .query, .key, .value, .output, .queryKeyValue: true
        case .gate, .up, .down, .gateUp, .convolutionInput, .convolutionOutput: false
        case .deltaInput, .deltaGate, .deltaBeta, .deltaDecay, .deltaOutput: false
        }
    }

    /// Whether it is a part of linear attention.
    public var isLinearAttention: Bool {
        switch self {
        case .deltaInput, .deltaGate, .deltaBeta, .deltaDecay, .deltaOutput: true
        case .query, .key, .value, .output, .queryKeyValue, .gate, .up, .down, .gateUp, .convolutionInput, .convolutionOutput: false
        }
    }

    /// Whether it is a part of a feed-forward layer, or of an expert.
    public var isFeedForward: Bool {
        switch self {
        case .gate, .up, .down, .gateUp: true
        case .query, .key, .value, .output, .queryKeyValue, .convolutionInput, .convolutionOutput: false
        case .deltaInput, .deltaGate, .deltaBeta, .deltaDecay, .deltaOutput: false
        }
    }
}
