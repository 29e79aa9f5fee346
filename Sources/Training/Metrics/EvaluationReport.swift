import Tensor

/// A loss on samples that are not trained on.
@dynamicMemberLookup
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
    /// What was measured; its parts are the report's too.
    public var result: EvaluationResult
    /// Whether it is of validation, and no earlier one of the run was as low.
    public var isBest: Bool

    /// What an evaluator measured, at a place of the run.
    public init(_ set: Set, _ result: EvaluationResult, step: Int, epoch: Double, isBest: Bool = false) {
        self.set = set
        self.result = result
        self.step = step
        self.epoch = epoch
        self.isBest = isBest
    }

    /// A part of what was measured, such as the loss.
    public subscript<Value>(dynamicMember part: KeyPath<EvaluationResult, Value>) -> Value { result[keyPath: part] }

    var json: JSON {
        var record: JSONObject = ["evaluation": .string(set.rawValue), "step": .integer(step), "epoch": .number(epoch)]
        for (name, value) in result.json { record[name] = value }
        record["is_best"] = .bool(isBest)
        return .object(record)
    }

    init?(_ json: JSON) {
        guard let set = json["evaluation"]?.string.flatMap(Set.init), let step = json["step"]?.integer,
            let epoch = json["epoch"]?.number, let result = EvaluationResult(json)
        else { return nil }
        self.init(set, result, step: step, epoch: epoch, isBest: json["is_best"]?.bool ?? false)
    }
}
