import Foundation
import Tensor
import TestSupport
import Testing

@Suite("Memory of data files, end to end")
struct DataMemoryTests {
    private static let example = Paths.package.appendingPathComponent("Examples/tiny").path

    /// The peak of the resident memory of `lora-train data` once it has opened a file and shown its first samples.
    private func peakMemory(_ path: String) throws -> Int {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Command.path())
        process.arguments = [
            "data", "--streaming", "--json", "--limit", "1000", "--data_path", path, "--tokenizer_path", Self.example,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        // The samples do not fit into the pipe: having written what does, the process waits to be measured.
        #expect(try pipe.fileHandleForReading.read(upToCount: 1) == Foundation.Data("{".utf8))
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let output = try pipe.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && (output?.count ?? 0) > 1 << 17)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])) << 10
    }

    @Test(
        "A streamed file of two million lines takes no more memory than one of two thousand",
        .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status")))
    func streaming() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let record = #"{"conversations":[{"role":"user","content":"hello"},{"role":"assistant","content":"hi there"}]}"# + "\n"
        let thousand = Foundation.Data(String(repeating: record, count: 1000).utf8)
        for (name, thousands) in [("small", 2), ("large", 2000)] {
            let path = "\(folder)/\(name)"
            try Foundation.Data().write(to: URL(fileURLWithPath: path))
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            for _ in 0..<thousands { try file.write(contentsOf: thousand) }
            try file.close()
        }
        let (small, large) = (try peakMemory(folder + "/small"), try peakMemory(folder + "/large"))
        // The index takes 50 KB, and each thread that makes it 1 MiB.
        #expect(large - small < 8 << 20, "\(small) and \(large) bytes")
    }

    @Test("What would be skipped is listed, and stops the command otherwise")
    func skipping() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let record = #"{"conversations":[{"role":"user","content":"hello"},{"role":"assistant","content":"hi there"}]}"#
        try "\(record)\n[]\n\n\(record)\n{\"x\": 1}\n".write(toFile: folder + "/data.jsonl", atomically: true, encoding: .utf8)
        let flags = ["data", "--data_path", folder + "/data.jsonl", "--tokenizer_path", Self.example]
        for access in [[], ["--streaming"]] {
            let run = try Command(flags + access + ["--on_bad_record", "skip"])
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.lines.contains { $0.hasPrefix("2 samples of ") })
            let place = try #require(run.lines.firstIndex(of: "2 lines are no conversations and would be skipped in training:"))
            #expect(run.lines[place + 1].hasPrefix("line 2: not an object"))
            #expect(run.lines[place + 2].hasPrefix("line 5: no \"conversations\""))
            let json = try Command(flags + access + ["--on_bad_record", "skip", "--json"])
            #expect(json.lines.count == 4 && json.lines[1] == #"{"ids":[],"mask":[]}"#, "\(json.output)")
            #expect(json.errors.contains("note: line 2: not an object"))
            let stopped = try Command(flags + access)
            #expect(stopped.status == 1 && stopped.errors.contains("line 2: not an object"))
        }
    }
}
