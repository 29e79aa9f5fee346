import Foundation
import Tensor
import TestSupport

/// A Python package `wandb` that writes down what it is told, and fails where it is told to.
struct FakeWandb {
    /// What goes wrong.
    enum Fault: String, CaseIterable {
        case none
        case noPackage, noLogin, noBeginning, hangingBeginning
        /// At the third call of `log`.
        case raising, exiting, killed, hanging
        case hangingEnd
    }

    /// Why a test that needs Python is skipped.
    static let absenceOfPython = "there is no python3"
    /// Python itself: what lies on the search path may be a script that looks for it.
    static let python: String? = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import sys; print(sys.executable)"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let path = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return process.terminationStatus == 0 ? path.trimmingCharacters(in: .newlines) : nil
    }()

    private let folder: String
    let environment: [String: String]

    init(_ fault: Fault = .none) throws {
        folder = try Paths.temporaryFolder()
        try FileManager.default.createDirectory(atPath: folder + "/wandb", withIntermediateDirectories: true)
        try Self.package.write(toFile: folder + "/wandb/__init__.py", atomically: true, encoding: .utf8)
        environment = ["PYTHONPATH": folder, "FAKE_WANDB_FAULT": fault.rawValue, "FAKE_WANDB_CALLS": folder + "/calls"]
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// What was called, in order; `call` says which.
    func calls(_ name: String? = nil) throws -> [JSON] {
        guard let text = try? String(contentsOfFile: folder + "/calls", encoding: .utf8) else { return [] }
        return try text.split(separator: "\n").map { try JSON(parsing: String($0)) }.filter { name == nil || $0["call"]?.string == name }
    }

    /// Seconds; a client that hangs does so for much longer.
    static let patience = 300.0

    /// Waits until a call has come.
    func waitForCall(_ name: String) throws -> JSON? {
        let deadline = ContinuousClock.now + .seconds(Self.patience)
        while ContinuousClock.now < deadline {
            if let call = try calls(name).first { return call }
            usleep(20_000)
        }
        return nil
    }

    private static let package = #"""
        import json, os, signal, time, types

        __version__ = "0"
        fault = os.environ["FAKE_WANDB_FAULT"]

        def tell(call, **words):
            with open(os.environ["FAKE_WANDB_CALLS"], "a") as calls:
                calls.write(json.dumps({"call": call, **words}, default=vars) + "\n")

        def fail(*faults, reason):
            if fault in faults:
                raise RuntimeError(reason + "\nand a second line")

        if fault == "noPackage":
            raise ImportError("No module named 'wandb'")

        def login():
            fail("noLogin", reason="no key")

        class Settings:
            x_stats_pid = 0

        class Table:
            def __init__(self, columns, data):
                self.columns, self.data = columns, data

        class Run:
            id, url, disabled, settings = "abc123", "https://wandb.invalid/abc123", False, types.SimpleNamespace(mode="online")
            dir = "/folder/files"
            count = 0
            summary = types.SimpleNamespace(update=lambda values: tell("summary", values=values))

            def log(self, values, step):
                print("chatter")
                self.count += 1
                if self.count == 3:
                    fail("raising", reason="the service is gone")
                    if fault == "exiting":
                        os._exit(7)
                    if fault == "killed":
                        os.kill(os.getpid(), signal.SIGKILL)
                    if fault == "hanging":
                        time.sleep(1000)
                tell("log", values=values, step=step)

            def finish(self, exit_code):
                tell("finish", exit_code=exit_code)
                if fault == "hangingEnd":
                    time.sleep(1000)

        def init(**words):
            tell("init", process=os.getpid(), session=os.getsid(0), parent=os.getppid(), **words)
            fail("noBeginning", reason="no such host")
            if fault == "hangingBeginning":
                time.sleep(1000)
            return Run()
        """#
}
