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

    /// Whether it is the bias of a linear layer, not a weight.
    var isBias: Bool { if case .layer(_, .bias) = self { true } else { false } }
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
    /// The weight of a linear layer, of attention, of the feed-forward layer, or of one of its experts.
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
    // An update's dropout depends on the number of its role: new ones come last.
    /// The projections of queries, keys and values in one, or gate and up.
    case queryKeyValue, gateUp

    /// Whether it is a part of attention, not of a feed-forward layer.
    public var isAttention: Bool {
        switch self {
        case .query, .key, .value, .output, .queryKeyValue: true
        case .gate, .up, .down, .gateUp: false
        }
    }
}
