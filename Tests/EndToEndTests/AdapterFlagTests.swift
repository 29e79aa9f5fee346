import Foundation
import Tensor
import TestSupport
import Testing

/// The flags of adapters, on the bundled base.
@Suite("Flags of adapters, end to end", .serialized)
struct AdapterFlagTests {
    private let example = Paths.package.appendingPathComponent("Examples/tiny").path

    private func train(_ extra: [String], out: String) throws -> Command {
        try Command(
            [
                "--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--data_path", example + "/lora_identity.jsonl",
                "--max_seq_len", "64", "--epochs", "1", "--out_dir", out,
            ] + extra)
    }

    @Test("The document's table of ranks, with a scale, dropout, DoRA and LoRA+, and what is saved answers")
    func everything() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let run = try train(
            [
                "--lora_rank", "{'attention': 2, 'mlp': 3, 'default': 4}", "--lora_alpha", "6", "--lora_dropout", "0.1", "--use_dora",
                "--loraplus_lr_ratio", "4",
            ], out: out)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("adapting 28 modules with rank 2, 3, scale 2.0, 3.0 (DoRA)"))
        let path = out + "/lora/lora_identity_192.pth"
        let saved = try TensorFile.read(path)
        #expect(
            saved["layers.0.attention.wk.lora.A.weight"]?.shape == [2, 192]
                && saved["layers.3.feed_forward.w2.lora.B.weight"]?.shape == [192, 3])
        #expect(saved["layers.0.attention.wq.lora.magnitude"]?.shape == [192])
        let answer = try Command(
            [
                "generate", "--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--lora_path", path, "--greedy",
                "--prompt", "你好",
            ])
        #expect(answer.status == 0 && !answer.output.isEmpty, "\(answer.errors)")
        #expect(try train(["--lora_path", path, "--lora_dropout", "0.2"], out: out).status == 0)
    }

    @Test("An adapter goes on at its scale, also out of checkpoints; flags that would make it another one are refused")
    func goingOn() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        #expect(try train(["--lora_alpha", "64", "--lora_rank", "16"], out: out).status == 0)
        let (path, checkpoints) = (out + "/lora/lora_identity_192.pth", out + "/lora/lora_identity_192.checkpoints")
        for (file, flags) in [(path, []), (checkpoints, ["--lora_alpha", "64", "--lora_rank", "16", "--use_dora", "False"])] {
            let run = try train(["--lora_path", file, "--lora_name", "on", "--learning_rate", "1e-30"] + flags, out: out)
            #expect(run.status == 0 && run.output.contains("at scale 4.0, with which it was trained"), "\(run.errors)")
            let (first, second) = (try TensorFile.read(path), try TensorFile.read(out + "/lora/on_192.pth"))
            for name in first.names { #expect(try first[name]?.floats() == second[name]?.floats()) }
        }
        for (flags, words) in [
            (["--lora_rank", "8"], "has rank 16; leave out --lora_rank"),
            (["--lora_alpha", "16"], "has scale 4.0; leave out --lora_alpha"),
            (["--use_dora"], "has no DoRA; leave out --use_dora"),
        ] {
            let run = try train(["--lora_path", path] + flags, out: out)
            #expect(run.status == 2 && run.errors.contains(words), "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count { $0.hasPrefix("error") } == 1)
        }
    }

    @Test("PiSSA is saved for the base as it is: twice the rank")
    func pissa() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let run = try train(["--init_lora_weights", "pissa", "--lora_rank", "4", "--target_modules", "q_proj,wo"], out: out)
        #expect(run.status == 0, "\(run.errors)")
        #expect(try TensorFile.read(out + "/lora/lora_identity_192.pth")["layers.0.attention.wq.lora.A.weight"]?.shape == [8, 192])
    }

    @Test(
        "What makes no sense is said before training",
        arguments: [
            (["--target_modules", "qproj"], "q_proj"), (["--lora_rank", "attention"], "lora_rank"), (["--lora_rank", "0"], "rank 0"),
            (["--use_rslora"], "lora_alpha"), (["--lora_alpha", "wq=x"], "lora_alpha"), (["--full", "--use_dora"], "use_dora"),
            (["--full", "--lora_rank", "16"], "lora_rank"), (["--full", "--force"], "force"),
            (["--full", "--init", "random"], "base_path"),
            (["--weight_decay", "-0.1"], "weight_decay"), (["--adam_beta1", "1"], "adam_beta1"), (["--adam_beta2", "nan"], "adam_beta2"),
            (["--adam_epsilon", "0"], "adam_epsilon"), (["--lr_schedule", "step"], "lr_schedule"),
            (["--lora_path", "x.pth", "--target_modules", "mlp"], "target_modules"), (["--lora_dropout", "1"], "lora_dropout"),
            (["--use_dora", "--init_lora_weights", "pissa"], "PiSSA"), (["--lora_rank", "mlp=4", "--target_modules", "square"], "mlp"),
        ])
    func refusals(_ flags: [String], _ word: String) throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let run = try train(flags, out: out)
        #expect(run.status == 2 && run.errors.contains(word), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count { $0.hasPrefix("error") } == 1)
    }
}
