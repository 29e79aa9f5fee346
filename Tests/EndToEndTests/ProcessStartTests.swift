import Foundation
import TestSupport
import Testing
import Training

/// Whatever a command is started with, and wherever.
@Suite("What a process begins with", .serialized) struct ProcessStartTests {
    private static let base = ["--base_path", TinyTraining.example + "/rlhf_192.pth", "--tokenizer_path", TinyTraining.example]

    /// Runs the command by a shell that does something first.
    ///
    /// - Parameter script: in which `"$0" "$@"` is the command
    private func shell(_ script: String, _ arguments: [String], folder: String? = nil) throws -> Command {
        try Command(["-c", script, Command.path()] + arguments, of: "/bin/sh", folder: folder)
    }

    @Test("Descriptors that are closed get no file of ours", arguments: [">&-", "<&- >&- 2>&-"])
    func closedDescriptors(_ redirection: String) throws {
        let training = try TinyTraining(["--epochs", "1"])
        defer { training.remove() }
        #expect(try shell("exec \"$0\" \"$@\" \(redirection)", training.arguments).status == 0)
        #expect(training.checkpointNames.count == 1)
        for path in [training.adapterPath] + training.checkpointNames.map({ training.checkpoints + "/" + $0 }) {
            #expect(try Command(["inspect", path]).status == 0, "\(path)")
        }
        let version = try shell("exec \"$0\" --version >&-", [])
        #expect(version.status == 1 && version.errors.contains("standard output cannot be written (Bad file descriptor)"))
    }

    @Test("A signal that the starter ignores stays ignored")
    func ignoredSignals() throws {
        let training = try TinyTraining(["--epochs", "2"])
        defer { training.remove() }
        let script = "trap '' INT HUP USR1; \"$0\" \"$@\" | { read line; kill -INT 0; kill -HUP 0; kill -USR1 0; cat; }"
        let run = try shell("setsid /bin/sh -c '\(script.replacing("'", with: "'\\''"))' \"$0\" \"$@\"", training.arguments)
        #expect(run.output.contains("saved \(training.adapterPath)"), "\(run.output)\(run.errors)")
    }

    @Test("Every command ends by a signal with 128 and its number", arguments: [SIGINT, SIGTERM, SIGHUP, SIGUSR2])
    func signals(_ number: Int32) throws {
        let run = try Command(
            ["generate", "--max_new_tokens", "20"] + Self.base, input: String(repeating: "Hi\n", count: 500),
            interruptAfterLines: 1, signal: number)
        #expect(run.status == 128 + number && run.errors == "", "\(run.errors)")
    }

    @Test(
        "A limit of a file's size is an error as a full disk is, and the run has its end and its page",
        .disabled(if: Sanitizer.isOfThreads, "ThreadSanitizer maps a file of its own, which the limit cuts"))
    func fileSize() throws {
        let training = try TinyTraining(["--epochs", "1"])
        defer { training.remove() }
        let run = try shell("ulimit -f 150; exec \"$0\" \"$@\"", training.arguments)
        let problem = "\(training.adapterPath): cannot be written (File too large)"
        #expect(run.status == 1 && run.errors.contains(problem), "\(run.errors)")
        #expect(try RunHistory(path: training.metricsPath).end?.reason == .failed)
        #expect(FileManager.default.fileExists(atPath: training.stem + ".report.html"))
    }

    @Test("A working folder that is gone is said in a sentence", arguments: [["doctor"], ["inspect", "x"]])
    func removedFolder(_ arguments: [String]) throws {
        let folder = try Paths.temporaryFolder()
        let run = try shell("cd '\(folder)'; rmdir '\(folder)'; exec \"$0\" \"$@\"", arguments)
        #expect(run.status == 1 && run.errors.contains("the working folder cannot be found"), "\(run.errors)")
        if arguments[0] == "doctor" { #expect(run.output.contains("the working folder has been removed"), "\(run.output)") }
    }

    #if os(Linux)
        private static let canHideProc =
            (try? Command(["-m", "sh", "-c", "mount -t tmpfs none /proc"], of: "/usr/bin/unshare").status) == 0

        @Test(
            "Arguments and answers without /proc", .enabled(if: ProcessStartTests.canHideProc, "only root may hide /proc"),
            .disabled(if: Sanitizer.isOn, "a sanitizer looks into /proc itself"))
        func withoutProc() throws {
            let hide = "exec unshare -m sh -c 'mount -t tmpfs none /proc; exec \"$0\" \"$@\"' \"$0\" \"$@\""
            #expect(try shell(hide, ["--version"]).output == "lora-train \(Release.version)\n")
            let training = try TinyTraining(["--epochs", "1"])
            defer { training.remove() }
            let run = try shell(hide, training.arguments)
            #expect(run.status == 0 && training.adapter != nil, "\(run.errors)")
        }
    #endif
}
