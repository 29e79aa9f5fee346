import Foundation
import Training

/// The figures by which runs are judged and compared.
struct KeyFigure {
    let name: String
    /// What is written; `nil` where a run does not have it.
    let value: String?
    var detail: String = ""
    /// What runs are compared by, and whether less is better; `nil` for what is neither better nor worse.
    var rank: (number: Double, lessIsBetter: Bool)?

    /// Of a run, the same in the same order for every run.
    static func all(_ history: RunHistory, _ summary: RunSummary) -> [KeyFigure] {
        [
            KeyFigure(
                name: "Loss", value: summary.loss.map { Wording.loss($0.last) },
                detail: summary.loss.map { "from \(Wording.loss($0.first)), lowest \(Wording.loss($0.lowest))" } ?? "",
                rank: summary.loss.map { ($0.last, true) }),
            evaluation("Validation loss", summary.validation),
            retained(summary.retained),
            KeyFigure(
                name: "Steps", value: Wording.count(summary.steps),
                detail: "\(Wording.count(summary.epochs, "epoch")), \(Wording.count(summary.tokens, "token"))"),
            KeyFigure(
                name: "Time", value: summary.steps > 0 ? Wording.duration(summary.seconds) : nil,
                detail: summary.steps > 1 ? "\(Wording.duration(summary.seconds / Double(summary.steps))) a step" : ""),
            KeyFigure(
                name: "Tokens a second", value: summary.tokensPerSecond.map(Wording.whole),
                detail: summary.computedShare.map { $0 == 1 ? "" : "\(Wording.percent($0)) of them computed" } ?? "",
                rank: summary.tokensPerSecond.map { ($0, false) }),
            parameters(history),
            KeyFigure(
                name: "Peak memory", value: summary.peakMemory.map(Wording.bytes),
                rank: summary.peakMemory.map { (Double($0), true) }),
        ]
    }

    private static func evaluation(_ name: String, _ evaluations: RunSummary.Evaluations?) -> KeyFigure {
        guard let evaluations else { return KeyFigure(name: name, value: nil) }
        let best = evaluations.best
        return KeyFigure(
            name: name, value: Wording.loss(best.loss),
            detail: "best, after step \(Wording.count(best.step)); perplexity \(Wording.number(best.perplexity))", rank: (best.loss, true))
    }

    private static func retained(_ evaluations: RunSummary.Evaluations?) -> KeyFigure {
        guard let evaluations else { return KeyFigure(name: "Retained loss", value: nil) }
        return KeyFigure(
            name: "Retained loss", value: Wording.loss(evaluations.last.loss),
            detail: evaluations.startsWithBase ? "the base alone has \(Wording.loss(evaluations.first.loss))" : "",
            rank: (evaluations.last.loss, true))
    }

    private static func parameters(_ history: RunHistory) -> KeyFigure {
        let count = { (key: String) in (history.run?.subject[key]).flatMap { $0.integer ?? $0.string.flatMap { Int($0) } } }
        guard let trained = count("trained parameters") else { return KeyFigure(name: "Trained parameters", value: nil) }
        let share = count("parameters").flatMap { $0 > 0 ? Double(trained) / Double($0) : nil }
        return KeyFigure(
            name: "Trained parameters", value: Wording.count(trained),
            detail: share.map { "\(Wording.percent($0)) of all" } ?? "")
    }

    /// A tile for each that the run has.
    static func tiles(_ figures: [KeyFigure]) -> HTML {
        let tiles = figures.compactMap { figure -> HTML? in
            figure.value.map { "<div class=\"tile\"><dt>\(figure.name)</dt><dd>\($0)<small>\(figure.detail)</small></dd></div>" }
        }
        // Of seven and more, two lines of about as many.
        let columns = tiles.count > 6 ? (tiles.count + 1) / 2 : tiles.count
        return "<dl class=\"tiles\" id=\"figures\" style=\"--columns:\(columns)\">\(tiles)</dl>\n"
    }
}
