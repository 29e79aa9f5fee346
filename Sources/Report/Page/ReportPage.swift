import Foundation
import Tensor
import Training

/// One HTML file that shows what runs were like, with all that it needs inside: no link leads out of it, and it loads
/// nothing.
public struct ReportPage {
    /// A run, and what it trained.
    public struct Subject {
        /// What the run told of itself.
        public var history: RunHistory
        /// `nil` where there is none, or none that can be read.
        public var adapter: AdapterAnalysis?
        /// What the page is to say beside what the history's own problems are, a sentence each.
        public var problems: [String]

        /// A run, with what its adapter changes where that is known.
        public init(_ history: RunHistory, adapter: AdapterAnalysis? = nil, problems: [String] = []) {
            self.history = history
            self.adapter = adapter
            self.problems = problems
        }
    }

    private let subjects: [Subject]

    /// - Parameter subjects: at least one; several are laid side by side
    public init(_ subjects: [Subject]) {
        precondition(!subjects.isEmpty, "a page without a run")
        self.subjects = subjects
    }

    /// Writes the page, whole or not at all.
    ///
    /// - Throws: `TensorFileError` with the path and the system's reason
    public func write(to path: String) throws(TensorFileError) {
        try AtomicFile.write(Foundation.Data(html().utf8), to: path)
    }

    /// The page.
    public func html() -> String {
        let runs = zip(subjects, names).map { TrainingFigures.Run(name: $1, history: $0.history, summary: RunSummary($0.history)) }
        let (sections, problems) = sections(runs)
        let title = runs.count == 1 ? runs[0].name : "\(runs.count) runs side by side"
        let charts = charts(runs)
        let body: HTML
        var links: [(id: String, title: String)] = charts == nil ? [] : [("curves", "Curves")]
        let curves = charts.map { "<section id=\"curves\"><h2>Curves</h2>\n\($0)</section>\n" as HTML }
        if runs.count == 1 {
            let parts = sections[0].parts
            links += parts.map { ($0.id, $0.title) }
            let html = parts.map { "<section id=\"\($0.id)\"><h2>\($0.title)</h2>\n\($0.html)</section>\n" as HTML }
            body = "\(KeyFigure.tiles(KeyFigure.all(runs[0].history, runs[0].summary)))\(curves)\(html)"
        } else {
            let comparison = Comparison(runs: runs)
            links += [("recipes", "What differs")] + runs.indices.map { ("run-\($0)", runs[$0].name) }
            let details = zip(zip(sections, comparison.names), runs.indices).map { section, number -> HTML in
                let parts = section.0.parts.map {
                    "<section id=\"\($0.id)\"><h3 class=\"part\">\($0.title)</h3>\n\($0.html)</section>\n" as HTML
                }
                return "<section class=\"run\" id=\"run-\(number)\"><h2>\(section.1)</h2>\n\(parts)</section>\n"
            }
            body = """
                <h2>Key figures</h2>\(comparison.table)\(curves)<section id="recipes"><h2>What differs in the recipes</h2>\(comparison.differences)</section>
                \(details)
                """
        }
        return document(title: title, header: header(title, runs), links: links, "\(notice(problems))\(body)")
    }

    /// The runs' names; where two have the same, with the files that they were read from.
    private var names: [String] {
        let names = subjects.map { RunSummary($0.history).name }
        return zip(names, subjects).map { name, subject in
            names.count { $0 == name } > 1 ? "\(name) (\(subject.history.path))" : name
        }
    }

    /// What is shown of each run, and all that went wrong.
    private func sections(_ runs: [TrainingFigures.Run]) -> ([RunSection], [String]) {
        var problems: [String] = []
        let sections = zip(subjects, runs).enumerated().map { number, pair in
            let (subject, run) = pair
            let prefix = runs.count == 1 ? "" : "run-\(number)-"
            var own = Verdict(history: run.history, summary: run.summary).problems + subject.problems
            var adapter: HTML?
            do {
                adapter = try subject.adapter.map { try AdapterSection(analysis: $0, prefix: prefix).html() }
            } catch {
                own.append("The adapter cannot be shown: \(error)")
            }
            problems += runs.count == 1 ? own : own.map { "\(run.name): \($0)" }
            return RunSection(history: run.history, adapter: adapter, prefix: prefix)
        }
        return (sections, problems)
    }

    private func charts(_ runs: [TrainingFigures.Run]) -> HTML? {
        var charts = TrainingFigures(runs: runs).charts
        guard !charts.isEmpty else { return nil }
        // Two stand side by side; one that is left over takes the whole line.
        if !charts.count(where: { !$0.isWide }).isMultiple(of: 2) { charts[charts.count - 1].isWide = true }
        return "<div class=\"grid\">\(charts.map(\.html))</div>\n"
    }

    // MARK: - The frame

    private func header(_ title: String, _ runs: [TrainingFigures.Run]) -> HTML {
        guard runs.count == 1, let run = runs.first else {
            return "<h1>\(title)</h1><p class=\"verdict\">\(Comparison(runs: runs).verdict)</p>"
        }
        let verdict = Verdict(history: run.history, summary: run.summary)
        let sentences = verdict.sentences.enumerated().map { $0 == 0 ? $1 : " \($1)" as HTML }
        let about = run.history.run.map { description in
            "<p class=\"about\">\(["data", "base"].compactMap { description.subject[$0]?.string }.joined(separator: " · "))</p>" as HTML
        }
        return
            "<h1>\(title) <span class=\"badge \(verdict.ending.kind)\">\(verdict.ending.word)</span></h1><p class=\"verdict\">\(sentences)</p>\(about)"
    }

    private func notice(_ problems: [String]) -> HTML? {
        guard !problems.isEmpty else { return nil }
        let items = problems.map { "<li>\($0)</li>" as HTML }
        return "<div class=\"notice\" id=\"problems\" role=\"note\"><h2>Worth knowing</h2><ul>\(items)</ul></div>\n"
    }

    private func document(title: String, header: HTML, links: [(id: String, title: String)], _ body: HTML) -> String {
        let versions = subjects.compactMap { $0.history.run?.version }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let html: HTML = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-\(PageScript.hash)'">
            <meta name="color-scheme" content="light dark">
            <title>\(title) · lora-train</title>
            <link rel="icon" href="data:,">
            <style>
            \(HTML(markup: PageStyle.css))
            </style>
            </head>
            <body>
            <header><p class="kind">Training report</p>\(header)</header>
            <nav aria-label="Parts of the page">\(links.map { "<a href=\"#\($0.id)\">\($0.title)</a>" as HTML })</nav>
            <main>
            \(body)</main>
            <footer>lora-train\(versions.isEmpty ? "" : " " + versions.joined(separator: ", ")). This file stands alone: it loads nothing.</footer>
            <script>\(HTML(markup: PageScript.source))</script>
            </body>
            </html>

            """
        return html.markup
    }
}
