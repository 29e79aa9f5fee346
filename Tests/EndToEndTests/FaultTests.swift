import Foundation
import Tensor
import TestSupport
import Testing

/// A file system of its own, as small as one likes; only root can make one.
private final class SmallDisk {
    let path: String

    init?(bytes: Int) throws {
        path = try Paths.temporaryFolder()
        guard try Self.run("mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path) else {
            try? FileManager.default.removeItem(atPath: path)
            return nil
        }
    }

    func makeReadOnly() throws { _ = try Self.run("mount", "-o", "remount,ro", path) }

    deinit {
        _ = try? Self.run("umount", "-l", path)
        try? FileManager.default.removeItem(atPath: path)
    }

    private static func run(_ arguments: String...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static let isPossible: Bool = (try? SmallDisk(bytes: 1 << 20)) != nil
}

@Suite("What breaks while a run goes on", .serialized)
struct FaultTests {
    /// Another folder for what is written.
    private func arguments(_ training: TinyTraining, _ folder: String, _ more: [String] = []) -> [String] {
        training.arguments + ["--out_dir", folder] + more
    }

    @Test("A full disk: a clear message, and the last good checkpoint", .enabled(if: SmallDisk.isPossible, "no file system can be mounted"))
    func fullDisk() throws {
        let training = try TinyTraining(["--save_steps", "2", "--save_total_limit", "0"])
        defer { training.remove() }
        let whole = try Command(training.arguments)
        #expect(whole.status == 0)
        // Room for the adapter of 200 KB and some checkpoints of 600 KB.
        let disk = try #require(try SmallDisk(bytes: 2_600_000))
        let run = try Command(arguments(training, disk.path))
        #expect(run.status == 1, "\(run.errors)")
        // The page has no room either, which is said before.
        let lines = run.errors.split(separator: "\n")
        let others = lines.dropLast()
        #expect(others.allSatisfy { $0.hasPrefix("warning: ") && $0.hasSuffix("there is no report of this run") }, "\(run.errors)")
        let error = try #require(lines.last)
        #expect(
            error.hasPrefix("error: ") && error.contains("No space left on device") && error.contains("last good checkpoint is"),
            "\(run.errors)")
        let checkpoints = disk.path + "/lora/lora_identity_192.checkpoints"
        let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints)
        #expect(!names.isEmpty && names.allSatisfy { $0.hasPrefix("checkpoint-") }, "\(names)")
        for name in names { #expect(try Command(["inspect", checkpoints + "/" + name]).status == 0) }
        // With room it goes on from there to the same end.
        let folder = training.folder + "/moved"
        try FileManager.default.createDirectory(atPath: folder + "/lora", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: checkpoints, toPath: folder + "/lora/lora_identity_192.checkpoints")
        let resumed = try Command(arguments(training, folder, ["--resume", "auto"]))
        #expect(resumed.status == 0 && resumed.output.contains("resuming from"), "\(resumed.errors)")
        #expect(FileManager.default.contents(atPath: folder + "/lora/lora_identity_192.pth") == training.adapter)
    }

    @Test("A folder that becomes read-only", .enabled(if: SmallDisk.isPossible, "no file system can be mounted"))
    func readOnly() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        let disk = try #require(try SmallDisk(bytes: 8 << 20))
        try disk.makeReadOnly()
        let run = try Command(arguments(training, disk.path))
        #expect(run.status == 1 && run.errors.contains("Read-only file system"), "\(run.errors)")
        #expect(!run.output.contains("Epoch"), "found before the first step")
    }

    @Test("What is read is not written over")
    func inputsStay() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        let data = FileManager.default.contents(atPath: training.dataPath)
        let overData = try Command(training.arguments + ["--metrics_path", training.dataPath])
        #expect(
            overData.status == 2 && overData.errors.contains("--metrics_path '\(training.dataPath)' is the input"), "\(overData.errors)")
        #expect(FileManager.default.contents(atPath: training.dataPath) == data)
        let base = training.folder + "/rlhf_192.pth"
        for name in ["rlhf_192.pth", "rlhf_192.json"] {
            try FileManager.default.copyItem(atPath: "\(TinyTraining.example)/\(name)", toPath: "\(training.folder)/\(name)")
        }
        let overBase = try Command(training.arguments + ["--base_path", base, "--full", "--lora_name", "rlhf"])
        #expect(overBase.status == 2 && overBase.errors.contains("is the input \(base)"), "\(overBase.errors)")
        #expect(FileManager.default.contentsEqual(atPath: base, andPath: TinyTraining.example + "/rlhf_192.pth"))
    }

    @Test("A run that cannot begin leaves what an earlier one has recorded")
    func earlierMetricsStay() throws {
        let training = try TinyTraining(["--epochs", "1"])
        defer { training.remove() }
        #expect(try Command(training.arguments).status == 0)
        let metrics = FileManager.default.contents(atPath: training.metricsPath)
        let run = try Command(training.arguments + ["--sample_prompts", training.folder + "/nowhere.txt"])
        #expect(run.status != 0 && FileManager.default.contents(atPath: training.metricsPath) == metrics && metrics != nil)
    }

    @Test("A data file that vanishes is read on; one that is cut is named", arguments: [true, false])
    func vanishingData(_ vanishes: Bool) throws {
        let training = try TinyTraining(["--num_workers", "0"])
        defer { training.remove() }
        let data = training.dataPath
        // The file goes once the run is on its way.
        let watcher = Thread {
            while (try? training.metrics().count) ?? 0 < 3 { usleep(2000) }
            if vanishes { unlink(data) } else { truncate(data, 500) }
        }
        watcher.start()
        let run = try Command(training.arguments + ["--epochs", vanishes ? "4" : "1000"])
        if vanishes {
            #expect(run.status == 0, "\(run.errors)")
        } else {
            #expect(run.status == 1 && run.errors.contains("the file changed while it was in use"), "\(run.errors)")
            // What was trained until then is there.
            #expect(try Command(["inspect", training.adapterPath]).status == 0)
        }
    }

    @Test("Bad records stop a run, or keep their places and are listed; streamed or not, the training is the same")
    func badRecords() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        let data = training.dataPath
        var lines = try String(contentsOfFile: data, encoding: .utf8).split(separator: "\n").map(String.init)
        lines[4] = #"{"conversations": [{"role": "user""#
        lines[20] = #"{"conversations": [{"role": "king", "content": "x"}]}"#
        try lines.joined(separator: "\n").write(toFile: data, atomically: true, encoding: .utf8)
        for streaming in [[], ["--streaming"]] {
            let run = try Command(training.arguments + ["--shuffle", "False"] + streaming)
            #expect(run.status == 1 && run.errors.contains("line 5:"), "\(run.errors)")
        }
        var results: [Foundation.Data?] = []
        for streaming in [[], ["--streaming"]] {
            let run = try Command(training.arguments + ["--on_bad_record", "skip"] + streaming)
            #expect(run.status == 0 && run.errors.contains("2 records are bad and skipped; the first is line 5"), "\(run.errors)")
            let list = try String(contentsOfFile: training.stem + ".skipped.jsonl", encoding: .utf8).split(separator: "\n")
            #expect(try list.map { try JSON(parsing: String($0))["line"]?.integer } == [5, 21])
            results.append(training.adapter)
        }
        #expect(results[0] != nil && results[0] == results[1])
    }
}
