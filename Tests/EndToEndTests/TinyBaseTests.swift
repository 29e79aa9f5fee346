import Foundation
import Tensor
import TestSupport
import Testing

/// The bundled base, from a clone alone.
@Suite("The bundled base, end to end", .serialized)
struct TinyBaseTests {
    private let example = Paths.package.appendingPathComponent("Examples/tiny").path
    private var model: [String] {
        ["--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--dim", "192", "--n_layers", "4"]
    }
    private var training: [String] {
        model + ["--data_path", example + "/lora_identity.jsonl", "--max_seq_len", "128", "--batch_size", "16", "--dtype", "float32"]
    }

    private struct Question {
        let prompt: String
        let before: String
        let after: String
        let isIdentity: Bool
    }

    private func questions() throws -> [Question] {
        try String(contentsOfFile: example + "/questions.jsonl", encoding: .utf8).split(separator: "\n").map { line in
            let record = try JSON(parsing: String(line))
            return Question(
                prompt: try #require(record["prompt"]?.string), before: try #require(record["before"]?.string),
                after: try #require(record["after"]?.string), isIdentity: record["kind"]?.string == "identity")
        }
    }

    private func answers(_ questions: [Question], _ extra: [String] = []) throws -> [String] {
        let run = try Command(
            ["generate"] + model + ["--greedy", "--no_stream", "--max_new_tokens", "60"] + extra,
            input: questions.map { $0.prompt + "\n" }.joined())
        #expect(run.status == 0, "\(run.errors)")
        return run.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test("It answers as itself; fine-tuned, with the new identity, and still knows the rest")
    func demo() throws {
        let questions = try questions()
        #expect(questions.count { $0.isIdentity } >= 12 && questions.count { !$0.isIdentity } >= 30)
        let before = try answers(questions)
        #expect(before.count == questions.count)
        let right = zip(questions, before).count { $1.contains($0.before) }
        #expect(right * 10 >= questions.count * 9, "\(zip(questions, before).filter { !$1.contains($0.before) })")

        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let run = try Command(training + ["--out_dir", out, "--epochs", "15", "--learning_rate", "2e-3"])
        #expect(run.status == 0, "\(run.errors)")
        let after = try answers(questions, ["--lora_path", out + "/lora/lora_identity_192.pth"])
        for isIdentity in [true, false] {
            let pairs = zip(questions, after).filter { $0.0.isIdentity == isIdentity }
            let right = pairs.count { $1.contains($0.after) }
            #expect(right * 10 >= pairs.count * 9, "\(pairs.filter { !$1.contains($0.after) })")
        }
    }

    @Test("Ctrl-C finishes the step and keeps what was trained")
    func interruption() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let run = try Command(
            training + ["--out_dir", out, "--epochs", "10000", "--log_interval", "1", "--save_interval", "10000"],
            interruptAfterLines: 8)
        #expect(run.status == 130)
        #expect(run.errors.contains("interrupted"))
        #expect(try TensorFile.read(out + "/lora/lora_identity_192.pth").count == 16)
    }

    @Test("Going on from an adapter, saving at the end although the interval exceeds the run")
    func goingOn() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let flags = training + ["--out_dir", out, "--epochs", "1", "--save_interval", "99", "--lora_rank", "4"]
        #expect(try Command(flags + ["--lora_name", "one", "--dtype=bfloat16"]).status == 0)
        let path = out + "/lora/one_192.pth"
        #expect(try TensorFile.read(path)["layers.0.attention.wq.lora.A.weight"]?.shape == [4, 192])
        let second = try Command(flags + ["--lora_name", "two", "--lora-path", path, "--accumulation_steps", "3", "--dtype", "float16"])
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.output.contains("rank 4"))
    }

    @Test("tokenize and its reverse, and data as JSON")
    func words() throws {
        let text = "你好, world! <s>x</s>"
        let line = JSON.string(text).serialized
        let ids = try Command(["tokenize", "--tokenizer_path", example], input: line + "\n")
        let back = try Command(["tokenize", "--tokenizer_path", example, "--decode"], input: ids.output)
        #expect(back.lines == [line])
        let data = try Command([
            "data", "--data_path", example + "/lora_identity.jsonl", "--tokenizer_path", example, "--json", "--limit", "3",
        ])
        #expect(data.lines.count == 3)
        let sample = try JSON(parsing: data.lines[0])
        #expect(sample["ids"]?.array?.count == sample["mask"]?.array?.count)
        #expect(sample["mask"]?.array?.first?.integer == 0)
        let shown = try Command(["data", "--data_path", example + "/lora_identity.jsonl", "--tokenizer_path", example])
        #expect(shown.output.contains("⟦") && shown.lines.contains { $0.hasSuffix("counted") })
    }
}
