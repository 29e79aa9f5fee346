import Foundation
import Tensor

/// Several runs side by side.
struct Comparison {
    let runs: [TrainingFigures.Run]

    /// The runs' names, with the colours that their curves have.
    var names: [HTML] {
        runs.enumerated().map { "<span class=\"swatch\" style=\"background:\(Palette.color($0))\"></span>\($1.name)" }
    }

    /// What is said first.
    var verdict: HTML {
        let losses = runs.compactMap { run in (run.summary.validation?.best.loss).map { (run.name, $0) } }
        let isValidated = losses.count == runs.count
        let compared = isValidated ? losses : runs.compactMap { run in (run.summary.loss?.last).map { (run.name, $0) } }
        guard let best = compared.min(by: { $0.1 < $1.1 }) else { return "None of them has a loss." }
        return
            "\(isValidated ? "The lowest validation loss" : "The lowest loss at the end"), <b>\(Wording.loss(best.1))</b>, has <b>\(best.0)</b>."
    }

    /// The key figures, a column a run, the best of each marked.
    var table: HTML {
        let columns = runs.map { KeyFigure.all($0.history, $0.summary) }
        let rows = columns[0].indices.compactMap { row -> HTML? in
            let figures = columns.map { $0[row] }
            guard figures.contains(where: { $0.value != nil }) else { return nil }
            let ranks = figures.compactMap(\.rank)
            let best = ranks.first?.lessIsBetter == true ? ranks.map(\.number).min() : ranks.map(\.number).max()
            // Where all are alike none is the best.
            let isDecided = Set(ranks.map(\.number)).count > 1
            let cells = figures.map { figure -> HTML in
                let isBest = isDecided && figure.rank?.number == best
                let value: HTML = isBest ? "<b>\(figure.value ?? "—") <span aria-label=\"best\">★</span></b>" : "\(figure.value ?? "—")"
                return "<td>\(value)<small>\(figure.detail)</small></td>"
            }
            return "<tr><th scope=\"row\">\(figures[0].name)</th>\(cells)</tr>"
        }
        return """
            <div class="card scroll compare" id="figures"><table><thead><tr><td></td>\(names.map { "<th scope=\"col\">\($0)</th>" as HTML })</tr></thead>\
            <tbody>\(rows)</tbody></table></div>

            """
    }

    var differences: HTML {
        FactTable.differences(runs.map { $0.history.run.map { Self.facts($0.recipe, $0.subject) } ?? [:] }, names: names)
    }

    private static func facts(_ recipe: JSONObject, _ subject: JSONObject) -> JSONObject {
        recipe.reduce(into: subject) { $0[$1.key] = $1.value }
    }
}
