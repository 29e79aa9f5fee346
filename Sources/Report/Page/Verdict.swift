import Foundation
import Training

/// What is said first: how the run went, in a few sentences.
struct Verdict {
    let history: RunHistory
    let summary: RunSummary

    /// The sentences.
    var sentences: [HTML] { [loss, validation, retained, cost].compactMap(\.self) }

    private var loss: HTML {
        guard summary.steps > 0 else { return "No step was recorded." }
        guard let loss = summary.loss else { return "In <b>\(Wording.count(summary.steps, "step"))</b> no batch had a loss." }
        if summary.steps == 1 { return "One step, with a loss of <b>\(Wording.loss(loss.last))</b>." }
        return """
            The loss \(loss.last < loss.first ? "fell" : "went") from <b>\(Wording.loss(loss.first))</b> to \
            <b>\(Wording.loss(loss.last))</b> in \(Wording.count(summary.steps, "step")).
            """
    }

    private var validation: HTML? {
        guard let validation = summary.validation else { return nil }
        let best = validation.best
        return """
            On samples it was not trained on, it was best \(best.step == 0 ? "before the first step" : "after step \(Wording.count(best.step))"): \
            <b>\(Wording.loss(best.loss))</b>, a perplexity of <b>\(Wording.number(best.perplexity))</b>.
            """
    }

    private var retained: HTML? {
        guard let retained = summary.retained, retained.startsWithBase, retained.last.step > 0 else { return nil }
        let change = retained.last.loss - retained.first.loss
        guard change >= 0.0005 else { return "What the base knew, it still knows." }
        return "On what the base knew before, its loss rose by <b>\(Wording.loss(change))</b>."
    }

    private var cost: HTML? {
        guard summary.steps > 0, let speed = summary.tokensPerSecond else { return nil }
        return "It took <b>\(Wording.duration(summary.seconds))</b>, at <b>\(Wording.whole(speed)) tokens</b> a second."
    }

    /// How the run ended, as a word and the class of its colour.
    var ending: (word: String, kind: String) {
        switch history.end?.reason {
        case .complete: ("complete", "good")
        case .earlyStopping: ("stopped early", "good")
        case .interrupted: ("interrupted", "warning")
        case .failed: ("failed", "bad")
        case nil: ("no end recorded", "warning")
        }
    }

    /// What a reader must know before trusting the figures.
    var problems: [String] {
        var problems = history.problems.map { "\(history.path): \($0)" }
        if let message = history.end?.message {
            problems.append("The run \(ending.word == "failed" ? "failed" : "was cut short"): \(message)")
        }
        if history.run == nil {
            problems.append(
                "\(history.path) does not say what was run: its first line is missing, or it is of an earlier version. Recipe and environment are left out."
            )
        }
        if history.end == nil { problems.append("The run has not ended yet, or was killed: the file has no record of its end.") }
        return problems
    }
}
