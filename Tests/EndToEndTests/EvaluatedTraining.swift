import Data
import Foundation
import Tensor
import TestSupport
import Training

/// A short training that is measured as it goes.
struct EvaluatedTraining {
    let training: TinyTraining

    /// - Parameter flags: beside those of ``TinyTraining``; `VAL` and `RETAIN` in them are files of a few conversations
    init(_ flags: [String]) throws {
        var training = try TinyTraining()
        let paths = ["VAL": training.folder + "/val.jsonl", "RETAIN": training.folder + "/retain.jsonl"]
        training.flags = flags.map { paths[$0] ?? $0 }
        self.training = training
        func write(_ file: String, _ lines: Range<Int>, to path: String) throws {
            let all = try String(contentsOfFile: TinyTraining.example + "/" + file, encoding: .utf8).split(separator: "\n")
            try all[lines].joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        try write("lora_identity.jsonl", 40..<52, to: validationPath)
        try write("corpus.jsonl", 0..<10, to: retainedPath)
    }

    var validationPath: String { training.folder + "/val.jsonl" }
    var retainedPath: String { training.folder + "/retain.jsonl" }
    var bestPath: String { training.stem + ".best.pth" }
    var best: Foundation.Data? { FileManager.default.contents(atPath: bestPath) }

    func run(_ more: [String] = []) throws -> Command { try Command(training.arguments + more) }
    func remove() { training.remove() }

    func history() throws -> RunHistory { try RunHistory(path: training.metricsPath) }

    /// All evaluations of a set in the metrics, without the time that they took.
    func evaluations(_ set: EvaluationReport.Set? = nil) throws -> [EvaluationReport] {
        try history().evaluations.filter { set == nil || $0.set == set }.map {
            var report = $0
            report.result.seconds = 0
            return report
        }
    }

    /// What `lora-train eval` says of these conversations with this run's base, in batches of the usual size.
    func evaluate(_ path: String, _ flags: [String]) throws -> JSON {
        let run = try Command(
            [
                "eval", "--json", "--data_path", path, "--base_path", TinyTraining.example + "/rlhf_192.pth",
                "--tokenizer_path", TinyTraining.example, "--max_seq_len", "128", "--batch_size", "8",
            ] + flags)
        guard run.status == 0 else { throw CocoaError(.featureUnsupported, userInfo: [NSLocalizedDescriptionKey: run.errors]) }
        return try JSON(parsing: Foundation.Data(run.output.utf8))
    }
}
