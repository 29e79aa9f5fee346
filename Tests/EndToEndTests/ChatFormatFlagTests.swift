import Foundation
import TestSupport
import Testing
import Training

/// Flags of how conversations are written and what counts in them, as a person gives them.
@Suite("Flags of chat templates")
struct ChatFormatFlagTests {
    private let example = Paths.package.appendingPathComponent("Examples/tiny").path

    private func data(_ more: [String]) throws -> Command {
        try Command(["data", "--data_path", example + "/lora_identity.jsonl", "--tokenizer_path", example, "--limit", "1"] + more)
    }

    @Test("A built-in template takes the place of the tokenizer's")
    func template() throws {
        let run = try data(["--chat_template", "chatml"])
        #expect(run.status == 0 && run.output.contains("<|im_start|>assistant\n⟦"), "\(run.output)\(run.errors)")
        let missing = try data(["--chat_template", "chatlm"])
        #expect(
            missing.status == 1 && missing.errors.contains("'chatlm' is neither a file nor one of chatml, llama-3"), "\(missing.errors)")
    }

    @Test(
        "Values that make no sense are named",
        arguments: [
            (["--template_args", "[1]"], "a JSON object"), (["--template_args", #"{"messages": []}"#], "without messages"),
            (["--thinking", "drop:2"], "a share from 0 to 1"), (["--loss_on", "first"], "answers, last, all"),
        ])
    func values(_ arguments: [String], _ expected: String) throws {
        let run = try data(arguments)
        #expect(run.status == 2 && run.errors.contains(expected), "\(run.errors)")
    }

    /// Templates may write the day: a run that goes on renders with the day on which it began.
    @Test("--resume keeps the moment at which the run began")
    func started() throws {
        let out = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: out) }
        let arguments = [
            "--out_dir", out, "--base_path", example + "/rlhf_192.pth", "--tokenizer_path", example, "--epochs", "1", "--batch_size", "64",
            "--data_path", example + "/lora_identity.jsonl", "--max_seq_len", "64",
        ]
        func began() throws -> Double {
            let folder = CheckpointFolder(path: out + "/lora/lora_identity_192.checkpoints")
            return try #require(folder.newest().checkpoint?.notes["started"]?.number)
        }
        let before = Date().timeIntervalSince1970
        #expect(try Command(arguments).status == 0)
        let first = try began()
        #expect(first >= before - 1 && first <= Date().timeIntervalSince1970)
        let again = try Command(arguments + ["--resume", "auto"])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try began() == first)
        // Another way of counting is another recipe.
        let other = try Command(arguments + ["--resume", "auto", "--loss_on", "last"])
        #expect(other.status == 2 && other.errors.contains("--loss_on was 'answers', is 'last'"), "\(other.errors)")
        let template = try Command(arguments + ["--resume", "auto", "--chat_template", "chatml"])
        #expect(template.status == 2 && template.errors.contains("the chat template"), "\(template.errors)")
    }
}
