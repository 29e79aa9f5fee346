import Foundation
import Tensor
import TestSupport

/// A short training of the bundled base, and what it leaves.
struct TinyTraining {
    let folder: String
    var flags: [String]

    /// - Parameter flags: beside those of a run of 4 epochs of 5 steps
    init(_ flags: [String] = []) throws {
        folder = try Paths.temporaryFolder()
        self.flags = flags
        let lines = try String(contentsOfFile: Self.example + "/lora_identity.jsonl", encoding: .utf8).split(separator: "\n")
        try lines.prefix(40).joined(separator: "\n").write(toFile: dataPath, atomically: true, encoding: .utf8)
    }

    /// The first 40 conversations of the example.
    var dataPath: String { folder + "/data.jsonl" }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    static let example = Paths.package.appendingPathComponent("Examples/tiny").path

    /// Everything but the flags that are given; of several the last counts.
    var arguments: [String] {
        [
            "--out_dir", folder, "--base_path", Self.example + "/rlhf_192.pth", "--tokenizer_path", Self.example,
            "--data_path", dataPath, "--max_seq_len", "128", "--epochs", "4", "--batch_size", "8",
            "--learning_rate", "2e-3", "--log_interval", "1", "--shuffle",
        ] + flags
    }

    var stem: String { folder + "/lora/lora_identity_192" }
    var adapterPath: String { stem + ".pth" }
    var adapter: Foundation.Data? { FileManager.default.contents(atPath: adapterPath) }
    var checkpoints: String { stem + ".checkpoints" }
    var checkpointNames: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []).sorted() }

    var metricsPath: String { stem + ".metrics.jsonl" }

    /// The metrics' lines of steps, without the time that a step took.
    func metrics() throws -> [String] {
        try String(contentsOfFile: metricsPath, encoding: .utf8).split(separator: "\n").compactMap {
            var line = try JSON(parsing: String($0)).object ?? [:]
            guard line.keys.first == "step" else { return nil }
            line["seconds"] = nil
            return JSON.object(line).serialized
        }
    }

    /// The losses by step.
    func losses() throws -> [Double] {
        try metrics().map { try JSON(parsing: $0)["loss"]?.number ?? .nan }
    }

    /// The largest difference between the adapters of two runs.
    func difference(to other: TinyTraining) throws -> Float {
        let (own, others) = (try TensorFile.read(adapterPath), try TensorFile.read(other.adapterPath))
        guard own.names == others.names, !own.names.isEmpty else { return .infinity }
        return try own.names.map { largestDifference(try own[$0]?.floats() ?? [], try others[$0]?.floats() ?? []) }.max() ?? .infinity
    }

    /// What a killed process left unfinished, in all folders.
    var leftovers: [String] {
        (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []).filter {
            $0.hasSuffix(".tmp")
        }
    }
}
