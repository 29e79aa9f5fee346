import Foundation
import Model
import Tensor
import TestSupport
import Testing
import Training

/// Models that are trained whole: what is saved opens by itself as what the run measured.
@Suite("Models trained whole, end to end")
struct WholeModelTests {
    /// A base, what it is saved as, and the flags that ask for it.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var settings: JSON = .null
        var isGGUF = false
        var flags: [String] = []
        let ending: String
        var testDescription: String { "\(name) \(flags.joined(separator: " ")) → \(ending)" }
    }

    private static func settings(_ type: String, _ more: JSONObject) -> JSON {
        var json: JSONObject = [
            "model_type": .string(type), "hidden_size": 96, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 6,
            "num_key_value_heads": 2, "vocab_size": 2048, "max_position_embeddings": 512, "head_dim": 16, "rope_theta": 10000,
            "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
        ]
        for (key, value) in more { json[key] = value }
        return .object(json)
    }

    private static let llama = settings(
        "llama",
        ["rope_scaling": ["rope_type": "linear", "factor": 2.5], "rms_norm_eps": 0.001, "tie_word_embeddings": false])
    private static let qwen3 = settings("qwen3", ["tie_word_embeddings": true])
    private static let gemma3 = settings("gemma3_text", ["sliding_window": 16, "query_pre_attn_scalar": 24])

    static let cases: [Case] = [
        Case(name: "llama", settings: llama, ending: ""), Case(name: "llama", settings: llama, isGGUF: true, ending: ".gguf"),
        Case(name: "llama", settings: llama, flags: ["--format", "pth"], ending: ".pth"),
        Case(name: "qwen3", settings: qwen3, ending: ""),
        Case(name: "qwen3", settings: qwen3, isGGUF: true, flags: ["--format", "huggingface"], ending: ""),
        Case(name: "gemma3", settings: gemma3, flags: ["--save_dtype", "bfloat16"], ending: ""),
        Case(name: "gemma3", settings: gemma3, flags: ["--format", "gguf"], ending: ".gguf"),
        Case(name: "tiny", ending: ".pth"), Case(name: "tiny", flags: ["--format", "huggingface"], ending: ""),
    ]

    /// The flags that name a base.
    private func base(_ base: Case, in folder: String) throws -> [String] {
        guard base.settings != .null else { return ["--base_path", TinyBase.path, "--tokenizer_path", TinyBase.folder] }
        let model = try RoundTrip.model(HuggingFaceConfiguration(base.settings).model)
        try model.writeHuggingFaceFolder(to: folder + "/base", as: .float32, tokenizerFolder: TinyBase.folder)
        guard base.isGGUF else { return ["--base_path", folder + "/base"] }
        let export = try Command(
            ["export", "--base_path", folder + "/base", "--output", folder + "/base.gguf", "--save_dtype", "float32", "--verify", "0"])
        #expect(export.status == 0, "\(export.errors)")
        return ["--base_path", folder + "/base.gguf"]
    }

    @Test("The saved model gives the run's own validation loss, without a flag", arguments: cases)
    func validation(_ base: Case) throws {
        try withFolder { folder in
            let training = try TinyTraining()
            defer { training.remove() }
            let data = ["--data_path", training.dataPath, "--max_seq_len", "96", "--batch_size", "16", "--dtype", "float32"]
            let flags = try self.base(base, in: folder)
            let run = try Command(
                flags + data + ["--full", "--val_data_path", training.dataPath, "--epochs", "1", "--learning_rate", "1e-3"]
                    + ["--out_dir", folder, "--lora_name", "whole"] + base.flags)
            #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
            let stem = "\(folder)/whole_\(base.settings == .null ? 192 : 96)"
            #expect(run.output.contains("saved \(stem)\(base.ending) ("), "\(run.output)")
            let history = try RunHistory(path: "\(folder)/lora/\((stem as NSString).lastPathComponent).metrics.jsonl")
            let losses = history.evaluations.map(\.loss)
            let last = try #require(losses.last)
            #expect(losses.count == 2 && abs(last - losses[0]) > 0.01)
            // What has its tokenizer inside needs no flag at all.
            let tokenizer = base.ending == ".pth" ? ["--tokenizer_path", TinyBase.folder] : []
            for path in [stem + base.ending, stem + ".best" + base.ending] {
                let evaluation = try Command(["eval", "--json", "--base_path", path] + data + tokenizer)
                #expect(evaluation.status == 0, "\(evaluation.errors)")
                let loss = try JSON(parsing: evaluation.output)["loss"]?.number ?? .nan
                #expect(abs(loss - last) < (base.flags.contains("bfloat16") ? 1e-2 : 1e-6) * last, "\(path): \(loss), not \(last)")
            }
        }
    }

    @Test("What cannot be saved is said before the first step")
    func refused() throws {
        try withFolder { folder in
            let training = try TinyTraining()
            defer { training.remove() }
            func run(_ flags: [String]) throws -> Command {
                try Command(
                    ["--data_path", training.dataPath, "--out_dir", folder, "--lora_name", "whole", "--epochs", "1", "--tokenizer_path"]
                        + [TinyBase.folder] + flags)
            }
            let helium = folder + "/helium"
            try RoundTrip.model(HuggingFaceConfiguration(Self.settings("helium", ["head_dim": 16])).model)
                .writeHuggingFaceFolder(to: helium, as: .float32)
            let noArchitecture = try run(["--base_path", helium, "--full", "--format", "gguf"])
            #expect(noArchitecture.status == 1 && noArchitecture.errors.contains("llama.cpp has no architecture for models of Helium"))
            #expect(!noArchitecture.output.contains("Epoch"))

            let place = folder + "/whole_192"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try "mine".write(toFile: place + "/notes.txt", atomically: true, encoding: .utf8)
            let taken = try run(["--base_path", TinyBase.path, "--full", "--format", "huggingface"])
            #expect(taken.status == 1 && taken.errors.contains("holds 'notes.txt', which would be lost"), "\(taken.errors)")
            #expect(!taken.output.contains("Epoch"))
            #expect(try String(contentsOfFile: place + "/notes.txt", encoding: .utf8) == "mine")

            let adapter = try run(["--base_path", TinyBase.path, "--format", "gguf"])
            #expect(adapter.status == 2 && adapter.errors.contains("--format is what --full saves"))
        }
    }
}
