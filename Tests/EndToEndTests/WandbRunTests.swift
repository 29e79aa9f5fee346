import Foundation
import Tensor
import TestSupport
import Testing

/// Runs that the real client keeps without a network, read back from its own files.
@Suite("Weights & Biases, the real client", .serialized, .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct WandbRunTests {
    private func arguments(_ training: TinyTraining, _ flags: [String] = []) -> [String] {
        training.arguments + ["--use_wandb", "--wandb_python", Peers.python] + flags
    }

    /// The runs that lie in a folder, the oldest first.
    private func runs(in folder: String) throws -> [JSON] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/wandb").filter { $0.hasPrefix("offline-run-") }.sorted()
            .map { try Peers.run(["wandb-run", "\(folder)/wandb/\($0)"]) }
    }

    /// What the run has of each step is what the metrics file has of it.
    private func expectSteps(_ history: [JSON], of training: TinyTraining) throws {
        let rows = history.filter { $0["loss"] != nil }
        let lines = try training.metrics().map { try JSON(parsing: $0) }
        #expect(rows.count == lines.count && rows.count > 0)
        for (row, line) in zip(rows, lines) {
            #expect(row["_step"]?.integer == line["step"]?.integer)
            for name in ["loss", "lr", "grad_norm"] {
                #expect(row[name]?.number == line[name]?.number && row[name]?.number != nil, "\(name)")
            }
        }
    }

    @Test("A run is kept offline as the metrics file has it, with its recipe and its end")
    func offline() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        let run = try Command(
            arguments(training, ["--wandb_project", "pebbles", "--wandb_run_name", "第一"]), environment: ["WANDB_MODE": "offline"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("Weights & Biases: offline, in \(training.folder)/wandb/offline-run-"), "\(run.errors)")
        #expect(run.errors.contains("`wandb sync \(training.folder)/wandb/offline-run-"), "\(run.errors)")
        let runs = try runs(in: training.folder)
        let kept = try #require(runs.first)
        #expect(runs.count == 1)
        #expect(kept["run"]?["project"]?.string == "pebbles" && kept["run"]?["name"]?.string == "第一")
        let config = try #require(kept["run"]?["config"])
        #expect(config["learning_rate"]?.number == 2e-3 && config["epochs"]?.integer == 4 && config["dtype"]?.string == "bfloat16")
        #expect(config["lora_rank"]?.integer == 16 && config["shuffle"]?.bool == true && config["target_modules"] == .null)
        #expect(config["the number of processes"]?.integer == 1)
        #expect(config["subject"]?["data"]?.string == training.dataPath)
        #expect(config["wandb_project"] == nil && config["the data"]?.string?.isEmpty == false)
        try expectSteps(kept["history"]?.array ?? [], of: training)
        let losses = try training.losses()
        #expect(kept["summary"]?["loss"]?.number == losses.last)
        #expect(kept["summary"]?["end/reason"]?.string == "complete" && kept["exit_code"]?.integer == 0)
        // Which run it is lies beside the adapter.
        let place = try JSON(parsing: String(contentsOfFile: training.stem + ".wandb.json", encoding: .utf8))
        #expect(place["id"] == kept["run"]?["id"] && place["project"]?.string == "pebbles")
    }

    @Test("An interrupted run is whole, and what goes on from it is the same run")
    func resumed() throws {
        let training = try TinyTraining(["--epochs", "12"])
        defer { training.remove() }
        let first = try Command(arguments(training), environment: ["WANDB_MODE": "offline"], interruptAfterLines: 12)
        #expect(first.status == 130, "\(first.errors)")
        let cut = try #require(try runs(in: training.folder).first)
        try expectSteps(cut["history"]?.array ?? [], of: training)
        #expect(cut["summary"]?["end/reason"]?.string == "interrupted" && cut["exit_code"]?.integer == 255)
        let second = try Command(
            arguments(training, ["--resume", "auto"]), environment: ["WANDB_MODE": "offline"])
        #expect(second.status == 0 && second.output.contains("resuming from"), "\(second.errors)")
        let both = try runs(in: training.folder)
        #expect(both.count == 2 && both[0]["run"]?["id"] == both[1]["run"]?["id"] && both[0]["run"]?["id"] != nil)
        try expectSteps(both.flatMap { $0["history"]?.array ?? [] }, of: training)
        #expect(both[1]["exit_code"]?.integer == 0)
        // A run from the start is another one.
        let third = try Command(arguments(training, ["--epochs", "1"]), environment: ["WANDB_MODE": "offline"])
        #expect(third.status == 0, "\(third.errors)")
        let all = try runs(in: training.folder)
        #expect(all.count == 3 && all[2]["run"]?["id"] != all[0]["run"]?["id"])
    }

    @Test("Nobody logged in is an error and no question; disabled, nothing is kept")
    func modes() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        // Where the client looks for keys.
        let nobody = ["HOME": training.folder, "NETRC": training.folder + "/netrc", "WANDB_MODE": "online", "WANDB_API_KEY": ""]
        let refused = try Command(arguments(training), environment: nobody)
        #expect(
            refused.status == 1 && refused.errors.contains("wandb login") && refused.errors.contains("WANDB_MODE=offline"),
            "\(refused.errors)")
        #expect(training.adapter == nil)
        let disabled = try Command(arguments(training), environment: ["WANDB_MODE": "disabled"])
        #expect(disabled.status == 0 && disabled.errors == "Weights & Biases is disabled by WANDB_MODE\n", "\(disabled.errors)")
        #expect(training.adapter != nil)
        #expect(!FileManager.default.fileExists(atPath: training.stem + ".wandb.json"))
        #expect(!FileManager.default.fileExists(atPath: training.folder + "/wandb"))
    }
}
