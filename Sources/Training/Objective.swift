import Model

/// What training lowers: makes a loss of a micro-batch. ``NextTokenLoss`` is the published one; a preference loss or a
/// classifier's head are others.
public protocol Objective {
    /// What a micro-batch consists of.
    associatedtype Input

    /// How much is in a batch; nothing is computed for it. A batch in which nothing counts has no loss and is passed over.
    func size(of batch: Input) -> BatchSize

    /// The mean loss over what counts in the batch, of which something does.
    ///
    /// - Parameter scale: the seed with which the backward pass will begin; 16-bit gradients are rounded after this
    ///   factor
    /// - Throws: what makes the batch one that cannot be learnt from, such as a token that the model does not have; it
    ///   ends the training
    func loss(of batch: Input, scale: Float) throws -> Loss

    /// Of how many layers, and of how many experts each, a loss reports uses; `(0, 0)` without experts.
    var expertShape: (layers: Int, experts: Int) { get }
}

extension Objective {
    public var expertShape: (layers: Int, experts: Int) { (0, 0) }
}

/// How much is in a micro-batch.
public struct BatchSize: Sendable, Equatable {
    /// How many samples there are.
    public var samples: Int
    /// Tokens of the samples.
    public var tokens: Int
    /// Tokens that go through the model: what samples have in common may go through it once.
    public var computedTokens: Int
    /// What the mean loss is over: the predictions that count, or the pairs, or the labels. With
    /// ``LossReduction/token`` micro-batches are weighed by it.
    public var counted: Int

    /// A size of its parts.
    public init(samples: Int, tokens: Int, computedTokens: Int, counted: Int) {
        self.samples = samples
        self.tokens = tokens
        self.computedTokens = computedTokens
        self.counted = counted
    }
}
