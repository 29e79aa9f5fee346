import Foundation
import Tensor
import Training

/// What a page says of one run, beside its curves.
struct RunSection {
    let history: RunHistory
    /// Made before, as what goes wrong with it is said at the page's top.
    let adapter: HTML?
    /// Begins the names of what can be linked to.
    let prefix: String

    /// The parts that there are, with the names of their places.
    var parts: [(id: String, title: String, html: HTML)] {
        let subject = FactTable.html("What was trained", id: prefix + "subject", history.run?.subject ?? [:])
        let environment = FactTable.html("Environment", id: prefix + "environment", self.environment)
        let recipe = FactTable.html("Recipe", id: prefix + "recipe", history.run?.recipe ?? [:])
        let facts = history.run.map { _ in "<div class=\"tables\"><div>\(subject)\(environment)</div>\(recipe)</div>\n" as HTML }
        let parts: [(String, String, HTML?)] = [
            ("answers", "Answers before and after", AnswerSection.html(history.answers)),
            ("experts", "Experts", ExpertFigures.html(history.steps)),
            ("adapter", "Adapter, layer by layer", adapter),
            ("facts", "Recipe and environment", facts),
        ]
        return parts.compactMap { id, title, html in html.map { (prefix + id, title, $0) } }
    }

    private var environment: JSONObject {
        guard let run = history.run else { return [:] }
        var facts = run.environment
        facts["version"] = .string(run.version)
        facts["started"] = .string(run.started)
        if run.completedSteps > 0 { facts["went on after"] = .string(Wording.count(run.completedSteps, "step")) }
        facts["base"] = run.basePath.map { .string($0) }
        facts["saved to"] = .string(run.savedPath)
        facts["metrics"] = .string(history.path)
        return facts
    }
}
