import Tensor

/// How far the evaluations of a run have come: what a checkpoint keeps of them, so that a run that goes on decides as
/// one that was never cut short.
package struct EvaluationProgress: Sendable, Equatable {
    /// An evaluation, by the optimizer steps of the run that were done by then, and its validation loss. Micro-batches
    /// would say something else where the run goes on with its effective batch dealt out otherwise.
    package struct Point: Sendable, Equatable {
        package let step: Int
        package let loss: Double

        package init(step: Int, loss: Double) {
            self.step = step
            self.loss = loss
        }
    }

    /// The loss of the base itself, and the fingerprint of what it was measured on.
    package struct Base: Sendable, Equatable {
        package let loss: Double
        package let data: String
    }

    /// The optimizer steps that were done at the last evaluation; `nil` before the first.
    package private(set) var lastStep: Int?
    /// The evaluation of the lowest validation loss.
    package private(set) var best: Point?
    /// Evaluations since then.
    package private(set) var evaluationsSinceBest = 0
    /// What the base itself has on the retained set.
    package private(set) var base: Base?

    package init() {}

    /// Takes in an evaluation.
    ///
    /// - Parameter loss: of validation; `nil` where nothing but the retained set was measured
    /// - Returns: whether it is the best so far
    package mutating func append(step: Int, loss: Double?) -> Bool {
        lastStep = step
        guard let loss else { return false }
        if let best, best.loss <= loss {
            evaluationsSinceBest += 1
            return false
        }
        best = Point(step: step, loss: loss)
        evaluationsSinceBest = 0
        return true
    }

    /// Takes in what the base has on the retained set, which belongs before the first step.
    package mutating func appendBase(loss: Double, data: String) {
        base = Base(loss: loss, data: data)
        lastStep = lastStep ?? 0
    }

    package var json: JSON {
        [
            "last_optimizer_step": lastStep.map(JSON.integer) ?? .null,
            "best": best.map { ["optimizer_step": .integer($0.step), "loss": .number($0.loss)] } ?? .null,
            "evaluations_since_best": .integer(evaluationsSinceBest),
            "base": base.map { ["loss": .number($0.loss), "data": .string($0.data)] } ?? .null,
        ]
    }

    /// - Parameter json: `nil` for a run that has evaluated nothing
    package init(_ json: JSON?) {
        lastStep = json?["last_optimizer_step"]?.integer
        if let point = json?["best"], let step = point["optimizer_step"]?.integer, let loss = point["loss"]?.number {
            best = Point(step: step, loss: loss)
        }
        evaluationsSinceBest = json?["evaluations_since_best"]?.integer ?? 0
        if let entry = json?["base"], let loss = entry["loss"]?.number, let data = entry["data"]?.string {
            base = Base(loss: loss, data: data)
        }
    }
}
