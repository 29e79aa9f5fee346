import Tensor

/// One thing that a run tells of itself. Its ``json`` is a line of the metrics file, and what services and
/// `--log_format json` get.
public enum RunRecord: Sendable, Equatable {
    /// What is known before the first step: `{"run": {…}}`.
    case start(RunDescription)
    /// A micro-batch: `{"step": …, "epoch": …, "loss": …, …}`.
    case step(StepReport)
    /// A loss on samples that are not trained on: `{"evaluation": "val", "step": …, "loss": …, …}`.
    case evaluation(EvaluationReport)
    /// What the model answers: `{"answers": "before", "step": …, "list": […]}`.
    case answers(AnswerReport)
    /// How the run ended: `{"end": {…}}`.
    case end(RunEnd)

    /// The record as a line of the metrics file.
    public var json: JSON {
        switch self {
        case .start(let run): ["run": run.json]
        case .step(let step): step.json
        case .evaluation(let evaluation): evaluation.json
        case .answers(let answers): answers.json
        case .end(let end): ["end": end.json]
        }
    }

    /// - Returns: `nil` where it is not a record, or one of a later version
    public init?(_ json: JSON) {
        if let run = json["run"] {
            guard let run = RunDescription(run) else { return nil }
            self = .start(run)
        } else if json["evaluation"] != nil {
            guard let evaluation = EvaluationReport(json) else { return nil }
            self = .evaluation(evaluation)
        } else if json["answers"] != nil {
            guard let answers = AnswerReport(json) else { return nil }
            self = .answers(answers)
        } else if let end = json["end"] {
            guard let end = RunEnd(end) else { return nil }
            self = .end(end)
        } else {
            guard let step = StepReport(json) else { return nil }
            self = .step(step)
        }
    }

    /// Whether a run that goes on from another keeps this of what that one told.
    func isKept(by run: RunDescription) -> Bool {
        switch self {
        case .start, .end: false
        case .step(let step): step.step < run.completedSteps
        case .evaluation(let evaluation): run.evaluatedSteps.map { evaluation.step <= $0 } ?? false
        case .answers(let answers): answers.step <= run.completedSteps
        }
    }
}
