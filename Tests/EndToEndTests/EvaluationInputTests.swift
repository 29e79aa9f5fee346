import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Evaluation's bad input, end to end")
struct EvaluationInputTests {
    private static let record = #"{"conversations":[{"role":"user","content":"x"},{"role":"assistant","content":"y"}]}"#
    /// So long that all of the answer is cut away.
    private static let silent = record.replacing("\"x\"", with: "\"\(String(repeating: "x ", count: 300))\"")

    /// Expects a refusal in one line, before the first step, that leaves no adapter.
    private func refused(
        _ flags: [String], status: Int32 = 1, _ words: [String], validation: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let evaluated = try EvaluatedTraining(flags)
        defer { evaluated.remove() }
        if let validation { try validation.write(toFile: evaluated.validationPath, atomically: true, encoding: .utf8) }
        let run = try evaluated.run()
        #expect(run.status == status, "\(run.errors)", sourceLocation: sourceLocation)
        let errors = run.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(errors.count == 1, "\(run.errors)", sourceLocation: sourceLocation)
        for word in words { #expect(errors.first?.contains(word) == true, "\(run.errors)", sourceLocation: sourceLocation) }
        #expect(!run.output.contains("Epoch"), sourceLocation: sourceLocation)
        #expect(evaluated.training.adapter == nil && evaluated.best == nil, sourceLocation: sourceLocation)
    }

    @Test func flags() throws {
        try refused(["--val_data_path", "VAL", "--val_split", "0.1"], status: 2, ["--val_data_path", "--val_split", "one of them"])
        try refused(["--early_stopping_patience", "3"], status: 2, ["--early_stopping_patience", "--val_data_path or --val_split"])
        try refused(["--early_stopping_patience", "3", "--retain_data_path", "RETAIN"], status: 2, ["--early_stopping_patience"])
        try refused(["--eval_interval", "3"], status: 2, ["--eval_interval", "--retain_data_path"])
        for share in ["0.6", "-0.1", "1", "many"] {
            try refused(["--val_split", share], status: 2, ["--val_split", share, "from 0 to 0.5"])
        }
    }

    @Test func files() throws {
        for flag in ["--val_data_path", "--retain_data_path"] {
            try refused([flag, "/nowhere.jsonl"], ["/nowhere.jsonl", "with \(flag)"])
            try refused([flag, "/tmp"], ["/tmp is a folder", "with \(flag)"])
            try refused([flag, "VAL"], ["val.jsonl", "has no record"], validation: "\n\n")
            try refused([flag, "VAL"], ["val.jsonl, line 2", "broken JSON"], validation: "\(Self.record)\n{\"x\" 1}\n")
            try refused([flag, "VAL", "--streaming"], ["val.jsonl, line 2", "broken JSON"], validation: "\(Self.record)\n{\"x\" 1}\n")
            for access in [[], ["--streaming"]] {
                try refused([flag, "VAL"] + access, ["val.jsonl: no sample has a token that counts"], validation: Self.silent)
            }
        }
    }

    @Test("A share that leaves a side empty")
    func shares() throws {
        for (records, share, words) in [
            (1, "0.5", "none to train on"), (3, "0.1", "none to validate on"), (1, "0.1", "none to validate on"),
        ] {
            let evaluated = try EvaluatedTraining(["--val_split", share])
            defer { evaluated.remove() }
            try Array(repeating: Self.record, count: records).joined(separator: "\n")
                .write(toFile: evaluated.training.dataPath, atomically: true, encoding: .utf8)
            let run = try evaluated.run()
            #expect(run.status == 1 && run.errors.contains("--val_split \(share) leaves \(words)"), "\(run.errors)")
            #expect(run.errors.contains(evaluated.training.dataPath) && run.errors.split(separator: "\n").count == 1)
        }
    }

    @Test("Notes say which file they are about")
    func notes() throws {
        let long = Self.record.replacing("\"y\"", with: "\"\(String(repeating: "y ", count: 300))\"")
        for access in [[], ["--streaming"]] {
            let evaluated = try EvaluatedTraining(["--val_data_path", "VAL", "--epochs", "1", "--on_bad_record", "skip"] + access)
            defer { evaluated.remove() }
            try [Self.record, long, Self.silent, "{", Self.record].joined(separator: "\n")
                .write(toFile: evaluated.validationPath, atomically: true, encoding: .utf8)
            let run = try evaluated.run()
            #expect(run.status == 0, "\(run.errors)")
            let name = "samples of \(evaluated.validationPath)"
            #expect(run.errors.contains("2 of 5 \(name) are longer than --max_seq_len 128"), "\(run.errors)")
            #expect(run.errors.contains("1 of 5 \(name) have no token that counts"), "\(run.errors)")
            #expect(run.errors.contains("1 of 5 \(name) are bad records"), "\(run.errors)")
            // Said once, though there are two evaluations.
            #expect(run.errors.contains("1 of 4 answers have no token that counts: 1 cut away"), "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count == 4, "\(run.errors)")
            #expect(try evaluated.evaluations().allSatisfy { $0.samples == 4 })
        }
    }

    @Test("lora-train eval: any base, any adapter, any batch; bad input is one line")
    func command() throws {
        let evaluated = try EvaluatedTraining([])
        defer { evaluated.remove() }
        let base = ["--base_path", TinyTraining.example + "/rlhf_192.pth", "--tokenizer_path", TinyTraining.example]
        let whole = try evaluated.evaluate(evaluated.validationPath, ["--dtype", "float32"])
        for flags in [["--batch_size", "1"], ["--batch_size", "5", "--streaming"], ["--num_workers", "0", "--threads", "1"]] {
            let other = try evaluated.evaluate(evaluated.validationPath, ["--dtype", "float32"] + flags)
            #expect(abs((other["loss"]?.number ?? .nan) - (whole["loss"]?.number ?? .infinity)) < 1e-6)
            #expect(other["counted_tokens"] == whole["counted_tokens"] && other["samples"]?.integer == 12)
        }
        let plain = try Command(["eval", "--data_path", evaluated.validationPath] + base)
        #expect(plain.status == 0 && plain.lines.count == 1 && plain.output.contains("12 samples"), "\(plain.errors)")
        for (flags, status, words) in [
            ([], 2, "--data_path FILE"), (["--data_path", "/nowhere.jsonl"], 1, "/nowhere.jsonl"),
            (["--data_path", evaluated.validationPath, "--lora_path", "/nowhere.pth"], 1, "/nowhere.pth"),
            (["--data_path", evaluated.validationPath, "--max_seq_len", "4"], 1, "val.jsonl: no sample has a token that counts"),
        ] as [([String], Int32, String)] {
            let run = try Command(["eval"] + base + flags)
            #expect(run.status == status && run.errors.contains(words) && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
        }
    }
}
