import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

/// Tokens that a run adds, and modules that it trains whole: by the command, from training to what others read.
@Suite("Added tokens and whole modules, end to end")
struct AddedTokenTests {
    private static let words = ["<tool>", "</tool>"]

    private func json(_ words: [String]) throws -> JSON {
        let command = try Command(words)
        #expect(command.status == 0, "\(words): \(command.errors)")
        return try JSON(parsing: command.output)
    }

    /// The loss of a base with what is given beside it.
    private func loss(_ training: TinyTraining, _ words: [String], _ path: String = "loss") throws -> Double {
        let report = try json(
            ["eval", "--json", "--data_path", training.dataPath, "--max_seq_len", "128", "--batch_size", "8", "--dtype", "float32"] + words)
        return (report[path] ?? report["base"]?[path])?.number ?? .nan
    }

    private func tokens(_ text: String, _ path: String) throws -> [JSON] {
        let result = try Command(["tokenize", "--tokenizer_path", path], input: JSON.string(text).serialized + "\n")
        return try JSON(parsing: result.output).array ?? []
    }

    private func command(_ words: [String]) throws -> Command {
        let command = try Command(words)
        #expect(command.status == 0, "\(words): \(command.errors)")
        return command
    }

    /// A run of few steps on answers between the added tokens.
    private func training(_ flags: [String]) throws -> TinyTraining {
        var training = try TinyTraining(["--dtype", "float32", "--save_dtype", "float32", "--epochs", "2"] + flags)
        let lines = try (0..<16).map { line -> String in
            let answer = "\(Self.words[0])\(line % 4)\(Self.words[1])"
            let turns: JSON = [
                ["role": "user", "content": .string("call \(line % 4)")], ["role": "assistant", "content": .string(answer)],
            ]
            return try #require(JSON.object(["conversations": turns]).serialized)
        }
        try lines.joined(separator: "\n").write(toFile: training.dataPath, atomically: true, encoding: .utf8)
        try Self.words.joined(separator: "\n").write(toFile: training.folder + "/tokens.txt", atomically: true, encoding: .utf8)
        training.flags += ["--add_tokens", training.folder + "/tokens.txt"]
        return training
    }

    private static let base = ["--base_path", TinyBase.path]
    private static let tokenizer = ["--tokenizer_path", TinyBase.folder]

    @Test(
        "Trained, measured, resumed, gone on from, merged",
        arguments: [
            [], ["--target_modules", "attention,embed_tokens,lm_head", "--lora_rank", "4"], ["--modules_to_save", "embed_tokens,lm_head"],
            ["--modules_to_save", "embed_tokens"],
        ])
    func addedTokens(_ flags: [String]) throws {
        var training = try training(flags)
        defer { training.remove() }
        let run = try command(training.arguments)
        let isWhole = flags.contains("--modules_to_save")
        #expect(run.output.contains(isWhole ? "training whole: " : "training the rows of 2 tokens"), "\(run.output)")
        let losses = try training.losses()
        #expect(losses.count == 4 && losses.last ?? .infinity < losses[0])

        let inspected = try json(["inspect", "--json", training.adapterPath])
        #expect(inspected["provenance"]?["added_tokens"]?.array?.compactMap { $0["content"]?.string } == Self.words)
        #expect(inspected["trained_tokens"]?.integer == (flags.last == "embed_tokens,lm_head" && isWhole ? nil : 2))
        let adapted = try loss(training, Self.base + Self.tokenizer + ["--lora_path", training.adapterPath])
        #expect(adapted < losses[0])

        // Checkpoints of the run, and other formats, say the same.
        let checkpoint = "\(training.checkpoints)/\(try #require(training.checkpointNames.last))"
        #expect(abs(try loss(training, Self.base + Self.tokenizer + ["--lora_path", checkpoint]) - adapted) < 1e-6 * adapted)
        let peft = training.folder + "/peft"
        let export = ["export", "--lora_path", training.adapterPath, "--output"]
        _ = try command(export + [peft, "--format", "peft"] + Self.base + Self.tokenizer)
        #expect(abs(try loss(training, Self.base + Self.tokenizer + ["--lora_path", peft]) - adapted) < 1e-5 * adapted)
        for format in ["gguf-lora", "mlx"] {
            let refused = try Command(export + ["\(training.folder)/\(format)", "--format", format] + Self.base + Self.tokenizer)
            #expect(refused.status != 0 && refused.errors.contains("merge"), "\(format): \(refused.errors)")
        }

        // The whole model goes with its tokenizer.
        for ending in ["", ".gguf"] {
            let merged = training.folder + "/merged" + ending
            let words = ["merge", "--lora_path", training.adapterPath, "--output", merged, "--save_dtype", "float32"]
            let result = try command(words + Self.base + Self.tokenizer)
            #expect(result.output.contains("verified"))
            #expect(abs(try loss(training, ["--base_path", merged]) - adapted) < 2e-5 * adapted, "\(ending)")
            #expect(try tokens("a<tool>b", merged).count == 3)
        }

        // Going on keeps the tokens.
        var after = training
        after.flags = ["--dtype", "float32", "--lora_path", training.adapterPath, "--lora_name", "next"]
        let goesOn = try command(after.arguments)
        #expect(goesOn.output.contains("saved"))
        let next = training.folder + "/lora/next_192.pth"
        #expect(try loss(training, Self.base + Self.tokenizer + ["--lora_path", next]) < adapted)

        // A run in two parts is the run.
        let parts = try self.training(flags)
        defer { parts.remove() }
        _ = try Command(parts.arguments + ["--save_steps", "1"], interruptAfterLines: 6)
        _ = try command(parts.arguments + ["--resume", "auto"])
        #expect(try parts.difference(to: training) == 0)
        training.flags = []
    }

    @Test("A model trained whole with added tokens is saved with them")
    func wholeModel() throws {
        let training = try training(["--full", "--format", "huggingface", "--learning_rate", "1e-4", "--val_data_path", "VALIDATION"])
        defer { training.remove() }
        let run = try command(training.arguments.map { $0 == "VALIDATION" ? training.dataPath : $0 })
        let merged = training.folder + "/lora_identity_192"
        let own = try loss(training, ["--base_path", merged])
        // The run itself measured the same.
        let measured = try #require(try RunHistory(path: training.metricsPath).evaluations.last?.loss)
        #expect(abs(own - measured) < 1e-6 * own, "\(own), not \(measured)")
        #expect(try tokens("<tool>", merged).count == 1)
    }

    @Test("Norms and layers, and the names of nothing")
    func others() throws {
        var training = try TinyTraining(["--epochs", "1", "--dtype", "float32", "--save_dtype", "float32", "--modules_to_save", "norm,w2"])
        defer { training.remove() }
        let run = try command(training.arguments)
        #expect(run.output.contains("norm.weight") && run.output.contains("layers.0.feed_forward.w2.weight"), "\(run.output)")
        let flags = Self.base + Self.tokenizer
        #expect(try loss(training, flags + ["--lora_path", training.adapterPath]) < loss(training, flags))
        let wrong: [([String], String)] = [
            (["--modules_to_save", "score"], "no module of the model is called 'score'"),
            (["--modules_to_save", "wq"], "cannot be trained whole and have an adapter"),
            (["--use_dora", "--target_modules", "attention,lm_head"], "DoRA does not join 'output'"),
            (["--init_lora_weights", "pissa", "--target_modules", "attention,embed_tokens"], "one weight"),
            (["--add_tokens", training.folder + "/none"], "none"),
            (["--full", "--modules_to_save", "norm"], "--full trains no adapter"),
            (["--lora_path", training.adapterPath, "--add_tokens", training.dataPath], "laid out already"),
        ]
        for (flags, words) in wrong {
            training.flags = flags
            let refused = try Command(training.arguments)
            #expect(refused.status != 0 && refused.errors.contains(words), "\(flags): \(refused.errors)")
        }
    }
}
