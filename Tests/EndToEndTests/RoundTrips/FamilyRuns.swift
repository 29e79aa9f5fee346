import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// The whole way of a model of every family, by the command: evaluated, trained, merged into a folder and a GGUF.
@Suite("Families: trainings as PyTorch's", .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct FamilyRuns {
    /// What a run of the command left.
    private struct Run {
        let name: String
        var base = 0.0
        var steps: [(loss: Double, rate: Double)] = []
        /// With the trained adapter: beside the base, and merged into a GGUF where llama.cpp has the architecture.
        var adapted = 0.0
        var gguf: Double?
    }

    private static let stepSize = 4

    @Test("Base, three steps of LoRA, merged folder and GGUF")
    func everyFamily() throws {
        try withFolder { folder in
            let data = folder + "/data.jsonl"
            try Self.conversations.write(toFile: data, atomically: true, encoding: .utf8)
            let samples = try Command(["data", "--json", "--data_path", data, "--tokenizer_path", TinyBase.folder, "--max_seq_len", "200"])
            try samples.lines.filter { $0.hasPrefix("{\"") && $0.contains("\"ids\"") }.joined(separator: ",").bracketed
                .write(toFile: folder + "/samples.json", atomically: true, encoding: .utf8)
            let models = try Peers.run(["family-models", "--vocabulary", "2048", "--out", folder])
            let runs = try (models.array ?? []).map { model in
                try run(#require(model["name"]?.string), hasGGUF: model["gguf"]?.bool == true, in: folder)
            }
            #expect(runs.count > 20)
            let cases: [JSON] = runs.map { run in
                [
                    "model": .string("\(folder)/\(run.name)"), "start": .string("\(folder)/\(run.name)-start"),
                    "merged": .string("\(folder)/\(run.name)-merged"), "size": .integer(Self.stepSize),
                    "rates": .array(run.steps.map { .number($0.rate) }),
                ]
            }
            try JSON.array(cases).serialized.write(toFile: folder + "/runs.json", atomically: true, encoding: .utf8)
            let answers =
                try Peers.run(["family-runs", "--samples", "@\(folder)/samples.json", "--runs", "@\(folder)/runs.json"]).array ?? []
            #expect(answers.count == runs.count)
            for (run, theirs) in zip(runs, answers) {
                func check(_ ours: Double, _ expected: Double?, within bound: Double, _ what: String) {
                    let error = abs(ours - (expected ?? .nan)) / ours
                    #expect(error < bound, "\(run.name), \(what): \(ours), not \(expected ?? .nan)")
                }
                check(run.base, theirs["base"]?.number, within: 2e-5, "base")
                check(run.adapted, theirs["merged"]?.number, within: 2e-5, "merged folder")
                if let gguf = run.gguf { check(gguf, run.adapted, within: 2e-5, "GGUF") }
                let steps = theirs["steps"]?.array ?? []
                #expect(steps.count == 3 && run.steps.count == 3)
                for (ours, step) in zip(run.steps, steps) { check(ours.loss, step.number, within: 2e-4, "a step") }
                // Otherwise an adapter that does nothing would do.
                #expect(abs(run.adapted - run.base) > 1e-3 * run.base, "\(run.name)")
            }
        }
    }

    private func run(_ name: String, hasGGUF: Bool, in folder: String) throws -> Run {
        let path = "\(folder)/\(name)"
        let common = [
            "--data_path", folder + "/data.jsonl", "--tokenizer_path", TinyBase.folder, "--dtype", "float32", "--max_seq_len", "200",
        ]
        func command(_ words: [String]) throws -> Command {
            let command = try Command(words)
            #expect(command.status == 0, "\(name): \(command.errors)")
            return command
        }
        func loss(_ words: [String]) throws -> Double {
            let report = try JSON(parsing: command(["eval", "--json"] + common + words).output)
            return (report["loss"] ?? report["base"]?["loss"])?.number ?? .nan
        }
        var run = Run(name: name)
        run.base = try loss(["--base_path", path])

        let model = try LanguageModel(contentsOf: path)
        // The router of experts, and what stands in one tensor for all of them, PEFT adapts otherwise.
        let targets: ModuleTargets = model.configuration.experts == nil ? .allLinear : .attention
        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: targets, rank: 4, scale: 2))
        adapter.fill(size: 0.1)
        try adapter.write(to: path + "-start", as: .peft)
        let trained = try command(
            ["train", "--base_path", path, "--lora_path", path + "-start", "--epochs", "1", "--batch_size", "\(Self.stepSize)"]
                + ["--out_dir", path + "-out", "--lora_name", "a", "--learning_rate", "1e-2", "--log_interval", "1"] + common)
        let stem = "\(path)-out/lora/a_\(model.configuration.dim)"
        #expect(trained.output.contains("saved \(stem).pth"))
        run.steps = try String(contentsOfFile: stem + ".metrics.jsonl", encoding: .utf8).split(separator: "\n").compactMap {
            let line = try JSON(parsing: String($0))
            guard line["step"] != nil, let loss = line["loss"]?.number, let rate = line["lr"]?.number else { return nil }
            return (loss, rate)
        }

        run.adapted = try loss(["--base_path", path, "--lora_path", stem + ".pth"])
        let merge = ["merge", "--base_path", path, "--lora_path", stem + ".pth", "--save_dtype", "float32", "--verify", "0"]
        _ = try command(merge + ["--output", path + "-merged"])
        if hasGGUF {
            _ = try command(merge + ["--output", path + ".gguf"])
            run.gguf = try loss(["--base_path", path + ".gguf"])
        }
        return run
    }

    /// Conversations of one to three turns, some short and some long.
    private static let conversations: String = {
        let turns = [
            ("Who are you?", "I am a small model."), ("你是谁？", "我是一个小模型。"), ("7 * 8?", "56"),
            ("Name three rivers, please.", "The Po, the Rhine and the Nile; all of them flow to the sea."),
            ("Why is the sky blue?", "Because air scatters blue light more than red light."),
            ("Tell me a story.", String(repeating: "Once there was a house by the sea where only the wind lived. ", count: 3)),
        ]
        let lines: [JSON] = (0..<12).map { line in
            let messages = (0...line % 3).flatMap { turn -> [JSON] in
                let (question, answer) = turns[(5 * line + turn) % turns.count]
                return [["role": "user", "content": .string(question)], ["role": "assistant", "content": .string(answer)]]
            }
            return ["conversations": .array(messages)]
        }
        return lines.map { $0.serialized + "\n" }.joined()
    }()
}

extension String {
    fileprivate var bracketed: String { "[\(self)]" }
}
