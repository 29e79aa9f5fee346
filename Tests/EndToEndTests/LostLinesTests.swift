import Foundation
import TestSupport
import Testing
import Training

/// Where nothing that is written to standard output arrives.
@Suite("A standard output that takes nothing, end to end")
struct LostLinesTests {
    private static let hasFullDevice = FileManager.default.fileExists(atPath: "/dev/full")

    @Test(
        "A run outlives its log, with one warning", .enabled(if: LostLinesTests.hasFullDevice, "the system has no /dev/full"),
        arguments: ["text", "json"])
    func fullDisk(_ format: String) throws {
        let training = try TinyTraining(["--log_format", format])
        defer { training.remove() }
        let run = try Command(training.arguments, outputPath: "/dev/full")
        #expect(run.status == 0, "\(run.errors)")
        let said = run.errors.split(separator: "\n").filter { $0.contains("standard output") }
        #expect(
            said == [
                "warning: standard output cannot be written (No space left on device); the run goes on without the lines that are lost"
            ], "\(run.errors)")
        #expect(training.adapter != nil)
        #expect(try training.metrics().count == 20)
    }

    @Test(
        "What a command was asked to say is not lost in silence",
        .enabled(if: LostLinesTests.hasFullDevice, "the system has no /dev/full"))
    func results() throws {
        for arguments in [["train", "--help"], ["help", "--markdown", "train"], ["--version"]] {
            let run = try Command(arguments, outputPath: "/dev/full")
            #expect(
                run.status == 1 && run.errors == "error: standard output cannot be written (No space left on device)\n", "\(run.errors)")
        }
    }

    @Test("A reader that is not there ends a run, by SIGPIPE or where that is ignored", arguments: [false, true])
    func closedPipe(isIgnored: Bool) throws {
        let training = try TinyTraining()
        defer { training.remove() }
        var ends: [Int32] = [0, 0]
        let failure = pipe(&ends)
        try #require(failure == 0)
        close(ends[0])
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", (isIgnored ? "trap '' PIPE; " : "") + "exec \"$0\" \"$@\"", Command.path()] + training.arguments
        process.standardOutput = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        // Whoever started the tests may have it ignored.
        let isKilled = process.terminationReason == .uncaughtSignal && !isIgnored
        #expect(process.terminationStatus == (isKilled ? SIGPIPE : 128 + SIGPIPE))
        // What is trained by then is saved.
        #expect((training.adapter == nil) == isKilled)
    }

    @Test(
        "A reader that goes away while a run trains ends it behind its step: nothing is lost, and it goes on", arguments: ["text", "json"])
    func reader(_ format: String) throws {
        let flags = ["--log_format", format, "--epochs", "40"]
        let (whole, cut) = (try TinyTraining(flags), try TinyTraining(flags))
        defer { for training in [whole, cut] { training.remove() } }
        #expect(try Command(whole.arguments).status == 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "\"$0\" \"$@\" | head -n 9 >/dev/null; exit ${PIPESTATUS[0]}", Command.path()] + cut.arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 128 + SIGPIPE)
        #expect(try RunHistory(path: cut.metricsPath).end?.reason == .interrupted)
        let resumed = try Command(cut.arguments + ["--resume", "auto"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(cut.adapter == whole.adapter && cut.adapter != nil)
    }
}
