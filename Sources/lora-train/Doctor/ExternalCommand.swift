import Foundation
import Synchronization

/// Other programs of the machine.
enum ExternalCommand {
    /// Where a program is: a path as it stands, or a name by the search path; `nil` where it is not.
    static func path(of name: String, environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        let places = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
        return places.first(where: FileManager.default.isExecutableFile)
    }

    /// Runs a program without input.
    ///
    /// - Parameter limit: seconds after which it is ended
    /// - Returns: what it wrote on standard output; `nil` where it failed, took too long or cannot be started
    static func output(of path: String, _ arguments: [String], limit: Double) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        // A file without a name: a pipe would also wait for programs that this one has started.
        guard let file = tmpfile() else { return nil }
        defer { fclose(file) }
        let output = FileHandle(fileDescriptor: fileno(file), closeOnDealloc: false)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let number = process.processIdentifier
        let isDone = Mutex(false)
        DispatchQueue.global().asyncAfter(deadline: .now() + limit) {
            isDone.withLock { if !$0 { _ = kill(number, SIGKILL) } }
        }
        process.waitUntilExit()
        isDone.withLock { $0 = true }
        guard process.terminationReason == .exit, process.terminationStatus == 0, (try? output.seek(toOffset: 0)) != nil,
            let bytes = try? output.readToEnd()
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
