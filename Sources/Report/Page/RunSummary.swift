import Foundation
import Training

/// What a run comes to, in few numbers.
struct RunSummary {
    let name: String
    /// Micro-batches, of all runs that the file goes on from.
    let steps: Int
    /// Epochs that were begun.
    let epochs: Int
    /// The mean losses of the first and of the last ``averagedSteps``, and the lowest of all.
    let loss: (first: Double, last: Double, lowest: Double)?
    /// A twentieth of all, 100 at the most.
    let averagedSteps: Int
    let validation: Evaluations?
    let retained: Evaluations?
    /// Wall time of the steps, in seconds.
    let seconds: Double
    let tokensPerSecond: Double?
    let tokens: Int
    /// Of the tokens, those that went through the model.
    let computedShare: Double?
    /// In bytes.
    let peakMemory: Int?

    /// The losses on one set.
    struct Evaluations {
        let first, last, best: EvaluationReport
        /// Whether the first was before the first step.
        var startsWithBase: Bool { first.step == 0 }

        init?(_ evaluations: [EvaluationReport], _ set: EvaluationReport.Set) {
            let ones = evaluations.filter { $0.set == set && $0.loss.isFinite }
            guard let first = ones.first, let last = ones.last, let best = ones.min(by: { $0.loss < $1.loss }) else { return nil }
            (self.first, self.last, self.best) = (first, last, best)
        }
    }

    init(_ history: RunHistory) {
        let reports = history.steps
        name = history.run?.name ?? (history.path as NSString).lastPathComponent
        steps = reports.count
        epochs = Set(reports.map(\.epoch)).count
        let losses = reports.compactMap { $0.loss.map(Double.init) }.filter(\.isFinite)
        let count = min(max(losses.count / 20, 1), 100)
        averagedSteps = count
        loss = losses.min().map { lowest in
            (losses.prefix(count).reduce(0, +) / Double(count), losses.suffix(count).reduce(0, +) / Double(count), lowest)
        }
        validation = Evaluations(history.evaluations, .validation)
        retained = Evaluations(history.evaluations, .retained)
        tokens = reports.reduce(0) { sum, report in
            let (more, isTooLarge) = sum.addingReportingOverflow(report.tokens)
            return isTooLarge ? .max : more
        }
        let computed = reports.reduce(0.0) { $0 + Double($1.computedTokens) }
        computedShare = tokens > 0 ? computed / Double(tokens) : nil
        seconds = reports.reduce(0) { $0 + $1.seconds }
        tokensPerSecond = seconds > 0 ? Double(tokens) / seconds : nil
        peakMemory = history.end.flatMap { $0.peakMemory > 0 ? $0.peakMemory : nil }
    }

    /// How a change of a loss is written: "fell from 2.816 to 0.168".
    static func change(from first: Double, to last: Double) -> String {
        let (one, other) = (Wording.loss(first), Wording.loss(last))
        return one == other ? "stayed at \(one)" : "\(last < first ? "fell" : "rose") from \(one) to \(other)"
    }
}
