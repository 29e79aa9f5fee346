import Foundation
import Tensor
import TestSupport
import Testing
import Training

/// A browser opens the report of a training and says what it sees.
@Suite("The report in a browser", .enabled(if: Peers.hasBrowser, "\(Peers.absenceOfBrowser)"))
struct ReportBrowserTests {
    private static let views = "[[390,844,false],[1440,900,false],[1440,900,true]]"

    @Test("One run: no error, no request, no word on another, and every figure is drawn")
    func run() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        #expect(try Command(training.arguments).status == 0)
        try Self.tellMore(training.metricsPath)
        #expect(try Command(["report", training.metricsPath]).status == 0)
        let figures = [
            "loss", "validation", "retained", "rate", "gradient", "throughput", "tokens", "computed", "experts-layers", "experts-time",
            "norms",
        ]
        let modules = (0..<8).map { "module-\($0)" }
        try check(training.stem + ".report.html", figures: figures + modules, images: modules.count, isSingle: true)
    }

    @Test("Runs side by side, one of them long and one without a step")
    func comparison() throws {
        let training = try TinyTraining(["--epochs", "1"])
        defer { training.remove() }
        #expect(try Command(training.arguments).status == 0)
        let long = training.folder + "/long.metrics.jsonl"
        let none = training.folder + "/none.metrics.jsonl"
        let lines = try String(contentsOfFile: training.metricsPath, encoding: .utf8).split(separator: "\n")
        let steps = (0..<5000).map { step -> String in
            let loss = 3 / (1 + Double(step) / 500) + sin(Double(step))
            return #"{"step":\#(step),"epoch":0,"loss":\#(loss),"lr":0.001,"grad_norm":1,"tokens":900,"seconds":0.5,"samples":8}"#
        }
        try "\(lines[0])\n\(steps.joined(separator: "\n"))\n".write(toFile: long, atomically: true, encoding: .utf8)
        try "\(lines[0])\n".write(toFile: none, atomically: true, encoding: .utf8)
        let page = training.folder + "/page.html"
        #expect(try Command(["report", training.metricsPath, long, none, "--out", page]).status == 0)
        try check(
            page, figures: ["loss", "rate", "gradient", "throughput", "tokens", "computed", "run-0-norms", "run-2-norms"], images: 24,
            isSingle: false)
    }

    /// Adds what this training did not have: evaluations, answers, experts, an overflow, a batch without tokens.
    private static func tellMore(_ path: String) throws {
        let history = try RunHistory(path: path)
        var records = try history.steps.map { report -> RunRecord in
            var line = report.json.object ?? [:]
            line["expert_uses"] = .array((0..<4).map { layer in .array((0..<4).map { .integer(10 + (layer + 1) * $0 + report.step) }) })
            if report.step == 3 { line["overflowed"] = true }
            if report.step == 4 { line["loss"] = .null }
            return .step(try #require(StepReport(.object(line))))
        }
        for step in stride(from: 0, through: history.steps.count, by: 5) {
            for (set, loss) in [(EvaluationReport.Set.validation, 3 - Double(step % 15) / 10), (.retained, 1.5 + Double(step) / 100)] {
                records.append(
                    .evaluation(
                        EvaluationReport(
                            set, EvaluationResult(loss: loss, countedTokens: 100, samples: 8, seconds: 0.1), step: step,
                            epoch: Double(step) / 5)))
            }
        }
        let long = String(repeating: "long", count: 60)
        for (moment, answer) in [(AnswerReport.Moment.before, "我是小石。"), (.after, "<b>我是MiniMind</b> \(long)")] {
            records.append(
                .answers(AnswerReport(moment: moment, step: 0, answers: [.init(prompt: "你是谁？<script>throw 1</script>", answer: answer)])))
        }
        let whole = [.start(try #require(history.run))] + records + [.end(try #require(history.end))]
        try (whole.map(\.json.serialized).joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    private func check(_ page: String, figures: [String], images: Int, isSingle: Bool) throws {
        let answer = try Peers.run(["browse", "--page", page, "--views", Self.views])
        let views = try #require(answer["views"]?.array)
        #expect(views.count == 3)
        for view in views {
            let name = view["name"]?.string ?? ""
            for trouble in ["console", "requests", "stray_words", "wide_elements", "faint_words"] {
                #expect(view[trouble]?.array?.map { $0.string ?? "" } == [], "\(name): \(trouble)")
            }
            let (content, window) = (view["size"]?["scrollWidth"]?.integer, view["size"]?["clientWidth"]?.integer)
            #expect(try #require(content) <= #require(window), "\(name)")
            let drawn = try #require(view["figures"]?.array)
            #expect(Set(figures).isSubset(of: drawn.compactMap { $0["id"]?.string }), "\(name)")
            for figure in drawn {
                let id = "\(name): \(figure["id"]?.string ?? "")"
                let (places, seen) = (figure["places"]?.integer ?? 0, figure["seen"]?.integer ?? 0)
                // Lines of several runs have dashes, and lie on each other.
                #expect(places > 0 && (isSingle ? seen == places : 2 * seen > places), "\(id): \(seen) of \(places) places are drawn")
                #expect(figure["colors"]?.integer ?? 0 > (figure["images"]?.integer == 1 ? 100 : 10), "\(id)")
            }
            #expect(
                view["images"]?.array?.count == images && view["images"]?.array?.allSatisfy { $0["is_equal"]?.bool == true } == true,
                "\(name)")
            #expect(view["read_out"]?.string?.hasPrefix("step ") == true, "\(name): \(view["read_out"]?.serialized ?? "")")
        }
    }
}
