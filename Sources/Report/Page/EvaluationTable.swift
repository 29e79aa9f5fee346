import Training

/// The losses on one set as numbers.
enum EvaluationTable {
    /// Folded away; of many, the best and those evenly between.
    static func html(_ evaluations: [EvaluationReport]) -> HTML? {
        guard !evaluations.isEmpty else { return nil }
        let best = evaluations.indices.filter { evaluations[$0].loss.isFinite }.min { evaluations[$0].loss < evaluations[$1].loss }
        let every = (evaluations.count + mostRows - 1) / mostRows
        let rows = evaluations.enumerated().filter {
            $0.offset.isMultiple(of: every) || $0.offset == best || $0.offset == evaluations.count - 1
        }
        let lines = rows.map { number, report -> HTML in
            """
            <tr\(number == best ? " class=\"best\"" as HTML : nil)><td>\(Wording.count(report.step))</td><td>\(Wording.loss(report.loss))\
            \(number == best ? " ★" : "")</td><td>\(Wording.number(report.perplexity))</td><td>\(Wording.duration(report.seconds))</td></tr>
            """
        }
        return """
            <details><summary>As numbers</summary><div class="scroll"><table class="numbers"><thead><tr><th>Step</th><th>Loss</th>\
            <th>Perplexity</th><th>Took</th></tr></thead><tbody>\(lines)</tbody></table></div></details>
            """
    }

    private static let mostRows = 100
}
