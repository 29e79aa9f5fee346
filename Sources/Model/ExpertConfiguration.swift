/// The sizes of a mixture of experts, and how its use is balanced.
public struct ExpertConfiguration: Sendable, Equatable {
    /// Over what the use of experts is balanced.
    public enum Balance: Sendable, Equatable {
        /// Each sequence for itself (DeepSeekMoE, Dai et al. 2024).
        case perSequence
        /// All tokens of the batch together (Switch Transformer, Fedus et al. 2021); each of a token's experts counts 1.
        case overBatch
        /// All tokens of the batch together, and each of a token's K experts counts 1 / K: MiniMind of 2025 without
        /// `seq_aux`.
        case overBatchByShares
        /// All tokens of the batch and all layers together, each of a token's experts counting 1: Qwen3-MoE in transformers.
        case overLayers
    }

    /// Experts that tokens are dealt to.
    public var count: Int
    /// Experts that a token goes to.
    public var perToken: Int
    /// Experts that every token goes to besides.
    public var sharedCount: Int
    /// The width inside an expert; `nil` for that of a dense feed-forward layer.
    public var hiddenDim: Int?
    /// Whether the weights of a token's experts are divided by their sum.
    public var normalizesWeights: Bool
    /// Whether this holds of a single expert too, whose weight becomes 1. MiniMind of 2025 leaves it as it is.
    public var normalizesSingleWeight: Bool
    /// Over what the auxiliary loss balances the use of experts.
    public var balance: Balance
    /// The factor of the auxiliary loss; 0 leaves the balance alone.
    public var auxiliaryCoefficient: Float

    /// A mixture; by default that of MiniMind's published models of 2025.
    public init(
        count: Int = 4, perToken: Int = 2, sharedCount: Int = 1, hiddenDim: Int? = nil, normalizesWeights: Bool = true,
        normalizesSingleWeight: Bool = false, balance: Balance = .perSequence, auxiliaryCoefficient: Float = 0.1
    ) {
        self.count = count
        self.perToken = perToken
        self.sharedCount = sharedCount
        self.hiddenDim = hiddenDim
        self.normalizesWeights = normalizesWeights
        self.normalizesSingleWeight = normalizesSingleWeight
        self.balance = balance
        self.auxiliaryCoefficient = auxiliaryCoefficient
    }
}
