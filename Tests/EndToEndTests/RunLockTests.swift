import Foundation
import TestSupport
import Testing

@testable import lora_train

/// Two runs of one name do not write over each other.
@Suite("The lock of a run") struct RunLockTests {
    private func take(_ stem: String) throws -> RunLock? {
        try RunLock.take(stem: stem) { Issue.record("\($0)") }
    }

    private func isInUse(_ stem: String) throws -> Bool {
        let error = #expect(throws: CommandError.self) { try take(stem) }
        return error?.description.contains("in use by a running run (process \(getpid()) on ") == true && error?.exitCode == 1
    }

    @Test func isOfOneRun() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // One that was killed leaves its file, which nobody holds.
        try Data("process 1 on elsewhere".utf8).write(to: URL(fileURLWithPath: folder + "/.x_192.lock"))
        var lock = try take(folder + "/x_192")
        #expect(lock != nil)
        #expect(try isInUse(folder + "/x_192"))
        #expect(try isInUse(folder + "/../\((folder as NSString).lastPathComponent)/x_192"))
        do {
            let other = try take(folder + "/y_192")
            #expect(other != nil)
        }
        lock = nil
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
        lock = try take(folder + "/x_192")
        #expect(try isInUse(folder + "/x_192"))
        withExtendedLifetime(lock) {}
    }

    @Test func isNotNeeded() throws {
        var problem = ""
        // Whatever the reason, such as a file system without locks: here there is no folder.
        let lock = try RunLock.take(stem: "/no-such-folder/x_192") { problem = $0 }
        #expect(lock == nil && problem.hasPrefix("/no-such-folder/.x_192.lock cannot be locked (No such file"))
    }

    @Test func refusesASecondRun() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        try FileManager.default.createDirectory(atPath: training.folder + "/lora", withIntermediateDirectories: true)
        let lock = try take(training.stem)
        for flags in [[], ["--resume", "auto"]] {
            let run = try Command(training.arguments + flags)
            #expect(run.status == 1 && run.errors.contains("error: \(training.stem) is in use by a running run"), "\(run.errors)")
        }
        #expect(training.adapter == nil && training.checkpointNames == [])
        withExtendedLifetime(lock) {}
    }
}
