import Foundation
import Tensor
import TestSupport
import Testing

/// What the command does with a client of Weights & Biases that works, that does not start, and that breaks.
@Suite("Weights & Biases, faults", .serialized, .enabled(if: FakeWandb.python != nil, "\(FakeWandb.absenceOfPython)"))
struct WandbTests {
    private static let flags = ["--use_wandb", "--wandb_python", FakeWandb.python ?? "python3"]

    private struct Trained {
        let training: TinyTraining
        let wandb: FakeWandb
        let run: Command
        let seconds: Double

        func remove() {
            training.remove()
            wandb.remove()
        }
    }

    private func train(
        _ fault: FakeWandb.Fault = .none, _ flags: [String] = [], signal: Int32? = nil, delay: UInt32 = 0
    ) throws -> Trained {
        let (training, wandb) = (try TinyTraining(Self.flags + flags), try FakeWandb(fault))
        let start = ContinuousClock.now
        let run = try Command(
            training.arguments, environment: wandb.environment, interruptAfterLines: signal.map { _ in 12 }, signal: signal ?? 0,
            delay: delay)
        return Trained(training: training, wandb: wandb, run: run, seconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// The adapter of the same run that nobody watches.
    private static var adapter: Result<Foundation.Data?, any Error> { adapterBytes.map { $0.map { Foundation.Data($0) } } }

    /// Not as data, which is an enum: LeakSanitizer does not see what that refers to.
    private static let adapterBytes = Result { () throws -> [UInt8]? in
        let training = try TinyTraining()
        defer { training.remove() }
        _ = try Command(training.arguments)
        return training.adapter.map { [UInt8]($0) }
    }

    @Test("The client gets the run, its steps and its end, in a session of its own")
    func delivery() throws {
        let trained = try train()
        defer { trained.remove() }
        #expect(trained.run.status == 0, "\(trained.run.errors)")
        #expect(trained.run.errors == String(repeating: "Weights & Biases: https://wandb.invalid/abc123\n", count: 2))
        #expect(try trained.training.adapter == Self.adapter.get() && trained.training.adapter != nil)
        let start = try #require(try trained.wandb.calls("init").first)
        #expect(start["project"]?.string == "MiniMind-LoRA-SFT")
        #expect(start["name"]?.string == "MiniMind-Lora-SFT-Epoch-4-BatchSize-8-LearningRate-0.002")
        #expect(start["dir"]?.string == trained.training.folder)
        #expect(start["id"] == .null && start["resume"] == .null)
        #expect(start["config"]?["learning_rate"]?.number == 0.002 && start["config"]?["shuffle"]?.bool == true)
        #expect(start["config"]?["subject"]?["data"]?.string == trained.training.dataPath)
        #expect(start["config"]?["run"]?["steps_per_epoch"]?.integer == 5)
        #expect(start["session"] == start["process"] && start["session"] != nil)
        let steps = try trained.wandb.calls("log")
        #expect(steps.map { $0["step"]?.integer } == Array(0..<20))
        for (step, line) in zip(steps, try trained.training.metrics()) {
            let line = try JSON(parsing: line)
            for name in ["loss", "lr", "grad_norm"] { #expect(step["values"]?[name] == line[name] && line[name]?.number != nil) }
        }
        #expect(steps.last?["values"]?["epoch"]?.number == 3.8)
        #expect(steps.allSatisfy { $0["values"]?["tokens_per_second"]?.number ?? 0 > 0 })
        #expect(try trained.wandb.calls("summary").last?["values"]?["end/reason"]?.string == "complete")
        #expect(try trained.wandb.calls("finish").map { $0["exit_code"]?.integer } == [0])
    }

    @Test(
        "What is missing is named before anything is written",
        arguments: [
            (FakeWandb.Fault.noPackage, Int32(2), ["-m pip install wandb", "ImportError: No module named 'wandb'"]),
            (.noLogin, 1, ["-m wandb login", "WANDB_API_KEY", "WANDB_MODE=offline", "RuntimeError: no key)"]),
            (.noBeginning, 1, ["does not begin the run", "RuntimeError: no such host)", "WANDB_MODE=offline"]),
            (.hangingBeginning, 1, ["did not answer within 3 s", "--wandb_timeout", "WANDB_MODE=offline"]),
        ])
    func refusal(_ fault: FakeWandb.Fault, status: Int32, words: [String]) throws {
        // Where nothing hangs, a busy machine is not to be taken for a client that does.
        let timeout = ["--wandb_timeout", fault == .hangingBeginning ? "3" : "\(FakeWandb.patience)"]
        let refused = try train(fault, timeout)
        defer { refused.remove() }
        #expect(refused.run.status == status && refused.seconds < FakeWandb.patience)
        #expect(refused.run.errors.hasPrefix("error: ") && refused.run.errors.count { $0 == "\n" } == 1, "\(refused.run.errors)")
        for word in words + ["--wandb_optional"] { #expect(refused.run.errors.contains(word), "\(refused.run.errors)") }
        #expect(refused.training.adapter == nil && !FileManager.default.fileExists(atPath: refused.training.metricsPath))
        if status == 2 { #expect(!FileManager.default.fileExists(atPath: refused.training.folder + "/lora")) }
        let optional = try train(fault, timeout + ["--wandb_optional"])
        defer { optional.remove() }
        #expect(optional.run.status == 0)
        #expect(optional.run.errors.hasPrefix("warning: ") && optional.run.errors.count { $0 == "\n" } == 1, "\(optional.run.errors)")
        #expect(optional.run.errors.contains("training goes on without Weights & Biases"))
        #expect(try optional.training.adapter == Self.adapter.get())
    }

    @Test("No Python, and a Python that does not run")
    func noPython() throws {
        let training = try TinyTraining(["--use_wandb"])
        defer { training.remove() }
        for (flags, words) in [
            ([], "python3 is not there; install your system's package python3 and then `python3 -m pip install wandb`"),
            (["--wandb_python", "/nowhere/python3"], "/nowhere/python3 is not there"),
            (["--wandb_python", "/bin/false"], "/bin/false does not run (exit code 1)"),
            (["--wandb_python", "/dev/null"], "/dev/null does not start (Permission denied)"),
        ] {
            let run = try Command(training.arguments + flags, environment: ["PATH": "/nowhere"])
            #expect(run.status == 2 && run.errors.contains(words), "\(run.errors)")
            #expect(run.errors.hasPrefix("error: ") && run.errors.count { $0 == "\n" } == 1, "\(run.errors)")
            #expect(!FileManager.default.fileExists(atPath: training.folder + "/lora"))
        }
        let optional = try Command(training.arguments + ["--wandb_optional"], environment: ["PATH": "/nowhere"])
        #expect(optional.status == 0 && optional.errors.hasPrefix("warning: --use_wandb needs Python"), "\(optional.errors)")
        #expect(try training.adapter == Self.adapter.get())
    }

    @Test(
        "A client that breaks is spoken of once, and the training is the same",
        arguments: [
            (FakeWandb.Fault.raising, "RuntimeError: the service is gone"), (.exiting, "exit code 7"), (.killed, "signal 9"),
        ])
    func crash(_ fault: FakeWandb.Fault, reason: String) throws {
        let trained = try train(fault, ["--epochs", "6"])
        defer { trained.remove() }
        let whole = try TinyTraining(["--epochs", "6"])
        defer { whole.remove() }
        _ = try Command(whole.arguments)
        #expect(trained.run.status == 0 && trained.seconds < FakeWandb.patience)
        let lines = trained.run.errors.split(separator: "\n")
        #expect(lines.count == 2, "\(trained.run.errors)")
        #expect(lines.last?.hasPrefix("warning: Weights & Biases' client ended (\(reason)); ") == true, "\(trained.run.errors)")
        #expect(trained.training.adapter == whole.adapter && whole.adapter != nil)
        #expect(try trained.wandb.calls("log").count == 2)
    }

    @Test("A client that hangs is waited for at the end alone, and not for long", arguments: [FakeWandb.Fault.hanging, .hangingEnd])
    func hanging(_ fault: FakeWandb.Fault) throws {
        let trained = try train(fault, ["--wandb_timeout", "5"])
        defer { trained.remove() }
        #expect(trained.run.status == 0 && trained.seconds < FakeWandb.patience, "\(trained.seconds)")
        #expect(trained.run.errors.contains("waiting for Weights & Biases to take the rest, up to 5 s\n"))
        #expect(trained.run.errors.contains("did not end and was ended; `wandb sync /folder`"), "\(trained.run.errors)")
        #expect(trained.run.errors.count { $0 == "\n" } == 3, "\(trained.run.errors)")
        #expect(try trained.training.adapter == Self.adapter.get())
        try expectEnd(of: trained)
    }

    @Test("The client ends by itself when the command is killed")
    func kill() throws {
        let trained = try train(.none, ["--epochs", "40"], signal: SIGKILL)
        defer { trained.remove() }
        #expect(trained.run.status == SIGKILL)
        #expect(try trained.wandb.waitForCall("finish")?["exit_code"]?.integer == 1)
        try expectEnd(of: trained)
    }

    private func expectEnd(of trained: Trained) throws {
        let process = try #require(try trained.wandb.calls("init").first?["process"]?.integer)
        let deadline = ContinuousClock.now + .seconds(FakeWandb.patience)
        while Foundation.kill(pid_t(process), 0) == 0, ContinuousClock.now < deadline { usleep(20_000) }
        #expect(Foundation.kill(pid_t(process), 0) != 0)
    }

    #if MPI
        @Test("What is missing ends all processes", .enabled(if: Command.hasMPI, "\(Command.absenceOfMPI)"))
        func processes() throws {
            let (training, wandb) = (try TinyTraining(Self.flags + ["--ddp"]), try FakeWandb(.noPackage))
            defer {
                training.remove()
                wandb.remove()
            }
            let start = ContinuousClock.now
            let run = try Command.mpi(ranks: 2, training.arguments, environment: wandb.environment)
            #expect(run.status == 2 && run.errors.contains("rank 0: --use_wandb needs the Python package wandb"), "\(run.errors)")
            #expect(ContinuousClock.now - start < .seconds(FakeWandb.patience))
        }
    #endif
}
