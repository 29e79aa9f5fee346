import Foundation
import Tensor
import TestSupport
import Testing

/// Bad input gets one line that names what is wrong and where, the right exit code, and leaves
/// nothing half-written.
@Suite("Bad input, end to end")
struct BadInputTests {
    private let example = Paths.package.appendingPathComponent("Examples/tiny").path

    /// Runs with the bundled base and the given data, and expects a refusal.
    private func refused(
        _ flags: [String], data: String? = nil, status: Int32 = 1, _ words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        var arguments = [
            "--out_dir", out, "--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--dim", "192",
            "--n_layers", "4", "--epochs", "1", "--data_path", example + "/lora_identity.jsonl",
        ]
        if let data {
            try data.write(toFile: out + "/data.jsonl", atomically: true, encoding: .utf8)
            arguments += ["--data_path", out + "/data.jsonl"]
        }
        let run = try Command(arguments + flags.map { $0.replacing("OUT", with: out) })
        #expect(run.status == status, "\(run.errors)", sourceLocation: sourceLocation)
        #expect(run.errors.hasPrefix("error: ") && run.errors.count { $0 == "\n" } == 1, "\(run.errors)", sourceLocation: sourceLocation)
        for word in words { #expect(run.errors.contains(word), "\(run.errors)", sourceLocation: sourceLocation) }
        #expect(!FileManager.default.fileExists(atPath: out + "/lora/lora_identity_192.pth"), sourceLocation: sourceLocation)
    }

    private func record(_ role: String, _ content: String = "x") -> String {
        JSON.object(["conversations": [["role": .string(role), "content": .string(content)], ["role": "assistant", "content": "y"]]])
            .serialized
    }

    @Test func commandLine() throws {
        try refused(["--epoch", "3"], status: 2, ["--epoch", "did you mean --epochs?"])
        try refused(["--learning-rat=1"], status: 2, ["did you mean --learning_rate?"])
        try refused(["--lora_name", "../x"], status: 2, ["--lora_name", "without folders"])
        try refused(["--device", "cuda:0"], status: 2, ["cuda:0", "CPU"])
        try refused(["--epochs", "many"], status: 2, ["--epochs", "many", "whole number"])
        try refused(["--epochs"], status: 2, ["--epochs", "needs a value"])
        try refused(["--dtype", "int8"], status: 2, ["float32, bfloat16, float16"])
        try refused(["--shuffle", "maybe"], status: 2, ["maybe"])
        try refused(["--ddp"], status: 2, ["--ddp", "MPI"])
        let run = try Command(["trian"])
        #expect(run.status == 2 && run.errors.contains("did you mean `lora-train train`?"))
    }

    @Test func weights() throws {
        try refused(["--base_path", "OUT/none.pth"], ["none.pth", "--base_path"])
        try refused(["--dim", "128"], ["has dim 192", "--dim 128"])
        try refused(["--n_layers", "6"], ["has n_layers 4", "--n_layers 6"])
        try refused(["--n_heads", "7"], ["192", "--n_heads"])
        try refused(["--n_kv_heads", "3"], ["--n_kv_heads"])
        try refused(["--use_moe", "True"], ["dense", "--use_moe"])
        try refused(["--generation", "v3"], ["model.embed_tokens", "look like v2-classic"])
        try refused(["--base_path", example + "/tokenizer.json"], ["tokenizer.json", "not weights"])
        try refused(["--lora_path", example + "/rlhf_192.pth"], ["rlhf_192.pth", "--base_path"])
        let out = try Paths.temporaryFolder()
        let whole = try Foundation.Data(contentsOf: URL(fileURLWithPath: example + "/rlhf_192.pth"))
        try whole.prefix(100_000).write(to: URL(fileURLWithPath: out + "/cut.pth"))
        try refused(["--base_path", out + "/cut.pth"], ["cut.pth", "cut off"])
        try FileManager.default.removeItem(atPath: out)
    }

    @Test func data() throws {
        try refused([], data: "\(record("user"))\n{\"conversations\": [\n", ["data.jsonl", "line 2"])
        try refused([], data: record("user") + "\n" + record("robot"), ["line 2", "robot"])
        try refused([], data: record(""), ["line 1", "role"])
        try refused([], data: "{\"text\": 1}", ["line 1", "conversations"])
        try refused([], data: "", ["no record"])
        try refused(["--data_path", "OUT/none.jsonl"], ["none.jsonl", "--data_path"])
        try refused(["--max_seq_len", "5"], ["no sample has a token that counts", "--max_seq_len"])
    }

    @Test("A sample without a counted token is skipped and said, and training goes on")
    func emptySample() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let long = record("user", String(repeating: "很长 ", count: 300))
        try "\(record("user"))\n\(long)\n\(record("user"))\n".write(toFile: out + "/data.jsonl", atomically: true, encoding: .utf8)
        let run = try Command([
            "--out_dir", out, "--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--dim", "192",
            "--n_layers", "4", "--epochs", "2", "--batch_size", "1", "--max_seq_len", "64", "--data_path", out + "/data.jsonl",
            "--log_interval", "1",
        ])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("1 of 3 samples have no token that counts and are skipped (\(out)/data.jsonl, line 2)"))
        #expect(FileManager.default.fileExists(atPath: out + "/lora/lora_identity_192.pth"))
        #expect(!run.output.contains("nan"))
    }

    @Test("A loss that is no number stops the run, and the last good parameters are kept")
    func divergence() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let run = try Command([
            "--out_dir", out, "--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--dim", "192",
            "--n_layers", "4", "--epochs", "50", "--data_path", example + "/lora_identity.jsonl", "--learning_rate", "1e30",
            "--dtype", "float32",
        ])
        #expect(run.status == 1)
        #expect(run.errors.contains("not finite") && run.errors.contains("--learning_rate"))
        if let saved = try? TensorFile.read(out + "/lora/lora_identity_192.pth") {
            for name in saved.names { #expect(try saved[name]?.floats().allSatisfy(\.isFinite) == true) }
        }
    }

    @Test("A folder that cannot be written to is said before training", .enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
    func unwritable() throws {
        try refused(["--out_dir", "/proc/none"], ["/proc/none"])
    }
}
