import Foundation
import Tensor

/// A loss on samples that are not trained on.
public struct EvaluationReport: Sendable, Equatable {
    /// What was measured on.
    public enum Set: String, Sendable, CaseIterable {
        /// Samples like those trained on.
        case validation = "val"
        /// Samples of what the base could do before, and should not forget.
        case retained = "retain"
    }

    /// What was measured on.
    public var set: Set
    /// Micro-batches of the run that were done by then; 0 before the first.
    public var step: Int
    /// Epochs that were done by then, with the fraction of the running one.
    public var epoch: Double
    /// The mean cross-entropy over all counted tokens.
    public var loss: Double
    /// Tokens whose prediction counted.
    public var countedTokens: Int
    /// Samples of the set.
    public var samples: Int
    /// Wall time.
    public var seconds: Double
    /// Whether it is of validation, and no earlier one of the run was as low.
    public var isBest: Bool

    /// The exponential of the loss: among how many tokens, equally likely, the model seems to choose.
    public var perplexity: Double { exp(loss) }

    /// A report of its parts.
    public init(
        set: Set, step: Int, epoch: Double, loss: Double, countedTokens: Int, samples: Int, seconds: Double, isBest: Bool
    ) {
        self.set = set
        self.step = step
        self.epoch = epoch
        self.loss = loss
        self.countedTokens = countedTokens
        self.samples = samples
        self.seconds = seconds
        self.isBest = isBest
    }

    /// What an evaluator measured, at a place of the run.
    public init(_ set: Set, _ result: EvaluationResult, step: Int, epoch: Double, isBest: Bool = false) {
        self.init(
            set: set, step: step, epoch: epoch, loss: result.loss, countedTokens: result.countedTokens, samples: result.samples,
            seconds: result.seconds, isBest: isBest)
    }

    var json: JSON {
        [
            "evaluation": .string(set.rawValue), "step": .integer(step), "epoch": .number(epoch), "loss": .number(loss),
            "perplexity": perplexity.isFinite ? .number(perplexity) : .null, "counted_tokens": .integer(countedTokens),
            "samples": .integer(samples), "seconds": .number(seconds), "is_best": .bool(isBest),
        ]
    }

    init?(_ json: JSON) {
        guard let set = json["evaluation"]?.string.flatMap(Set.init), let step = json["step"]?.integer,
            let epoch = json["epoch"]?.number, let loss = json["loss"]?.number
        else { return nil }
        self.init(
            set: set, step: step, epoch: epoch, loss: loss, countedTokens: json["counted_tokens"]?.integer ?? 0,
            samples: json["samples"]?.integer ?? 0, seconds: json["seconds"]?.number ?? 0,
            isBest: json["is_best"]?.bool ?? false)
    }
}
