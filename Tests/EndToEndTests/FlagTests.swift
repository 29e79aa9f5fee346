import Foundation
import TestSupport
import Testing

/// What flags take and refuse, of all commands: those that their tables list.
@Suite("Flags, end to end")
struct FlagTests {
    private static let commands = [
        "train", "generate", "chat", "eval", "merge", "verify", "report", "visualize", "data", "tokenize", "doctor", "bench step",
        "bench generate", "bench tokenizer", "bench allreduce",
    ]

    /// The flags of a command that have a type, with their dashes.
    private func flags(of command: String, type: String) throws -> [String] {
        let table = try Command(["help", "--markdown"] + words(command))
        #expect(table.status == 0, "\(table.errors)")
        return table.lines.compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return cells.count > 3 && cells[2] == type ? cells[0].replacing("`", with: "") : nil
        }
    }

    private func run(_ command: String, _ flag: String) throws -> Command {
        try Command(words(command) + [flag])
    }

    private func words(_ command: String) -> [String] { command.split(separator: " ").map(String.init) }

    @Test("The README's table of flags is what the command prints")
    func readme() throws {
        let text = try String(contentsOf: Paths.package.appendingPathComponent("README.md"), encoding: .utf8)
        let marked = text.split(separator: "<!-- flags -->").last?.split(separator: "<!-- end of flags -->").first ?? ""
        let lines = marked.split(separator: "\n").map(String.init).filter { $0.hasPrefix("|") }
        let table = try Command(["help", "--markdown", "train"])
        #expect(lines.count > 60 && lines == table.lines, "put in what `lora-train help --markdown train` prints")
    }

    @Test("Help of every command is that of its own flags", arguments: commands)
    func help(_ command: String) throws {
        let help = try Command(["help"] + words(command))
        #expect(help.status == 0 && help.output.hasPrefix("lora-train \(command)"), "\(help.errors)")
        #expect(help.output == (try run(command, "--help").output))
        let named = try Command(["help", "--markdown"] + words(command)).lines.compactMap { $0.split(separator: "`").dropFirst().first }
        #expect(named.filter { $0.hasPrefix("--") }.allSatisfy { help.output.contains($0) })
    }

    @Test("Of a command with subjects its help lists these, and another subject is refused")
    func subjects() throws {
        for arguments in [["bench"], ["bench", "--help"], ["help", "bench"]] {
            let run = try Command(arguments)
            #expect(run.status == 0 && run.output.contains("step, generate, tokenizer, allreduce"), "\(run.output)\(run.errors)")
        }
        let run = try Command(["bench", "sprint"])
        #expect(run.status == 2 && run.errors.hasPrefix("error: there is no `bench sprint`; try `lora-train bench step`"), "\(run.errors)")
        let misspelt = try Command(["bensh", "step"])
        #expect(misspelt.status == 2 && misspelt.errors.contains("did you mean `lora-train bench`?"), "\(misspelt.errors)")
    }

    @Test("A number that is too large is refused, and does not break what is computed of it", arguments: commands)
    func hugeNumbers(_ command: String) throws {
        let flags = try flags(of: command, type: "int")
        #expect(command != "train" || flags.count > 15)
        for flag in flags {
            // Every number is a seed, and some are sizes of memory.
            let isUnbounded = ["--seed", "--min_bytes", "--max_bytes"].contains(flag)
            let most = isUnbounded ? Int.max : Int(Int32.max)
            let value = isUnbounded ? "9223372036854775808" : "9223372036854775807"
            let run = try run(command, "\(flag)=\(value)")
            #expect(
                run.status == 2 && run.errors.hasPrefix("error: \(flag) is '\(value)', but must be a whole number from ")
                    && run.errors.hasSuffix(" to \(most)\n"), "\(run.errors)")
        }
    }

    @Test("The largest numbers do the same as smaller ones that set no limit either")
    func largestNumbers() throws {
        let largest = String(Int32.max)
        let once = ["--epochs", "1", "--loss_reduction", "token"]
        let usual = try TinyTraining(once + ["--batch_size", "40", "--accumulation_steps", "2", "--max_seq_len", "2048"])
        defer { usual.remove() }
        let names = [
            "batch_size", "accumulation_steps", "max_seq_len", "log_interval", "save_interval", "save_steps", "save_total_limit",
            "num_workers",
        ]
        let other = try TinyTraining(once + names.flatMap { ["--\($0)", largest] })
        defer { other.remove() }
        for training in [usual, other] {
            let run = try Command(training.arguments)
            #expect(run.status == 0, "\(run.errors)")
        }
        #expect(try usual.difference(to: other) == 0)
        var pictures: [Foundation.Data] = []
        for (name, side) in [("whole", "0"), ("largest", largest)] {
            let out = "\(usual.folder)/\(name)"
            let run = try Command(
                ["visualize", "--lora_path", usual.adapterPath, "--out", out, "--max_side", side], folder: usual.folder)
            #expect(run.status == 0, "\(run.errors)")
            pictures.append(try Foundation.Data(contentsOf: URL(fileURLWithPath: out + "/layers_0_attention_wq.png")))
        }
        #expect(pictures[0] == pictures[1])
        // Any seed is as good as another.
        let seeded = try Command(usual.arguments + ["--seed", String(Int.max)])
        #expect(seeded.status == 0, "\(seeded.errors)")
    }

    @Test(
        "A path is not empty, as a shell's variable is that nobody has set", arguments: commands.filter { $0 != "bench allreduce" })
    func emptyPaths(_ command: String) throws {
        let paths: Set = [
            "--out_dir", "--base_path", "--tokenizer_path", "--lora_path", "--other_lora_path", "--data_path", "--val_data_path",
            "--retain_data_path", "--metrics_path", "--sample_prompts", "--prompts", "--output", "--out", "--resume", "--wandb_python",
        ]
        let flags = try flags(of: command, type: "str").filter(paths.contains)
        #expect(!flags.isEmpty)
        for flag in flags {
            let run = try run(command, flag + "=")
            #expect(
                run.status == 2 && run.errors == "error: \(flag) is '', but must be the name of a file or folder\n", "\(run.errors)")
        }
    }

    @Test("Words may be empty")
    func emptyWords() throws {
        let run = try Command(["generate", "--prompt=", "--system", "", "--base_path", "/nowhere/base.pth"])
        #expect(run.status == 1 && run.errors.hasPrefix("error: no base weights at /nowhere/base.pth"), "\(run.errors)")
    }
}
