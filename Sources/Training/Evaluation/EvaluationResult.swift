import Foundation

/// What a model is measured to do on a set of samples.
public struct EvaluationResult: Sendable, Equatable {
    /// The mean cross-entropy over all counted tokens: each weighs the same, whichever sample it is of.
    public let loss: Double
    /// Tokens whose prediction counted.
    public let countedTokens: Int
    /// Samples of the set, bad records left out.
    public let samples: Int
    /// Wall time.
    public let seconds: Double

    /// A result of its parts.
    public init(loss: Double, countedTokens: Int, samples: Int, seconds: Double) {
        self.loss = loss
        self.countedTokens = countedTokens
        self.samples = samples
        self.seconds = seconds
    }

    /// The exponential of the loss: among how many tokens, equally likely, the model seems to choose.
    public var perplexity: Double { exp(loss) }
}

/// Why a set says nothing of a model.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// No sample of the set has a token that counts.
    case nothingCounts
    /// The loss is not a number or infinite.
    case notFinite

    public var description: String {
        switch self {
        case .nothingCounts: "no sample has a token that counts; is every answer cut away by --max_seq_len?"
        case .notFinite: "the loss is not finite; with --dtype float32 it may be"
        }
    }
}
