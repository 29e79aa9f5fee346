import Foundation
import Tensor

/// What a model is measured to do on a set of samples.
public struct EvaluationResult: Sendable, Equatable {
    /// The mean cross-entropy over all counted tokens: each weighs the same, whichever sample it is of.
    public var loss: Double
    /// Tokens whose prediction counted.
    public var countedTokens: Int
    /// Samples of the set, bad records left out.
    public var samples: Int
    /// Wall time.
    public var seconds: Double

    /// A result of its parts.
    public init(loss: Double, countedTokens: Int, samples: Int, seconds: Double) {
        self.loss = loss
        self.countedTokens = countedTokens
        self.samples = samples
        self.seconds = seconds
    }

    /// The exponential of the loss: among how many tokens, equally likely, the model seems to choose.
    public var perplexity: Double { exp(loss) }

    /// Its numbers by name, as records and commands give them: `loss`, `perplexity` (`null` beyond all numbers),
    /// `counted_tokens`, `samples`, `seconds`.
    package var json: JSONObject {
        [
            "loss": .number(loss), "perplexity": .number(perplexity), "counted_tokens": .integer(countedTokens),
            "samples": .integer(samples), "seconds": .number(seconds),
        ]
    }

    init?(_ json: JSON) {
        guard let loss = json["loss"]?.number else { return nil }
        self.init(
            loss: loss, countedTokens: json["counted_tokens"]?.integer ?? 0, samples: json["samples"]?.integer ?? 0,
            seconds: json["seconds"]?.number ?? 0)
    }
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
