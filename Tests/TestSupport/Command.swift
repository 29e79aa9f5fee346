import Foundation

/// A real executable, run as a person runs it.
public struct Command {
    public let status: Int32
    public let output: String
    public let errors: String
    /// How long it went on after it, or another process of its job, was sent a signal.
    public let secondsAfterAction: Double?

    /// The place of an executable that was built beside the tests.
    public static func path(of name: String = "lora-train") -> String {
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
    ///   - environment: variables that are added to those of the tests
    ///   - folder: the working folder
    ///   - outputPath: the file or device that standard output goes to instead
    ///   - interruptAfterLines: after how many lines of output a signal is sent
    ///   - signal: which; SIGINT if nothing else is said
    ///   - delay: how much later it is sent, in microseconds
    public init(
        _ arguments: [String], of name: String = "lora-train", environment additions: [String: String] = [:], input: String = "",
        folder: String? = nil, outputPath: String? = nil, interruptAfterLines: Int? = nil, signal: Int32 = SIGINT, delay: UInt32 = 0
    ) throws {
        let environment = additions.isEmpty ? nil : ProcessInfo.processInfo.environment.merging(additions) { $1 }
        try self.init(
            path: Self.path(of: name), arguments, environment: environment, input: input, folder: folder, outputPath: outputPath,
            afterLines: interruptAfterLines
        ) {
            usleep(delay)
            kill($0.processIdentifier, signal)
        }
    }

    /// - Parameters:
    ///   - environment: `nil` for that of the tests
    ///   - afterLines: after how many lines of output `action` is called, once
    private init(
        path: String, _ arguments: [String], environment: [String: String]?, input: String, folder: String?, outputPath: String?,
        afterLines: Int?, action: (Process) -> Void
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        if let environment { process.environment = environment }
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        Self.endsBySignals
        let scratch = try Paths.temporaryFolder()
        let errorPath = scratch + "/errors"
        let inputPath = scratch + "/input"
        try Data().write(to: URL(fileURLWithPath: errorPath))
        try Data(input.utf8).write(to: URL(fileURLWithPath: inputPath))
        let outputPipe = Pipe()
        if afterLines != nil { outputPipe.fileHandleForWriting.handOverEachWrite() }
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
        var timeOfAction: ContinuousClock.Instant?
        while true {
            let part = outputPipe.fileHandleForReading.availableData
            if part.isEmpty { break }
            bytes += part
            if let afterLines, timeOfAction == nil, bytes.count(where: { $0 == 10 }) >= afterLines {
                timeOfAction = .now
                action(process)
            }
        }
        process.waitUntilExit()
        secondsAfterAction = timeOfAction.map { (.now - $0) / .seconds(1) }
        status = process.terminationStatus
        output = String(decoding: bytes, as: UTF8.self)
        errors = try String(contentsOfFile: errorPath, encoding: .utf8)
        try? FileManager.default.removeItem(atPath: scratch)
    }

    /// Commands inherit what is ignored: by `nohup`, or in the background of a script. Here they are to end by signals.
    private static let endsBySignals: Void = {
        for number in [SIGINT, SIGHUP, SIGQUIT] { signal(number, SIG_DFL) }
    }()

    /// The lines of standard output.
    public var lines: [String] { output.split(separator: "\n").map(String.init) }

    // MARK: - On several processes

    /// The MPI launcher of the search path.
    private static let mpirun: (path: String, isOpenMPI: Bool)? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let path = folders.map { "\($0)/mpirun" }.first(where: FileManager.default.isExecutableFile)
        guard let path,
            let version = try? Command(
                path: path, ["--version"], environment: nil, input: "", folder: nil, outputPath: nil, afterLines: nil, action: { _ in })
        else { return nil }
        return (path, version.output.contains("Open MPI") || version.output.contains("OpenRTE"))
    }()

    /// Whether there is an `mpirun`.
    public static var hasMPI: Bool { mpirun != nil }
    /// Why a test that needs it is skipped.
    public static let absenceOfMPI = "there is no mpirun; `make setup MPI=1` installs it"

    /// Runs `lora-train` on several processes and waits for the end of all.
    ///
    /// - Parameters:
    ///   - environment: variables that are added to those of the tests
    ///   - last: arguments that the last process alone has besides
    ///   - kill: which process gets a signal, after how many lines of output of all
    ///   - signal: which; SIGKILL if nothing else is said
    public static func mpi(
        ranks: Int, _ arguments: [String], last: [String] = [], folder: String? = nil,
        environment additions: [String: String] = [:],
        kill: (rank: Int, afterLines: Int)? = nil, signal: Int32 = SIGKILL
    ) throws -> Command {
        guard let mpirun else { throw CocoaError(.fileNoSuchFile, userInfo: [NSLocalizedDescriptionKey: absenceOfMPI]) }
        // The variables of a launcher that runs the tests themselves would bind and connect the processes to it.
        let strange = ["OMPI_", "ORTE_", "PRTE_", "PMIX_", "PMI_", "HYDRA_", "HYDI_", "MPI_LOCAL"]
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in !strange.contains(where: name.hasPrefix) }
        // Containers have no other user than root.
        environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
        environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
        environment.merge(additions) { $1 }
        let scratch = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        // Each process leaves its number before it becomes the command, to be found by.
        let additional = last.map { " '\($0)'" }.joined()
        let script = """
            rank=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}; echo $$ > "$0/$rank"
            if [ "$rank" = \(ranks - 1) ]; then exec "$@"\(additional); else exec "$@"; fi
            """
        let options = mpirun.isOpenMPI ? ["--oversubscribe", "--bind-to", "none"] : []
        return try Command(
            path: mpirun.path, options + ["-np", String(ranks), "/bin/sh", "-c", script, scratch, path()] + arguments,
            environment: environment, input: "", folder: folder, outputPath: nil, afterLines: kill?.afterLines
        ) { _ in
            guard let kill, let text = try? String(contentsOfFile: "\(scratch)/\(kill.rank)", encoding: .utf8),
                let number = Int32(text.trimmingCharacters(in: .newlines))
            else { return }
            Foundation.kill(number, signal)
        }
    }
}

extension FileHandle {
    /// Lets a pipe hold one write alone: who writes lines waits until the one before was read, and cannot be done before
    /// a reader on a busy machine has seen the line after which it acts.
    fileprivate func handOverEachWrite() {
        #if os(Linux)
            // Packets, one a page, and one page (pipe(7)); Glibc as Swift reads it has neither name.
            #if arch(arm64)
                let direct: Int32 = 0o200000
            #else
                let direct: Int32 = 0o40000
            #endif
            let setPipeSize: Int32 = 1031
            _ = fcntl(fileDescriptor, F_SETFL, fcntl(fileDescriptor, F_GETFL) | direct)
            _ = fcntl(fileDescriptor, setPipeSize, 4096)
        #endif
    }
}
