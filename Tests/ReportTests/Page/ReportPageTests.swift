import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

@testable import Report

@Suite("The page of a run")
struct ReportPageTests {
    private func page(_ records: [RunRecord]) -> String { ReportPage([.init(RunHistory(path: "run.metrics.jsonl", records))]).html() }

    /// An adapter of rank 2 on four layers of width 8.
    private func adapter() throws -> AdapterAnalysis {
        let modules = (0..<4).map { layer in
            AdapterState.Module(
                place: .layer(layer, .linear(.query, nil)),
                a: StoredTensor(shape: [2, 8], floats: (0..<16).map { Float($0 + layer) / 16 }),
                b: StoredTensor(shape: [8, 2], floats: (0..<16).map { Float(($0 * 7) % 5) - 2 }))
        }
        return try AdapterAnalysis(AdapterState(modules: modules, rotaryLayout: .interleaved), base: nil)
    }

    @Test("Everything that a run tells is there")
    func everything() throws {
        let html = ReportPage([.init(try Histories.full(), adapter: try adapter())]).html()
        for id in [
            "loss", "validation", "retained", "rate", "gradient", "throughput", "tokens", "computed", "experts-layers", "experts-time",
            "norms",
            "module-0", "module-3", "recipe", "environment", "subject", "answers", "figures",
        ] {
            #expect(html.count(of: "id=\"\(id)\"") == 1, "\(id)")
        }
        #expect(html.contains("after step 20: <b>0.625</b>, a perplexity of <b>1.87</b>"))
        #expect(html.contains("its loss rose by <b>0.050</b>"))
        #expect(html.contains("<span class=\"badge good\">complete</span>"))
        #expect(html.contains("我是小石。") && html.contains("我是MiniMind。"))
        #expect(html.count(of: "<span class=\"badge changed\">changed</span>") == 1 && html.count(of: "the same</span>") == 1)
        #expect(html.contains("--learning_rate") && html.contains("<td>float32</td>") && html.contains("of some kind"))
        #expect(html.count(of: "class=\"mark overflow\"") == 2 && html.count(of: "class=\"mark skipped\"") == 2, "one each, and its key")
        #expect(html.count(of: "<img ") == 4 && html.count(of: "data:image/png;base64,") == 4)
        #expect(!html.contains("id=\"problems\""))
        // All that is told apart by a link, a label or a test is told apart.
        let names = html.components(separatedBy: " id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(Set(names).count == names.count)
    }

    @Test("The curve is where the losses are, and broken where there is none")
    func loss() throws {
        let records =
            try [.start(Histories.description())] + [4.0, 2, nil, 1, 0].enumerated().map { try Histories.step($0, loss: $1) } + [
                Histories.end
            ]
        let figure = try #require(page(records).part(from: "id=\"loss\"", to: "</figure>"))
        #expect(figure.contains("data-x=\"0.0 4.0\" data-y=\"0.0 4.0\""))
        // From the left upper corner: a quarter of the width a step, and half the height for the loss of 2.
        #expect(figure.contains("d=\"M0 0L2500 5000M7500 7500L10000 10000\""))
    }

    @Test("One step is a dot; none is said to be none")
    func few() throws {
        let one = page(try [.start(Histories.description()), Histories.step(0, loss: 2.5), Histories.end])
        #expect(one.contains("One step, with a loss of <b>2.500</b>."))
        #expect(try #require(one.part(from: "id=\"loss\"", to: "</figure>")).contains("d=\"M5000 5000L5000 5000\""))
        let none = page([.start(Histories.description()), Histories.end])
        #expect(none.contains("No step was recorded.") && !none.contains("<figure"))
        #expect(none.contains("id=\"recipe\""))
        let nothing = page([])
        #expect(nothing.contains("does not say what was run") && nothing.contains("no record of its end"))
        #expect(nothing.hasSuffix("</html>\n"))
    }

    @Test("Losses that are no numbers make no page ill", arguments: [Double.nan, .infinity, -1e300, 3e38, 0])
    func extremes(_ value: Double) throws {
        let losses: [Double?] = [1, value, nil, 2, value]
        let records =
            try [.start(Histories.description())] + losses.enumerated().map { try Histories.step($0, loss: $1, gradientNorm: value) } + [
                Histories.evaluation(.validation, step: 5, loss: value), Histories.end,
            ]
        let html = page(records)
        // As a number somewhere, not as a part of a word.
        #expect(html.firstMatch(of: /[ ":>(](nan|inf)[ "<;,%)]/) == nil)
        #expect(html.contains("id=\"loss\""))
    }

    /// Lines of a file that no run writes, or one that went astray: in what they differ from those of a plain run.
    private static let strange: [[JSONObject]] = [
        // The validation loss of a run that diverged: what its ticks mean as perplexities is infinite.
        [["evaluation": "val", "loss": 0.94], ["evaluation": "val", "loss": 3483]],
        [["evaluation": "val", "loss": 0.5], ["evaluation": "val", "loss": 1e90]],
        [["evaluation": "val", "loss": -1e300], ["evaluation": "val", "loss": 1e-300]],
        // The first is the rule that the others are seen against.
        [["evaluation": "retain", "loss": 1.7e308], ["evaluation": "retain", "loss": 0.5]],
        [["evaluation": "retain", "loss": -1.7e308], ["evaluation": "retain", "loss": 1.7e308]],
        // Steps beyond which there is no next, alone and beside others.
        [["step": 100_000_000_000_000_000]], [["step": .integer(.max)]], [["step": .integer(.min)]],
        [["step": .integer(1 << 53)]], [["step": .integer(-1 << 53)]], [["step": 0], ["step": .integer(1 << 53)]],
        [["evaluation": "val", "step": 100_000_000_000_000_000]], [["evaluation": "val", "step": .integer(.max)]],
        [["evaluation": "val", "step": .integer(.min)]],
        [["evaluation": "val", "step": .integer(.min)], ["evaluation": "val", "step": .integer(.max)]],
        // What is too small to be divided by, and too large to be multiplied.
        [["lr": .number(4 * .leastNonzeroMagnitude)]], [["lr": 1e-300], ["lr": 1.7e308]], [["lr": -1.7e308], ["lr": 1.7e308]],
        [["lr": 9e99], ["lr": -9e99]], [["lr": 2e-100], ["lr": 2.1e-100]],
        [["grad_norm": 1e-300], ["grad_norm": 1e90]], [["grad_norm": 1e-99], ["grad_norm": 1e99]],
        [["grad_norm": .number(.leastNonzeroMagnitude)], ["grad_norm": .number(.greatestFiniteMagnitude)]],
        [["loss": 1e-45], ["loss": 3e38]], [["aux_loss": 1e300, "expert_uses": [[.integer(.max), .integer(.max)]]]],
        // Speeds that no integer can hold, by themselves or by the sum of their tokens.
        [["tokens": -1_000_000_000_000_000_000, "seconds": 1e-9]],
        [["tokens": 1_000_000_000_000_000_000, "seconds": .number(.leastNonzeroMagnitude)]],
        [["tokens": .integer(.max), "seconds": 1e-9], ["tokens": .integer(.max), "seconds": 1e-9]],
        [["tokens": 5_000_000_000_000_000_000, "seconds": 1e-9], ["tokens": 5_000_000_000_000_000_000, "seconds": 1e-9]],
        [["seconds": -1e-9]], [["seconds": 1.7e308], ["seconds": 1.7e308]], [["seconds": -1.7e308], ["seconds": 1.7e308]],
        [["samples": .integer(.min)]], [["computed_tokens": .integer(.max)]], [["counted_tokens": -1]], [["epoch": .integer(.min)]],
    ]

    /// A file of a plain run's steps, one a set of values that are put in the place of its own.
    private func history(_ lines: [JSONObject]) throws -> RunHistory {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let records = lines.enumerated().map { number, values -> JSON in
            let plain: JSONObject = [
                "step": .integer(number), "epoch": 0, "loss": 2, "lr": 0.001, "grad_norm": 0.5, "tokens": 800, "seconds": 0.25,
                "samples": 16,
            ]
            return .object(values.reduce(into: plain) { $0[$1.key] = $1.value })
        }
        let path = folder + "/strange.metrics.jsonl"
        let text = ([RunRecord.start(Histories.description()).json] + records).map { $0.serialized + "\n" }.joined()
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try RunHistory(path: path)
    }

    @Test("Numbers that no axis, no count and no perplexity can hold make no page ill", arguments: Self.strange)
    func strangeNumbers(_ lines: [JSONObject]) throws {
        // Alone, and beside plain steps.
        for history in [try history(lines), try history(lines + [[:], [:]])] {
            for html in [ReportPage([.init(history)]).html(), ReportPage([.init(history), .init(try Histories.full())]).html()] {
                #expect(html.hasSuffix("</html>\n"))
                #expect(html.firstMatch(of: /[ ":>(]-?(nan|inf)[ "<;,%)]/) == nil)
            }
        }
    }

    @Test("A run that diverged has its curve, and perplexities as far as there are numbers for them")
    func diverged() throws {
        let html = ReportPage([.init(try history(Self.strange[0]))]).html()
        let figure = try #require(html.part(from: "id=\"validation\"", to: "</figure>"))
        #expect(figure.contains("data-y=\"0.0 4000.0\""))
        #expect(figure.contains(">1.00</text>") && figure.count(of: ">∞</text>") == 4)
    }

    @Test("Steps and counts that no run can have make a line unreadable, not the file")
    func refused() throws {
        let far = 1 << 53
        let lines: [JSONObject] = [
            ["step": .integer(far + 1)], ["step": .integer(-far - 1)], ["step": .integer(.max)], ["tokens": -1], ["samples": -1],
            ["computed_tokens": -1], ["counted_tokens": -1], ["step": .integer(far)], ["step": 7],
        ]
        let history = try history(lines)
        #expect(history.steps.map(\.step) == [far, 7])
        #expect(history.problems == ["7 lines are no records of a run and are left out, the first of them line 2"])
        #expect(ReportPage([.init(history)]).html().contains("7 lines are no records of a run"))
    }

    @Test("Epochs end where a file that begins far from the run's start is, and nowhere before it")
    func farEpochs() throws {
        let records = try [.start(Histories.description(stepsPerEpoch: 1)), Histories.step(1_000_000_000_000_000, loss: 1)]
        let figure = try #require(page(records).part(from: "id=\"loss\"", to: "</figure>"))
        // The step's own, and the legend's.
        #expect(figure.count(of: "class=\"epoch\"") == 2)
    }

    @Test("What a file says cannot become markup")
    func escaping() throws {
        let evil = "<script>alert('x')</script>\"&"
        var run = Histories.description(name: evil)
        run.savedPath = evil
        run.basePath = evil
        run.version = evil
        run.started = evil
        for key in ["--data", evil] { run.recipe[key] = .string(evil) }
        run.subject["data"] = .string(evil)
        run.environment[evil] = .string(evil)
        let records: [RunRecord] = [
            .start(run), try Histories.step(0, loss: 1), Histories.answers(.before, step: 0, [(evil, evil)]),
            Histories.answers(.after, step: 1, [(evil, evil + "!")]),
            .end(RunEnd(reason: .failed, message: evil, seconds: 1, tokensPerSecond: 1, peakMemory: 0)),
        ]
        let history = RunHistory(path: evil, records)
        for html in [
            ReportPage([.init(history, problems: [evil])]).html(),
            ReportPage([.init(history, problems: [evil]), .init(history), .init(try Histories.full())]).html(),
        ] {
            #expect(html.count(of: "<script") == 1 && html.count(of: "</script") == 1)
            #expect(!html.contains("alert('x')") && !html.contains("\"&\""))
            #expect(html.count(of: "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;") > 10)
        }
    }

    @Test("A line that was cut off, and strange lines, are said")
    func cut() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/cut.metrics.jsonl"
        let lines = try [.start(Histories.description()), Histories.step(0, loss: 2), Histories.step(1, loss: 1)].map(\.json.serialized)
        try (lines.joined(separator: "\n") + "\nno record\n" + lines[2].prefix(40)).write(toFile: path, atomically: true, encoding: .utf8)
        let html = ReportPage([.init(try RunHistory(path: path))]).html()
        let notice = try #require(html.part(from: "id=\"problems\"", to: "</div>"))
        #expect(notice.contains("line 5, the last, is cut off and left out"))
        #expect(notice.contains("line 4 is no record of a run"))
        #expect(notice.contains("has not ended yet, or was killed"))
        #expect(html.contains("<b>2.000</b> to <b>1.000</b> in 2 steps"))
    }

    @Test("It loads nothing from elsewhere")
    func outside() throws {
        let html = ReportPage([.init(try Histories.full(), adapter: try adapter()), .init(try Histories.full())]).html()
        #expect(!html.contains("http:") && !html.contains("https:") && !html.contains("@import") && !html.contains("url("))
        #expect(html.contains("default-src 'none'"))
        let sources = html.components(separatedBy: " src=\"").dropFirst()
        #expect(sources.allSatisfy { $0.hasPrefix("data:image/png;base64,") } && sources.count == 4)
        #expect(html.components(separatedBy: " href=\"").dropFirst().allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("data:,\"") })
    }

    @Test("The page's policy names the hash of its script")
    func hash() throws {
        #expect(SHA256.hash(Array("abc".utf8)).prefix(4) == [0xBA, 0x78, 0x16, 0xBF])
        let html = page([Histories.end])
        let script = try #require(html.part(from: "<script>", to: "</script>"))
        let hash = Foundation.Data(SHA256.hash(Array(script.utf8))).base64EncodedString()
        #expect(html.contains("script-src 'sha256-\(hash)'"))
    }

    @Test("A long run is a small page")
    func long() throws {
        var records = try (0..<50_000).map { try Histories.step($0, loss: 1 + sin(Double($0)), gradientNorm: 2 + cos(Double($0))) }
        records.insert(.start(Histories.description(epochs: 1, stepsPerEpoch: 50_000)), at: 0)
        records += (1...5000).map { Histories.evaluation(.validation, step: $0 * 10, loss: 1 + 1 / Double($0)) }
        let history = RunHistory(path: "long", records + [Histories.end])
        let html = ReportPage([.init(history)]).html()
        #expect(html.utf8.count < 300_000)
        #expect(html.contains("The band reaches from the lowest to the highest"))
        #expect(html.contains("class=\"band\""))
    }

    @Test("Many modules are folded away, in smaller maps")
    func many() throws {
        func analysis(_ count: Int) throws -> AdapterAnalysis {
            let side = 200
            let modules = (0..<count).map { layer in
                AdapterState.Module(
                    place: .layer(layer, .linear(.query, nil)),
                    a: StoredTensor(shape: [1, side], floats: .init(repeating: 1, count: side)),
                    b: StoredTensor(shape: [side, 1], floats: (0..<side).map(Float.init)))
            }
            return try AdapterAnalysis(AdapterState(modules: modules, rotaryLayout: .interleaved), base: nil)
        }
        let few = try AdapterSection(analysis: analysis(64), prefix: "").html().markup
        #expect(few.count(of: "width=\"200\" height=\"200\"") == 64 && !few.contains("<details"))
        let many = try AdapterSection(analysis: analysis(65), prefix: "").html().markup
        #expect(many.count(of: "width=\"100\" height=\"100\"") == 65 && many.contains("<details"))
    }

    @Test("A place that cannot be written to is named, and nothing is left there")
    func unwritable() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let page = ReportPage([.init(try Histories.full())])
        let error = try #require(throws: TensorFileError.self) { try page.write(to: folder) }
        #expect("\(error)".contains(folder))
        try page.write(to: folder + "/new/page.html")
        #expect(try String(contentsOfFile: folder + "/new/page.html", encoding: .utf8) == page.html())
    }
}

@Suite("Runs side by side")
struct ComparisonTests {
    private func history(_ name: String, loss: Double, rate: String, path: String = "run.jsonl") throws -> RunHistory {
        var run = Histories.description(name: name)
        run.recipe["--learning_rate"] = .string(rate)
        run.subject["data"] = .string("\(name).jsonl")
        return RunHistory(
            path: path,
            try [.start(run)] + (0..<5).map { try Histories.step($0, loss: loss) } + [
                Histories.evaluation(.validation, step: 5, loss: loss / 2), Histories.end,
            ])
    }

    @Test("Curves are laid over each other, the best is marked, and only what differs is listed")
    func table() throws {
        let html = ReportPage([.init(try history("one", loss: 2, rate: "0.1")), .init(try history("two", loss: 1, rate: "0.2"))]).html()
        #expect(html.contains("The lowest validation loss, <b>0.500</b>, has <b>two</b>."))
        let loss = try #require(html.part(from: "id=\"loss\"", to: "</figure>"))
        #expect(
            loss.count(of: "class=\"line\" data-name=") == 2 && loss.contains("data-name=\"one\"") && loss.contains("data-name=\"two\""))
        let figures = try #require(html.part(from: "id=\"figures\"", to: "</table>"))
        #expect(figures.contains("<b>1.000 <span aria-label=\"best\">★</span></b>") && figures.contains("<td>2.000<small>"))
        // Speed and memory are the same: neither is the best.
        #expect(figures.count(of: "★") == 2)
        let differences = try #require(html.part(from: "id=\"differences\"", to: "</table>"))
        #expect(differences.contains("--learning_rate") && differences.contains("<td>0.1</td><td>0.2</td>"))
        #expect(differences.contains("one.jsonl") && !differences.contains("--grad_clip") && !differences.contains("base.pth"))
        #expect(html.contains("id=\"run-0-recipe\"") && html.contains("id=\"run-1-recipe\""))
    }

    @Test("Runs of one name are told apart by their files, and runs that are alike have no differences")
    func sameName() throws {
        let html = ReportPage([
            .init(try history("one", loss: 2, rate: "0.1", path: "a.jsonl")),
            .init(try history("one", loss: 2, rate: "0.1", path: "b.jsonl")),
        ]).html()
        #expect(html.contains("one (a.jsonl)") && html.contains("one (b.jsonl)"))
        #expect(html.contains("The recipes are the same.") && !html.contains("★"))
    }

    @Test("Curves of many runs are told apart by dashes where colours are used up")
    func many() throws {
        let subjects = try (0..<12).map { ReportPage.Subject(try history("run \($0)", loss: Double($0 + 1), rate: "0.1")) }
        let loss = try #require(ReportPage(subjects).html().part(from: "id=\"loss\"", to: "</figure>"))
        let styles = loss.components(separatedBy: "class=\"line\" data-name=").dropFirst().map { $0.part(from: "style=\"", to: "\"") }
        #expect(styles.count == 12 && Set(styles).count == 12)
    }
}

@Suite("Use of the experts")
struct ExpertUsesTests {
    @Test("Shares sum over the steps, by layer and over all")
    func shares() throws {
        let uses = ExpertUses(layers: 2, experts: 2)
        let records = try [Histories.step(0, loss: 1, uses: [[1, 3], [0, 0]]), Histories.step(1, loss: 1, uses: [[3, 1], [0, 0]])]
        let steps = RunHistory(path: "", records).steps
        #expect(uses.shares(steps) == [[0.5, 0.5], [nil, nil]])
        #expect(uses.sharesOfAllLayers(steps.prefix(1)) == [0.25, 0.75])
    }

    @Test("A file with steps of other layers and experts is taken for what fits")
    func ragged() throws {
        let records = try [
            Histories.step(0, loss: 1, uses: [[2, 2], [1]]), Histories.step(1, loss: 1, uses: [[1, 1, 9], [0, -5], [7, 7]]),
        ]
        let steps = RunHistory(path: "", records).steps
        #expect(ExpertUses(layers: 2, experts: 2).shares(steps) == [[0.5, 0.5], [1, 0]])
        let html = try #require(ExpertFigures.html(steps)).markup
        #expect(html.contains("id=\"experts-layers\"") && html.contains("50 %"))
    }
}
