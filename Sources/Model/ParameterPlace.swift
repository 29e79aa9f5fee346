/// Where a parameter stands in the model, whatever a file calls it.
public enum ParameterPlace: Hashable, Sendable {
    case embedding
    /// The norm behind the last layer.
    case norm
    /// The output projection, where it is not the embedding.
    case output
    /// Counted from 0.
    case layer(Int, LayerPart)
}

/// What a layer consists of.
public enum LayerPart: Hashable, Sendable {
    case attentionNorm
    case feedForwardNorm
    /// The norm of each head's queries, or keys.
    case queryNorm, keyNorm
    /// What deals tokens to experts.
    case router
    /// A linear layer, of attention, of the feed-forward layer, or of one of its experts.
    case linear(LinearRole, Expert?)

    /// Counted from 0.
    public enum Expert: Hashable, Sendable {
        /// One that tokens are dealt to.
        case routed(Int)
        /// One that every token goes to.
        case shared(Int)
    }
}

/// What a linear layer does in its layer.
public enum LinearRole: String, Hashable, Sendable, CaseIterable {
    case query, key, value, output
    case gate, up, down

    public var isAttention: Bool {
        switch self {
        case .query, .key, .value, .output: true
        case .gate, .up, .down: false
        }
    }
}
