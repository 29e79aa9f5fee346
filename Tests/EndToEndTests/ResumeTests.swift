import Foundation
import Tensor
import TestSupport
import Testing
import Training

@Suite("Runs that are cut short, and go on", .serialized)
struct ResumeTests {
    private static let flags = ["--save_steps", "2", "--batch_size", "4", "--accumulation_steps", "2", "--lora_dropout", "0.1"]

    private static func whole(_ flags: [String] = Self.flags) throws -> TinyTraining {
        let whole = try TinyTraining(flags)
        let run = try Command(whole.arguments)
        #expect(run.status == 0, "\(run.errors)")
        return whole
    }

    /// The run that nobody disturbs, made once.
    private static let undisturbed = Result { try whole() }

    /// Changes what the newest checkpoint says of its run.
    ///
    /// - Returns: its path
    private func rewriteNewestCheckpoint(
        of training: TinyTraining, _ change: (_ recipe: inout JSONObject, _ notes: inout JSONObject) -> Void
    ) throws -> String {
        let path = try #require(training.checkpointNames.last.map { training.checkpoints + "/" + $0 })
        try SafetensorsFile.rewrite(
            path, to: path,
            metadata: { metadata in
                var state = try JSON(parsing: metadata["lora-train.checkpoint"] ?? "").object ?? [:]
                var notes = state["notes"]?.object ?? [:]
                var recipe = notes["recipe"]?.object ?? [:]
                change(&recipe, &notes)
                notes["recipe"] = .object(recipe)
                state["notes"] = .object(notes)
                metadata["lora-train.checkpoint"] = JSON.object(state).serialized
            })
        return path
    }

    @Test(
        "A signal ends a run after its step, and the run goes on to the same bits",
        arguments: [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU])
    func signals(_ number: Int32) throws {
        let (whole, cut) = (try Self.undisturbed.get(), try TinyTraining(Self.flags))
        defer { cut.remove() }
        let first = try Command(cut.arguments, interruptAfterLines: 12, signal: number)
        #expect(first.status == 128 + number)
        #expect(first.errors.contains("interrupted") && first.errors.contains("--resume auto"), "\(first.errors)")
        let end = try #require(RunHistory(path: cut.metricsPath).end)
        #expect(end.reason == .interrupted)
        #expect(end.message?.hasPrefix("interrupted; what was trained so far is in \(cut.adapterPath)") == true, "\(end.message ?? "")")
        // What was trained so far can be used.
        #expect(try Command(["inspect", cut.adapterPath]).status == 0)
        let second = try Command(cut.arguments + ["--resume", "auto"])
        #expect(second.status == 0, "\(second.errors)")
        #expect(second.output.contains("resuming from \(cut.checkpoints)/checkpoint-"))
        #expect(cut.adapter == whole.adapter && cut.adapter != nil)
        #expect(try cut.metrics() == whole.metrics())
    }

    @Test("SIGKILL at random moments", arguments: 0..<5)
    func kills(_ round: Int) throws {
        let (whole, cut) = (try Self.undisturbed.get(), try TinyTraining(Self.flags + ["--resume", "auto"]))
        defer { cut.remove() }
        for _ in 0...round % 2 {
            let killed = try Command(
                cut.arguments, interruptAfterLines: .random(in: 1...40), signal: SIGKILL, delay: .random(in: 0...40_000))
            // It may have come to its end before.
            #expect(killed.status == SIGKILL || killed.status == 0)
            for name in cut.checkpointNames {
                let inspected = try Command(["inspect", cut.checkpoints + "/" + name, "--json"])
                let step = try JSON(parsing: inspected.output)["optimizer_steps"]?.integer
                #expect(inspected.status == 0 && step.map { "checkpoint-\($0).safetensors" } == name, "\(name): \(inspected.output)")
            }
            if cut.adapter != nil { #expect(try Command(["inspect", cut.adapterPath]).status == 0) }
            #expect(cut.leftovers == [])
        }
        let last = try Command(cut.arguments)
        #expect(last.status == 0, "\(last.errors)")
        #expect(cut.adapter == whole.adapter && cut.adapter != nil)
        #expect(try cut.metrics() == whole.metrics())
    }

    @Test("A run that is complete has nothing to resume, and keeps its file")
    func complete() throws {
        let whole = try Self.whole()
        defer { whole.remove() }
        let adapter = whole.adapter
        try FileManager.default.removeItem(atPath: whole.adapterPath)
        let again = try Command(whole.arguments + ["--resume", "auto"])
        #expect(again.status == 0 && again.output.contains("nothing is left to train"))
        #expect(whole.adapter == adapter)
        // Anew, it says nothing of checkpoints that nobody needs.
        let anew = try Command(whole.arguments)
        #expect(anew.status == 0 && !anew.errors.contains("checkpoints"))
        #expect(whole.adapter == adapter)
    }

    @Test("Another recipe is refused, and what differs is named")
    func otherRecipe() throws {
        let cut = try TinyTraining(Self.flags)
        defer { cut.remove() }
        _ = try Command(cut.arguments, interruptAfterLines: 12)
        for (flags, words) in [
            (["--learning_rate", "1e-3"], "--learning_rate was 0.002, is 0.001"), (["--epochs", "3"], "--epochs was 4, is 3"),
            (["--shuffle", "False"], "--shuffle was True, is False"), (["--lora_rank", "8"], "--lora_rank was '16', is '8'"),
            (["--seed", "7"], "--seed was 1337, is 7"),
            (["--weight_decay", "0"], "--weight_decay was 0.01, is 0.0"), (["--lr_schedule", "linear"], "--lr_schedule was 'cosine', is"),
            (["--data_path", Paths.package.path + "/Examples/smollm2/identity.jsonl"], "the data was"),
        ] {
            let run = try Command(cut.arguments + flags + ["--resume", "auto"])
            #expect(run.status == 2 && run.errors.contains(words), "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count == 1)
        }
        // What changes no result may change.
        let run = try Command(
            cut.arguments + ["--resume", "auto", "--threads", "1", "--num_workers", "0", "--save_steps", "0", "--streaming"])
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("What is named by --resume must be there; damaged checkpoints are passed over")
    func paths() throws {
        let (whole, cut) = (try Self.undisturbed.get(), try TinyTraining(Self.flags))
        defer { cut.remove() }
        let missing = try Command(cut.arguments + ["--resume", cut.folder + "/nowhere"])
        #expect(missing.status == 1 && missing.errors.contains("there is no \(cut.folder)/nowhere"))
        _ = try Command(cut.arguments, interruptAfterLines: 25)
        let names = cut.checkpointNames
        #expect(names.count == 2)
        // The newest by its number.
        let newest = try #require(names.max { $0.count == $1.count ? $0 < $1 : $0.count < $1.count })
        let path = cut.checkpoints + "/" + newest
        let bytes = try #require(FileManager.default.contents(atPath: path))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
        let direct = try Command(cut.arguments + ["--resume", path])
        #expect(direct.status == 1 && direct.errors.contains("no checkpoint that can be read"), "\(direct.errors)")
        let run = try Command(cut.arguments + ["--resume", cut.checkpoints])
        #expect(run.status == 0 && run.errors.contains("passing it over"), "\(run.errors)")
        #expect(cut.adapter == whole.adapter)
    }

    @Test("A new run does not lose the checkpoints of one that was cut short")
    func aside() throws {
        let (whole, cut) = (try Self.undisturbed.get(), try TinyTraining(Self.flags))
        defer { cut.remove() }
        _ = try Command(cut.arguments, interruptAfterLines: 25)
        let again = try Command(cut.arguments, interruptAfterLines: 7)
        #expect(again.errors.contains("\(cut.checkpoints).old"), "\(again.errors)")
        let run = try Command(cut.arguments + ["--resume", cut.checkpoints + ".old"])
        #expect(run.status == 0 && cut.adapter == whole.adapter, "\(run.errors)")
    }

    @Test("From elsewhere: what another run has here is put aside, checkpoints and metrics")
    func elsewhere() throws {
        let (whole, cut) = (try Self.undisturbed.get(), try TinyTraining(Self.flags))
        defer { cut.remove() }
        _ = try Command(cut.arguments, interruptAfterLines: 12)
        // Another run comes further in its place.
        _ = try Command(cut.arguments + ["--learning_rate", "1e-3"], interruptAfterLines: 25)
        let others = cut.checkpointNames
        let first = try Command(cut.arguments + ["--resume", cut.checkpoints + ".old"], interruptAfterLines: 10)
        #expect(
            first.status == 130 && first.errors.contains("checkpoints of another run are in \(cut.checkpoints).old2"), "\(first.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: cut.checkpoints + ".old2").sorted() == others)
        #expect(FileManager.default.fileExists(atPath: cut.metricsPath + ".old"))
        let second = try Command(cut.arguments + ["--resume", "auto"])
        #expect(second.status == 0 && cut.adapter == whole.adapter, "\(second.errors)")
        let metrics = try cut.metrics()
        #expect(try metrics.count > 10 && Array(whole.metrics().suffix(metrics.count)) == metrics)
    }

    @Test("By tokens a run goes on with its effective batch dealt out otherwise: what was evaluated is not evaluated again")
    func otherBatches() throws {
        let flags = ["--loss_reduction", "token", "--val_split", "0.2", "--early_stopping_patience", "1", "--learning_rate", "5e-4"]
        let cut = try TinyTraining(flags)
        defer { cut.remove() }
        let killed = try Command(cut.arguments + ["--batch_size", "4"], interruptAfterLines: 26, signal: SIGKILL)
        #expect(killed.status == SIGKILL && !cut.checkpointNames.isEmpty, "\(killed.output)")
        let run = try Command(cut.arguments + ["--batch_size", "2", "--accumulation_steps", "2", "--resume", "auto"])
        #expect(run.status == 0 && !run.output.contains("stopping early"), "\(run.output)")
        // The steps of the file before are others.
        let history = try RunHistory(path: cut.metricsPath)
        #expect(history.problems.isEmpty && history.steps.map(\.step) == Array(16 * (4 - history.steps.count / 16)..<64))
        #expect(history.evaluations.map(\.step) == (5 - history.steps.count / 16...4).map { 16 * $0 })
        #expect(FileManager.default.fileExists(atPath: cut.metricsPath + ".old"))
    }

    @Test("What was skipped of a streamed file before a run was cut short is listed all the same")
    func skippedBefore() throws {
        let cut = try TinyTraining(["--streaming", "--on_bad_record", "skip", "--epochs", "1", "--batch_size", "2", "--shuffle", "False"])
        defer { cut.remove() }
        let data = try String(contentsOfFile: cut.dataPath, encoding: .utf8)
        try ("no conversation\n" + data).write(toFile: cut.dataPath, atomically: true, encoding: .utf8)
        #expect(try Command(cut.arguments, interruptAfterLines: 14).status == 130)
        let run = try Command(cut.arguments + ["--resume", "auto"])
        #expect(run.status == 0 && run.errors.contains("1 record is bad and skipped; the first is line 1"), "\(run.errors)")
        let list = try String(contentsOfFile: cut.stem + ".skipped.jsonl", encoding: .utf8).split(separator: "\n")
        #expect(try list.map { try JSON(parsing: String($0))["line"]?.integer } == [1])
    }

    @Test("An adapter to start from belongs to the recipe, with the scale that it brings")
    func otherStart() throws {
        let (one, cut) = (try TinyTraining(["--epochs", "1", "--lora_name", "one"]), try TinyTraining(Self.flags))
        defer { for training in [one, cut] { training.remove() } }
        #expect(try Command(one.arguments).status == 0)
        let start = one.folder + "/lora/one_192.pth"
        let peft = one.folder + "/peft"
        let exported = try Command([
            "export", "--base_path", TinyTraining.example + "/rlhf_192.pth", "--format", "peft", "--lora_path", start, "--output", peft,
        ])
        #expect(exported.status == 0, "\(exported.errors)")
        let configuration = peft + "/adapter_config.json"
        let text = try String(contentsOfFile: configuration, encoding: .utf8)
        let louder = text.replacing(/"lora_alpha": *16/, with: "\"lora_alpha\": 32")
        #expect(louder != text)

        #expect(try Command(cut.arguments + ["--lora_path", peft], interruptAfterLines: 12).status == 130)
        func refused(_ flags: [String]) throws -> Bool {
            let run = try Command(cut.arguments + flags + ["--resume", "auto"])
            return run.status == 2 && run.errors.contains("the adapter that it starts from was ")
        }
        #expect(try refused([]))
        #expect(try refused(["--lora_path", cut.adapterPath]))
        try louder.write(toFile: configuration, atomically: true, encoding: .utf8)
        #expect(try refused(["--lora_path", peft]))
        try text.write(toFile: configuration, atomically: true, encoding: .utf8)
        let resumed = try Command(cut.arguments + ["--lora_path", peft, "--resume", "auto"])
        #expect(resumed.status == 0, "\(resumed.errors)")

        // A checkpoint of 0.6 knows of no start.
        let path = try rewriteNewestCheckpoint(of: cut) { recipe, notes in
            #expect(recipe["the adapter that it starts from"] != nil && notes["layout"] != nil)
            (recipe["the adapter that it starts from"], notes["layout"]) = (nil, nil)
        }
        #expect(try Command(cut.arguments + ["--lora_path", peft, "--resume", path]).status == 0)

        // A run that starts from a file that it writes goes on too.
        let own = ["--lora_path", cut.adapterPath]
        #expect(try Command(cut.arguments + own, interruptAfterLines: 12).status == 130)
        let again = try Command(cut.arguments + own + ["--resume", "auto"])
        #expect(again.status == 0 && again.output.contains("resuming from"), "\(again.errors)")
    }

    @Test("A run goes on for more epochs, by their schedule; cut short again, it comes to the same bits")
    func moreEpochs() throws {
        let (one, two) = (try TinyTraining(Self.flags), try TinyTraining(Self.flags))
        defer { for training in [one, two] { training.remove() } }
        for training in [one, two] { #expect(try Command(training.arguments + ["--epochs", "2"]).status == 0) }
        let more = ["--epochs", "5", "--save_interval", "2", "--resume", "auto"]
        let whole = try Command(one.arguments + more)
        #expect(whole.status == 0 && whole.errors.contains("--epochs was 2 and is 5"), "\(whole.errors)")
        #expect(whole.output.contains("epoch 3 of 5, step 0 of 10"))
        #expect(try Command(two.arguments + more, interruptAfterLines: 8).status == 130)
        let again = try Command(two.arguments + more)
        #expect(again.status == 0 && !again.errors.contains("--epochs was"), "\(again.errors)")
        #expect(one.adapter == two.adapter && one.adapter != nil)
        // The file of metrics is that of the whole run, and the last rates are those of 5 epochs.
        let history = try RunHistory(path: one.metricsPath)
        #expect(history.steps.map(\.step) == Array(0..<50) && history.run?.recipe["--epochs"] == "5")
        let schedule = CosineSchedule(baseRate: 2e-3, totalSteps: 50)
        #expect(history.steps.suffix(30).allSatisfy { abs($0.learningRate - schedule.learningRate(at: $0.step)) < 1e-12 })
    }

    @Test("A flag that an earlier version did not have is as its default in that version's checkpoints")
    func laterFlags() throws {
        let cut = try TinyTraining(Self.flags)
        defer { cut.remove() }
        #expect(try Command(cut.arguments + ["--epochs", "1"]).status == 0)
        let path = try rewriteNewestCheckpoint(of: cut) { recipe, notes in
            #expect(recipe["--loraplus_lr_ratio"] != nil)
            (recipe["--loraplus_lr_ratio"], notes["provenance"]) = (nil, nil)
        }
        let other = try Command(cut.arguments + ["--loraplus_lr_ratio", "4", "--resume", path])
        #expect(other.status == 2 && other.errors.contains("--loraplus_lr_ratio was 1.0, is 4.0"), "\(other.errors)")
        #expect(try Command(cut.arguments + ["--epochs", "2", "--resume", path]).status == 0)
    }

    @Test("From an earlier checkpoint: those behind it are put aside, and new ones stay")
    func earlier() throws {
        let (whole, cut) = (try Self.undisturbed.get(), try TinyTraining(Self.flags))
        defer { cut.remove() }
        _ = try Command(cut.arguments, interruptAfterLines: 25)
        let names = cut.checkpointNames
        let numbers = names.compactMap { Int($0.filter(\.isNumber)) }.sorted()
        #expect(numbers.count == 2)
        let first = try Command(
            cut.arguments + ["--resume", "\(cut.checkpoints)/checkpoint-\(numbers[0]).safetensors", "--save_steps", "1"],
            interruptAfterLines: 8)
        #expect(first.status == 130 && first.errors.contains("are in \(cut.checkpoints).old now"), "\(first.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: cut.checkpoints + ".old").count == 1)
        let second = try Command(cut.arguments + ["--resume", "auto"])
        #expect(second.status == 0 && cut.adapter == whole.adapter, "\(second.errors)")
    }

    @Test("Interrupted before anything is trained, a run leaves the adapter that was there")
    func nothingDone() throws {
        let training = try TinyTraining(["--epochs", "2", "--val_split", "0.2"])
        defer { training.remove() }
        #expect(try Command(training.arguments).status == 0)
        let adapter = training.adapter
        func best() -> Foundation.Data? { FileManager.default.contents(atPath: training.stem + ".best.pth") }
        let bestBefore = best()
        // No optimizer step before the end of an epoch, whose micro-batches are of one sample.
        let run = try Command(
            training.arguments + ["--batch_size", "1", "--accumulation_steps", "1000"], interruptAfterLines: 8)
        #expect(run.status == 130 && run.errors.contains("before the first step was done; nothing is saved"), "\(run.errors)")
        #expect(training.adapter == adapter && adapter != nil && training.checkpointNames == [])
        #expect(best() == bestBefore && bestBefore != nil)
        // After one step the best is there, be it the start.
        let diverging = try Command(training.arguments + ["--learning_rate", "100", "--save_steps", "1"], interruptAfterLines: 8)
        #expect(diverging.status == 130 && best() != bestBefore, "\(diverging.errors)")
        let start = try TensorFile.read(training.stem + ".best.pth")
        let b = try #require(start.names.first { $0.hasSuffix("B.weight") })
        #expect(try start[b]?.floats().allSatisfy { $0 == 0 } == true)
    }

    @Test("A place that takes no checkpoints is found before the first step")
    func noPlace() throws {
        let training = try TinyTraining(Self.flags)
        defer { training.remove() }
        try FileManager.default.createDirectory(atPath: training.folder + "/lora", withIntermediateDirectories: true)
        try "in the way".write(toFile: training.checkpoints, atomically: true, encoding: .utf8)
        let run = try Command(training.arguments)
        #expect(
            run.status == 1 && run.errors.contains(training.checkpoints) && !run.output.contains("Epoch:"), "\(run.output)\(run.errors)")
    }

    @Test("Where the layout is part of the training, another one is said")
    func otherLayout() throws {
        let flags = ["--loss_reduction", "token", "--save_steps", "2"]
        for (extra, isSaid) in [(["--lora_dropout", "0.1"], true), ([], false)] {
            let cut = try TinyTraining(flags + extra)
            defer { cut.remove() }
            #expect(try Command(cut.arguments, interruptAfterLines: 12).status == 130)
            let run = try Command(cut.arguments + ["--batch_size", "4", "--accumulation_steps", "2", "--resume", "auto"])
            #expect(run.status == 0 && run.errors.contains("were 1 × 8 × 1 and are 1 × 4 × 2") == isSaid, "\(run.errors)")
        }
    }

    @Test(
        "All parameters too, in float16, a start by PiSSA, and other numbers of the optimizer",
        arguments: [
            ["--full", "--dtype", "float16", "--learning_rate", "1e-4"], ["--init_lora_weights", "pissa", "--loraplus_lr_ratio", "4"],
            [
                "--lr_schedule", "linear", "--weight_decay", "0.2", "--adam_beta1", "0.8", "--adam_beta2", "0.95", "--adam_epsilon", "1e-6",
            ],
        ])
    func others(_ flags: [String]) throws {
        let (whole, cut) = (try Self.whole(flags), try TinyTraining(flags))
        defer { for training in [whole, cut] { training.remove() } }
        #expect(try Command(cut.arguments, interruptAfterLines: 20).status == 130)
        let run = try Command(cut.arguments + ["--resume", "auto"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(try cut.metrics() == whole.metrics())
        let path = flags[0] == "--full" ? "/lora_identity_192.pth" : "/lora/lora_identity_192.pth"
        let bytes = FileManager.default.contents(atPath: cut.folder + path)
        #expect(bytes != nil && bytes == FileManager.default.contents(atPath: whole.folder + path))
    }
}
