import Tensor

extension StepReport {
    /// The step as a line of the metrics file.
    public var json: JSON {
        var line: JSONObject = [
            "step": .integer(step), "epoch": .integer(epoch), "loss": loss.map { .number(Double($0)) } ?? .null,
            "lr": .number(learningRate), "grad_norm": gradientNorm.map { $0.isFinite ? .number($0) : .null } ?? .null,
            "tokens": .integer(tokens), "seconds": .number(seconds), "samples": .integer(samples),
            "computed_tokens": .integer(computedTokens), "counted_tokens": .integer(countedTokens),
        ]
        if overflowed { line["overflowed"] = true }
        if !expertUses.isEmpty {
            line["aux_loss"] = .number(Double(auxiliaryLoss))
            line["expert_uses"] = .array(expertUses.map { .array($0.map(JSON.integer)) })
        }
        return .object(line)
    }

    /// A line of a metrics file. How many steps an epoch has it does not say: ``stepInEpoch`` and ``stepsPerEpoch``
    /// are 0.
    ///
    /// - Returns: `nil` where it is not a step, or where a count or the step is none that a run could have
    public init?(_ json: JSON) {
        guard let step = json["step"]?.integer, let epoch = json["epoch"]?.integer, let rate = json["lr"]?.number,
            let tokens = json["tokens"]?.integer, let seconds = json["seconds"]?.number
        else { return nil }
        let (samples, counted) = (json["samples"]?.integer ?? 0, json["counted_tokens"]?.integer ?? 0)
        let computed = json["computed_tokens"]?.integer ?? tokens
        // Beyond 2^53 neighbouring steps are the same number to those who compute with them.
        guard step.magnitude <= 1 << 53, min(samples, tokens, computed, counted) >= 0 else { return nil }
        self.init(
            step: step, epoch: epoch, stepInEpoch: 0, stepsPerEpoch: 0, loss: json["loss"]?.number.map(Float.init),
            auxiliaryLoss: Float(json["aux_loss"]?.number ?? 0),
            expertUses: json["expert_uses"]?.array?.map { ($0.array ?? []).map { $0.integer ?? 0 } } ?? [],
            learningRate: rate, gradientNorm: json["grad_norm"]?.number, overflowed: json["overflowed"]?.bool ?? false,
            samples: samples, tokens: tokens, computedTokens: computed, countedTokens: counted, seconds: seconds)
    }
}
