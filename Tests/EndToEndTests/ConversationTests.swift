import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// Answers to many prompts, and a conversation, by the executable.
@Suite("Conversations, end to end")
struct ConversationTests {
    private let base = Paths.package.appendingPathComponent("Examples/tiny").path
    private var model: [String] { ["--base_path", base + "/rlhf_192.pth", "--tokenizer_path", base, "--greedy", "--max_new_tokens", "12"] }

    /// An adapter that changes what the base says.
    private func adapter(_ path: String, seed: UInt64, strength: Float = 2) throws {
        let file = try ModelFile.open(base + "/rlhf_192.pth")
        let adapter = try LoRAAdapter(on: LanguageModel(file), LoRAConfiguration(targets: .allLinear, rank: 2), seed: seed)
        var generator = RandomGenerator(seed: seed)
        for (name, tensor) in adapter.parameters where name.hasSuffix("B.weight") {
            tensor.withMutableValues { for index in $0.indices { $0[index] = strength * generator.normal() } }
        }
        try AdapterFile.write(adapter.state, as: .minimind, to: path, for: file.configuration)
    }

    private func answer(_ prompt: String, _ extra: [String] = []) throws -> String {
        let run = try Command(["generate"] + model + ["--prompt", prompt] + extra)
        #expect(run.status == 0, "\(run.errors)")
        return run.lines.joined(separator: "\n")
    }

    @Test("A file of prompts becomes a file of answers, each that of its prompt alone")
    func prompts() throws {
        let folder = try Paths.temporaryFolder()
        let lines = [
            "Who are you?", "", #"{"prompt": "你是谁？"}"#,
            #"{"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "Nobody."}]}"#,
        ]
        try lines.joined(separator: "\r\n").write(toFile: folder + "/p.txt", atomically: true, encoding: .utf8)
        let run = try Command(["generate"] + model + ["--prompts", folder + "/p.txt", "--output", folder + "/new/a.jsonl"])
        #expect(run.status == 0 && run.output.isEmpty, "\(run.errors)")
        let answers = try String(contentsOfFile: folder + "/new/a.jsonl", encoding: .utf8)
            .split(separator: "\n").map { try JSON(parsing: String($0)) }
        try #require(answers.map { $0["line"]?.integer } == [1, 3, 4])
        #expect(answers[0]["answer"]?.string == (try answer("Who are you?")))
        #expect(answers[1]["answer"]?.string == (try answer("你是谁？")))
        #expect(answers[2]["answer"] == answers[0]["answer"])
        #expect(answers.allSatisfy { ["stop", "length"].contains($0["finish"]?.string) && ($0["tokens"]?.integer ?? 0) > 0 })
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("What is wrong with a file of prompts is one line that names it")
    func badPrompts() throws {
        let folder = try Paths.temporaryFolder()
        func refused(_ text: String, _ words: String...) throws {
            try text.write(toFile: folder + "/p.txt", atomically: true, encoding: .utf8)
            let run = try Command(["generate"] + model + ["--prompts", folder + "/p.txt"])
            #expect(run.status == 1 && run.output.isEmpty)
            #expect(run.errors.count { $0 == "\n" } == 1, "\(run.errors)")
            for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
        }
        try refused("\n\n", "p.txt", "no prompt")
        try refused("hi\n{\"prompt\": ", "p.txt, line 2")
        try refused("{\"text\": 1}", "line 1", "conversations")
        try refused(#"{"conversations": [{"role": "assistant", "content": "x"}]}"#, "line 1", "asks nothing")
        let missing = try Command(["generate"] + model + ["--prompts", folder + "/none"])
        #expect(missing.status == 1 && missing.errors.contains("none"))
        let alone = try Command(["generate"] + model + ["--prompt", "x", "--output", folder + "/a"])
        #expect(alone.status == 2 && alone.errors.contains("--prompts"))
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("Nothing that cannot be written passes for written, and no input is written over")
    func outputs() throws {
        let folder = try Paths.temporaryFolder()
        for arguments in [["generate"] + model + ["--prompt", "hi"], ["inspect", base + "/rlhf_192.pth"]] {
            let run = try Command(arguments, outputPath: "/dev/full")
            #expect(
                run.status == 1 && run.errors == "error: standard output cannot be written (No space left on device)\n", "\(run.errors)")
        }
        try "hi\n".write(toFile: folder + "/p.txt", atomically: true, encoding: .utf8)
        let full = try Command(["generate"] + model + ["--prompts", folder + "/p.txt", "--output", "/dev/full"])
        #expect(full.status == 1 && full.errors.contains("/dev/full: cannot be written (No space left on device)"), "\(full.errors)")
        let same = try Command(["generate"] + model + ["--prompts", folder + "/p.txt", "--output", folder + "/./p.txt"])
        #expect(same.status == 2 && same.errors.contains("is the input"), "\(same.errors)")
        #expect(try String(contentsOfFile: folder + "/p.txt", encoding: .utf8) == "hi\n")
        try adapter(folder + "/a.pth", seed: 3)
        let before = try Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/a.pth"))
        let merge = try Command([
            "merge", "--base_path", base + "/rlhf_192.pth", "--lora_path", folder + "/a.pth", "--output", folder + "/a.pth",
        ])
        #expect(merge.status == 2 && merge.errors.contains("is the input"), "\(merge.errors)")
        #expect(try Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/a.pth")) == before)
        try Foundation.Data([0xFF, 0xFE, 0x41]).write(to: URL(fileURLWithPath: folder + "/latin.txt"))
        let latin = try Command(["generate"] + model + ["--prompts", folder + "/latin.txt"])
        #expect(latin.status == 1 && latin.errors.contains("not UTF-8"), "\(latin.errors)")
        // Training outlives its record.
        let trained = try Command([
            "--base_path", base + "/rlhf_192.pth", "--tokenizer_path", base, "--data_path", base + "/lora_identity.jsonl",
            "--epochs", "1", "--batch_size", "1000", "--out_dir", folder, "--metrics_path", "/dev/full",
        ])
        #expect(trained.status == 0 && trained.errors.contains("training goes on without metrics"), "\(trained.errors)")
        #expect(FileManager.default.fileExists(atPath: folder + "/lora/lora_identity_192.pth"))
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("A conversation switches, mixes and parts with adapters as it goes")
    func chat() throws {
        let folder = try Paths.temporaryFolder()
        try adapter(folder + "/one.pth", seed: 3)
        try adapter(folder + "/two.pth", seed: 4)
        let question = "Who are you?"
        let script = [
            question, "/reset", "/load b \(folder)/two.pth", question, "/reset", "/adapter one", question, "/reset",
            "/adapter one=0.5, b=0.5", question, "/reset", "/adapter none", question, "/retry", "/adapters", "/adapter c", "/lod x",
            "/load none \(folder)/two.pth", "/quit", "never asked",
        ]
        let run = try Command(["chat"] + model + ["--lora_path", folder + "/one.pth@0"], input: script.joined(separator: "\n") + "\n")
        #expect(run.status == 0)
        let base = try answer(question)
        let one = try answer(question, ["--lora_path", folder + "/one.pth"])
        let two = try answer(question, ["--lora_path", folder + "/two.pth"])
        let both = try answer(question, ["--lora_path", "\(folder)/one.pth@0.5,\(folder)/two.pth@0.5"])
        #expect(Set([base, one, two, both]).count == 4)
        // Whatever the file is called.
        for name in ["none.pth", "my one=1.pth"] {
            try FileManager.default.copyItem(atPath: folder + "/one.pth", toPath: "\(folder)/\(name)")
            #expect(try answer(question, ["--lora_path", "\(folder)/\(name)"]) == one)
        }
        #expect(run.lines == [base, two, one, both, base, base])
        for words in [
            "answering with b", "answering with one × 0.5 + b × 0.5", "the base alone answers", "one: off;", "no adapter 'c'",
            "did you mean /load?", "no name for an adapter",
        ] { #expect(run.errors.contains(words), "\(words) in \(run.errors)") }
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("A later turn is that of the whole conversation")
    func turns() throws {
        let folder = try Paths.temporaryFolder()
        let run = try Command(["chat"] + model + ["--system", "Be kind."], input: "hi\nWho are you?\n")
        #expect(run.status == 0 && run.lines.count == 2)
        let record: JSON = [
            "messages": [
                ["role": "system", "content": "Be kind."], ["role": "user", "content": "hi"],
                ["role": "assistant", "content": .string(run.lines[0])], ["role": "user", "content": "Who are you?"],
            ]
        ]
        try record.serialized.write(toFile: folder + "/p.jsonl", atomically: true, encoding: .utf8)
        let whole = try Command(["generate"] + model + ["--prompts", folder + "/p.jsonl"])
        #expect(try JSON(parsing: whole.output)["answer"]?.string == run.lines[1])
        try FileManager.default.removeItem(atPath: folder)
    }

    /// A template that refuses a word.
    private func picky(_ folder: String) throws -> [String] {
        let template = """
            {%- for m in messages %}{% if 'boom' in m['content'] %}{{ raise_exception('not\\nthat') }}{% endif %}<|im_start|>{{ m['role'] }}
            {{ m['content'] }}<|im_end|>
            {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
            {% endif %}
            """
        try template.write(toFile: folder + "/picky.jinja", atomically: true, encoding: .utf8)
        return ["--chat_template", folder + "/picky.jinja"]
    }

    @Test("An error of a turn ends the turn, and leaves the conversation as it was")
    func errorsOfTurns() throws {
        let folder = try Paths.temporaryFolder()
        let picky = try picky(folder)
        let long = String(repeating: "the sky is blue and ", count: 7000)
        let script = ["hi", "boom", long, "Who are you?", "/load b \(folder)/none.pth", "/retry"]
        let run = try Command(["chat"] + model + picky, input: script.joined(separator: "\n") + "\n")
        let plain = try Command(["chat"] + model + picky, input: "hi\nWho are you?\n/retry\n")
        #expect(run.status == 0 && run.lines.count == 3 && run.lines == plain.lines, "\(run.output)\(run.errors)")
        let errors = run.errors.split(separator: "\n")
        try #require(errors.count == 3 && errors.allSatisfy { $0.hasPrefix("error: ") }, "\(run.errors)")
        #expect(errors[0].contains("refuses the conversation: not that"))
        #expect(errors[1].contains("32768") && !errors[1].contains("--max_seq_len"))
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("One prompt's error is that prompt's, and the exit status tells of it")
    func errorsOfPrompts() throws {
        let folder = try Paths.temporaryFolder()
        let picky = try picky(folder)
        try "hi\nboom\nhi\n".write(toFile: folder + "/p.txt", atomically: true, encoding: .utf8)
        let run = try Command(["generate"] + model + picky + ["--prompts", folder + "/p.txt"])
        #expect(run.status == 1)
        #expect(try run.lines.map { try JSON(parsing: $0)["line"]?.integer } == [1, 3])
        #expect(run.errors.contains("p.txt, line 2: ") && run.errors.hasSuffix("error: 1 of 3 prompts could not be answered\n"))
        let piped = try Command(["generate"] + model + picky, input: "hi\nboom\nhi\n")
        #expect(piped.status == 1 && piped.lines.count == 2 && piped.lines[0] == piped.lines[1], "\(piped.output)")
        #expect(piped.errors.contains("line 2: "))
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("An answer ends where the positions of the model do; what is beyond them is warned of, once")
    func positions() throws {
        let folder = try Paths.temporaryFolder()
        let export = try Command(["export", "--verify", "0", "--output", folder + "/short"] + model.prefix(4))
        #expect(export.status == 0, "\(export.errors)")
        let path = folder + "/short/config.json"
        var settings = try #require(JSON(parsing: String(contentsOfFile: path, encoding: .utf8)).object)
        settings["max_position_embeddings"] = 40
        try JSON.object(settings).serialized.write(toFile: path, atomically: true, encoding: .utf8)
        let base = ["--base_path", folder + "/short"]
        let long = String(repeating: "the sky is blue and ", count: 12)
        let random = ["--temperature", "100", "--top_p", "1", "--max_new_tokens", "60"]
        let chat = try Command(["chat"] + base + random, input: "hi\n\(long)\n\(long)\nhi\n")
        #expect(chat.status == 0, "\(chat.errors)")
        #expect(chat.errors.split(separator: "\n").count == 1 && chat.errors.hasPrefix("warning: a prompt of "), "\(chat.errors)")
        #expect(chat.errors.contains("the 40 positions"))
        // The same prompt and the same numbers: the first answer was cut where 40 tokens are.
        let whole = try Command(["generate"] + base + random + ["--prompt", "hi"])
        #expect(
            whole.errors.isEmpty && whole.output.hasPrefix(chat.lines[0].prefix(3)) && whole.output.utf8.count > chat.lines[0].utf8.count)
        let measured = try Command(
            ["eval", "--data_path", TinyBase.folder + "/lora_identity.jsonl", "--max_seq_len", "41", "--json"] + base)
        #expect(measured.status == 0 && measured.errors.hasPrefix("warning: --max_seq_len 41 is more than the 40 positions"))
        let trained = try Command(
            base + [
                "--out_dir", folder, "--data_path", TinyBase.folder + "/lora_identity.jsonl", "--max_seq_len", "41", "--epochs", "1",
            ])
        #expect(trained.status == 0 && trained.errors.hasPrefix("warning: --max_seq_len 41 is more than the 40 positions"))
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("An adapter that was trained on another base is refused, unless it is forced")
    func otherBase() throws {
        let folder = try Paths.temporaryFolder()
        let trained = try Command([
            "--base_path", base + "/rlhf_192.pth", "--tokenizer_path", base, "--data_path", base + "/lora_identity.jsonl",
            "--epochs", "1", "--batch_size", "1000", "--out_dir", folder,
        ])
        #expect(trained.status == 0, "\(trained.errors)")
        let adapter = folder + "/lora/lora_identity_192.pth"
        // The same sizes, and other values.
        var weights = try TensorFile.read(base + "/rlhf_192.pth")
        weights["norm.weight"] = StoredTensor(shape: [192], floats: Array(repeating: 1, count: 192))
        try PyTorchFile.write(weights, to: folder + "/other.pth")
        try FileManager.default.copyItem(atPath: base + "/rlhf_192.json", toPath: folder + "/other.json")
        func run(_ basePath: String, _ extra: [String] = []) throws -> Command {
            try Command(
                [
                    "generate", "--base_path", basePath, "--tokenizer_path", base, "--prompt", "hi", "--max_new_tokens", "2", "--lora_path",
                    adapter,
                ] + extra)
        }
        #expect(try run(base + "/rlhf_192.pth").status == 0)
        let refused = try run(folder + "/other.pth")
        #expect(refused.status == 1 && refused.errors.contains("--force") && refused.errors.count { $0 == "\n" } == 1, "\(refused.errors)")
        #expect(try run(folder + "/other.pth", ["--force"]).status == 0)
        let inspected = try Command(["inspect", adapter, "--json"])
        let provenance = try JSON(parsing: inspected.output)["provenance"]
        #expect(provenance?["base"]?.string?.count == 16 && provenance?["recipe"]?["epochs"]?.string == "1")
        try FileManager.default.removeItem(atPath: folder)
    }
}
