/// What one step did.
public struct StepReport: Sendable, Equatable {
    /// Counted from 0 over the whole run, one a micro-batch.
    public let step: Int
    /// Counted from 0.
    public let epoch: Int
    /// Counted from 0 within the epoch.
    public let stepInEpoch: Int
    /// Micro-batches of an epoch, in each process.
    public let stepsPerEpoch: Int
    /// The mean cross-entropy over the counted tokens plus the auxiliary loss; `nil` where the batch has none.
    public let loss: Float?
    /// The auxiliary loss of a mixture of experts; 0 for a dense model.
    public let auxiliaryLoss: Float
    /// How many tokens went to each expert, layer by layer; empty for a dense model.
    public let expertUses: [[Int]]
    /// The rate in force, whether or not the optimizer stepped.
    public let learningRate: Double
    /// The norm of the gradients before clipping; `nil` where the step only accumulated.
    public let gradientNorm: Double?
    /// Whether the gradients overflowed in float16 and the parameters were left alone.
    public let overflowed: Bool
    /// Samples of the micro-batch, of all processes.
    public let samples: Int
    /// Tokens of the samples.
    public let tokens: Int
    /// Tokens that went through the model: what samples have in common went through it once.
    public let computedTokens: Int
    /// Tokens whose prediction counted.
    public let countedTokens: Int
    /// Wall time of the step.
    public let seconds: Double
}
