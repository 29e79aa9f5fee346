import Foundation

/// A real executable, run as a person runs it.
public struct Command {
    public let status: Int32
    public let output: String
    public let errors: String

    /// The place of an executable that was built beside the tests.
    private static func path(_ name: String) -> String {
        let products = Bundle.main.bundleURL
        let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let candidates = [products, beside, Paths.package.appendingPathComponent(".build/debug")]
        let found = candidates.map { $0.appendingPathComponent(name).path }
            .first(where: FileManager.default.isExecutableFile)
        return found ?? name
    }

    /// Runs an executable with arguments and waits for its end.
    ///
    /// - Parameters:
    ///   - name: of the executable
    ///   - folder: the working folder
    ///   - outputPath: the file or device that standard output goes to instead
    ///   - interrupt: after how many lines of output SIGINT is sent
    public init(_ arguments: [String], of name: String = "lora-train", input: String = "", folder: String? = nil, outputPath: String? = nil, interruptAfterLines: Int? = nil) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path(name))
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        let scratch = try Paths.temporaryFolder()
        let errorPath = scratch + "/errors"
        let inputPath = scratch + "/input"
        try Data().write(to: URL(fileURLWithPath: errorPath))
        try Data(input.utf8).write(to: URL(fileURLWithPath: inputPath))
        let outputPipe = Pipe()
        if let outputPath {
            process.standardOutput = FileHandle(forWritingAtPath: outputPath)
            try? outputPipe.fileHandleForWriting.close()
        } else {
            process.standardOutput = outputPipe
        }
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        process.standardInput = FileHandle(forReadingAtPath: inputPath)
        try process.run()
        var bytes = Data()
        var isInterrupted = false
        while true {
            let part = outputPipe.fileHandleForReading.availableData
            if part.isEmpty { break }
            bytes += part
            if let interruptAfterLines, !isInterrupted, bytes.count(where: { $0 == 10 }) >= interruptAfterLines {
                isInterrupted = true
                process.interrupt()
            }
        }
        process.waitUntilExit()
        status = process.terminationStatus
        output = String(decoding: bytes, as: UTF8.self)
        errors = try String(contentsOfFile: errorPath, encoding: .utf8)
        try? FileManager.default.removeItem(atPath: scratch)
    }

    /// The lines of standard output.
    public var lines: [String] { output.split(separator: "\n").map(String.init) }
}
