import Foundation
import Tensor
import TestSupport
import Testing
import Training

/// `lora-train report` on what a training leaves.
@Suite("The report")
struct ReportCommandTests {
    /// One short training for all of these tests.
    private static let training = Result { try trained() }

    private static func trained() throws -> TinyTraining {
        let training = try TinyTraining()
        let run = try Command(training.arguments)
        guard run.status == 0 else { throw CommandFailure(errors: run.errors) }
        return training
    }

    private struct CommandFailure: Error { let errors: String }

    /// A folder of its own with what the training left.
    private func copy() throws -> (folder: String, metrics: String) {
        let training = try Self.training.get()
        let folder = try Paths.temporaryFolder()
        for path in [training.metricsPath, training.adapterPath] {
            try FileManager.default.copyItem(atPath: path, toPath: folder + "/" + (path as NSString).lastPathComponent)
        }
        return (folder, folder + "/" + (training.metricsPath as NSString).lastPathComponent)
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test("It is made again from the metrics, the adapter or the folder, the same each time")
    func again() throws {
        let training = try Self.training.get()
        let place = training.stem + ".report.html"
        var pages: [String] = []
        for word in [training.metricsPath, training.adapterPath, training.folder, training.folder + "/lora/"] {
            try? FileManager.default.removeItem(atPath: place)
            let run = try Command(["report", word])
            #expect(run.status == 0 && run.output == "wrote \(place)\n" && run.errors.isEmpty, "\(run.errors)")
            pages.append(try text(place))
        }
        #expect(Set(pages).count == 1)
        let page = try #require(pages.first)
        #expect(page.contains("lora_identity_192") && page.contains(">complete<") && !page.contains("id=\"problems\""))
        #expect(page.components(separatedBy: "<img ").count - 1 == 8 && page.contains("‖ΔW‖ / ‖W‖"))
        // Nobody needs a folder for it.
        let elsewhere = training.folder + "/new/place.html"
        #expect(try Command(["report", training.metricsPath, "--out", elsewhere]).status == 0)
        #expect(try text(elsewhere) == page)
    }

    @Test("What is gone is said, and the rest is shown")
    func missing() throws {
        let (folder, metrics) = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let place = metrics.replacing(".metrics.jsonl", with: ".report.html")
        let moved = try text(metrics).replacing(TinyTraining.example, with: "/gone").replacing(
            (try Self.training.get()).folder, with: "/gone")
        try moved.write(toFile: metrics, atomically: true, encoding: .utf8)
        var run = try Command(["report", metrics])
        // The adapter lies beside the metrics; the base does not.
        #expect(run.status == 0 && run.errors.contains("there is none at /gone/rlhf_192.pth"), "\(run.errors)")
        #expect(try text(place).contains("<img ") && text(place).contains("shown without its base"))
        run = try Command(["report", metrics, "--base_path", TinyTraining.example + "/rlhf_192.pth"])
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        try FileManager.default.removeItem(atPath: metrics.replacing(".metrics.jsonl", with: ".pth"))
        run = try Command(["report", metrics])
        #expect(run.status == 0 && run.errors.contains("There is no adapter at /gone"), "\(run.errors)")
        #expect(try !text(place).contains("<img ") && text(place).contains("id=\"loss\""))
    }

    @Test("Metrics that are cut mid-line give a page that says so")
    func cut() throws {
        let (folder, metrics) = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let lines = try text(metrics).split(separator: "\n")
        try (lines.prefix(10).joined(separator: "\n") + "\n" + lines[10].prefix(30)).write(
            toFile: metrics, atomically: true, encoding: .utf8)
        let run = try Command(["report", metrics])
        #expect(run.status == 0 && run.errors.contains("line 11, the last, is cut off"), "\(run.errors)")
        let page = try text(metrics.replacing(".metrics.jsonl", with: ".report.html"))
        #expect(page.contains("line 11, the last, is cut off") && page.contains("in 9 steps"))
    }

    @Test("An adapter of another base is refused by name and shape, and the curves are shown all the same")
    func otherBase() throws {
        let (folder, metrics) = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let base = folder + "/other.pth"
        let original = try TensorFile.read(TinyTraining.example + "/rlhf_192.pth")
        var other = StateDictionary()
        for name in original.names {
            guard let tensor = original[name] else { continue }
            // Half as wide as the adapter's base.
            let shape = tensor.shape.map { $0 == 192 ? 96 : $0 }
            other[name] = StoredTensor(shape: shape, floats: [Float](repeating: 0.1, count: shape.reduce(1, *)))
        }
        try PyTorchFile.write(other, to: base)
        let settings = try String(contentsOfFile: TinyTraining.example + "/rlhf_192.json", encoding: .utf8)
        try settings.replacing("192", with: "96").write(toFile: folder + "/other.json", atomically: true, encoding: .utf8)
        let run = try Command(["report", metrics, "--base_path", base])
        #expect(run.status == 0 && run.errors.contains("layers.0.attention.wq") && run.errors.contains("192"), "\(run.errors)")
        #expect(try text(metrics.replacing(".metrics.jsonl", with: ".report.html")).contains("layers.0.attention.wq"))
    }

    @Test("Several runs are laid side by side, in the folder that one is in")
    func comparison() throws {
        let (folder, metrics) = try copy()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let other = folder + "/other.metrics.jsonl"
        try text(metrics).replacing("\"lora_identity_192\"", with: "\"another\"").write(toFile: other, atomically: true, encoding: .utf8)
        let run = try Command(["report", metrics, other], folder: folder)
        #expect(run.status == 0 && run.output == "wrote comparison.report.html\n", "\(run.errors)")
        let page = try text(folder + "/comparison.report.html")
        #expect(page.contains("2 runs side by side") && page.contains("data-name=\"another\""))
        let refused = try Command(["report", metrics, other, "--lora_path", folder + "/lora_identity_192.pth"], folder: folder)
        #expect(refused.status == 2 && refused.errors.contains("--lora_path is the adapter of one run"))
    }

    @Test("What is no run is refused in one line that says what to do")
    func refused() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func file(_ name: String, _ text: String) throws -> String {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
            return "\(folder)/\(name)"
        }
        let good = try file("good.metrics.jsonl", #"{"step":0,"epoch":0,"loss":1,"lr":1,"tokens":1,"seconds":1}"# + "\n")
        let cases: [([String], Int32, String)] = [
            ([], 2, "report needs a run"),
            ([folder + "/absent.jsonl"], 1, "no such file or folder"),
            ([try file("empty.jsonl", "")], 1, "is empty: no run has written to it"),
            ([try file("words.txt", "not a run\nat all\n")], 1, "is no metrics file"),
            ([try file("alone.pth", "x")], 1, "has no metrics beside it (\(folder)/alone.metrics.jsonl)"),
            ([TinyTraining.example], 1, "holds no metrics"),
            ([good, "--lora_path", folder + "/absent.pth"], 1, "--lora_path: there is no"),
            ([good, "--out", good], 2, "is the input"),
            ([good, "--out", folder], 1, folder),
            ([good, "--out", good + "/page.html"], 1, "cannot be"),
            ([good, "--outt", "x"], 2, "did you mean --out?"),
        ]
        for (arguments, status, words) in cases {
            let run = try Command(["report"] + arguments, folder: folder)
            #expect(run.status == status && run.errors.contains(words), "\(arguments): \(run.status) \(run.errors)")
            #expect(run.errors.split(separator: "\n").last?.hasPrefix("error: ") == true)
        }
        let run = try Command(["report", good], folder: folder)
        #expect(run.status == 0 && run.errors.contains("--lora_path names it"), "\(run.errors)")
    }
}
