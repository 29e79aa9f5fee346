import Foundation
import Tensor
import TestSupport
import Testing

/// The published run of the script, repeated by the executable.
@Suite("The recipe, end to end", .enabled(if: Paths.shared("golden/recipe/rlhf_64.pth") != nil))
struct RecipeTests {
    @Test(
        "Losses, rates and the adapter of the published run",
        arguments: [[], ["--pad_to_max_seq_len"], ["--num_workers=0", "--threads", "1"]])
    func reference(_ extra: [String]) throws {
        let recipe = try #require(Paths.shared("golden/recipe"))
        let tokenizer = try #require(Paths.shared("tokenizers/minimind-v2"))
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        try FileManager.default.copyItem(atPath: recipe + "/rlhf_64.pth", toPath: out + "/rlhf_64.pth")
        let run = try Command(
            [
                "--out_dir", out, "--dim", "64", "--n_layers", "2", "--epochs", "3", "--batch_size", "8",
                "--max_seq_len", "128", "--log_interval", "1", "--learning_rate", "1e-3", "--dtype", "float32",
                "--lora_path", recipe + "/lora_init.pth", "--tokenizer_path", tokenizer,
                "--data_path", recipe + "/lora_identity.jsonl",
            ] + extra)
        #expect(run.status == 0, "\(run.errors)")
        let reference = try String(contentsOfFile: recipe + "/reference.log", encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(Array(run.lines.prefix(3)) == Array(reference.prefix(3)))
        let (steps, expected) = (run.lines.filter { $0.hasPrefix("Epoch") }, reference.filter { $0.hasPrefix("Epoch") })
        #expect(steps.count == expected.count && expected.count == 36)
        for (step, line) in zip(steps, expected) {
            #expect(field("lr", step) == field("lr", line))
            let (loss, published) = (Double(field("loss", step)), Double(field("loss", line)))
            #expect(abs((loss ?? .nan) - (published ?? .infinity)) <= 0.002)
        }
        let saved = try TensorFile.read(out + "/lora/lora_identity_64.pth")
        let golden = try TensorFile.read(recipe + "/lora_identity_64.pth")
        #expect(saved.names == golden.names)
        for name in golden.names {
            #expect(largestDifference(try saved[name]?.floats() ?? [], try golden[name]?.floats() ?? []) < 1e-4)
        }
        let metrics = try String(contentsOfFile: out + "/lora/lora_identity_64.metrics.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(metrics.first?["run"]?["epochs"]?.integer == 3 && metrics.last?["end"]?["reason"]?.string == "complete")
        let records = metrics.dropFirst().dropLast()
        #expect(records.count == 36)
        #expect(
            records.last?.object?.keys == [
                "step", "epoch", "loss", "lr", "grad_norm", "tokens", "seconds", "samples", "computed_tokens", "counted_tokens",
            ])
        #expect(records.last?["step"]?.integer == 35 && records.last?["epoch"]?.integer == 2)
    }

    /// The value behind `name:` in a log line.
    private func field(_ name: String, _ line: String) -> String {
        line.split(separator: " ").first { $0.hasPrefix(name + ":") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
    }
}
