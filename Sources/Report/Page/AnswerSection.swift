import Training

/// What the model answers to some prompts, before and after.
enum AnswerSection {
    struct Pair: Equatable {
        let prompt: String
        let before: String?
        let after: String?
    }

    /// Of several reports the first from before and the last from after count.
    static func pairs(_ reports: [AnswerReport]) -> [Pair] {
        let before = reports.first { $0.moment == .before }?.answers ?? []
        let after = reports.last { $0.moment == .after }?.answers ?? []
        let prompts = (before + after).map(\.prompt).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return prompts.map { prompt in
            Pair(
                prompt: prompt, before: before.first { $0.prompt == prompt }?.answer, after: after.first { $0.prompt == prompt }?.answer)
        }
    }

    /// None where nothing was asked.
    static func html(_ reports: [AnswerReport]) -> HTML? {
        let pairs = pairs(reports)
        guard !pairs.isEmpty else { return nil }
        let rows = pairs.map { pair -> HTML in
            let isChanged = pair.before != nil && pair.after != nil && pair.before != pair.after
            let badge: HTML? =
                pair.before == nil || pair.after == nil
                ? nil : isChanged ? "<span class=\"badge changed\">changed</span>" : "<span class=\"badge\">the same</span>"
            return """
                <article class="card answer"><h3 dir="auto">\(pair.prompt)</h3>\(badge)<div class="sides">\
                \(side("Before", pair.before))\(side("After", pair.after, isChanged: isChanged))</div></article>

                """
        }
        return "<div class=\"answers\">\(rows)</div>\n"
    }

    private static func side(_ title: String, _ answer: String?, isChanged: Bool = false) -> HTML {
        let text: HTML
        switch answer {
        case nil: text = "<p class=\"none\">not asked</p>"
        case ""?: text = "<p class=\"none\">nothing</p>"
        case let answer?: text = "<p dir=\"auto\">\(answer)</p>"
        }
        return "<div\(isChanged ? " class=\"new\"" as HTML : nil)><h4>\(title)</h4>\(text)</div>"
    }
}
