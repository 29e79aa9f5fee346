import Foundation

/// Starts workers, sees them die, hang or grow, keeps the input that did it, and goes on behind it.
final class Supervisor {
    private let format: FuzzFormat
    private let options: Options
    private let executable: String
    private let scratch: Scratch
    private var report: FuzzReport
    private var waiting: [Range<Int>]
    private var running: [Run] = []

    /// A process reads this many inputs: what it keeps in memory from one to the next must not look like one input's.
    private static let portion = 10_000
    private static let failureLimit = 100

    private final class Run {
        let process: Process
        let state: WorkerState
        let numbers: Range<Int>
        let folder: String
        var seen = -2
        var since = Date()
        var hangs = false

        init(_ process: Process, _ state: WorkerState, _ numbers: Range<Int>, _ folder: String) {
            (self.process, self.state, self.numbers, self.folder) = (process, state, numbers, folder)
        }
    }

    init(_ format: FuzzFormat, _ options: Options) throws {
        self.format = format
        self.options = options
        executable = Bundle.main.executablePath ?? CommandLine.arguments[0]
        scratch = try Scratch("\(Scratch.root)/fuzz-\(ProcessInfo.processInfo.processIdentifier)-\(format.rawValue)")
        report = FuzzReport(format)
        let end = options.from + options.count
        waiting = stride(from: options.from, to: end, by: Self.portion).map { $0..<min($0 + Self.portion, end) }.reversed()
    }

    func run() throws -> FuzzReport {
        defer { try? FileManager.default.removeItem(atPath: scratch.path) }
        let start = Date()
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < options.workers, let numbers = waiting.popLast() { running.append(try self.start(numbers)) }
            usleep(5000)
            for run in running { watch(run) }
            for run in running where !run.process.isRunning { try end(run) }
            running.removeAll { !$0.process.isRunning }
            if report.failures.count >= Self.failureLimit { waiting = [] }
        }
        report.seconds = Date().timeIntervalSince(start)
        return report
    }

    private func start(_ numbers: Range<Int>) throws -> Run {
        let folder = "\(scratch.path)/\(numbers.lowerBound)"
        let place = try Scratch(folder)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = [
            format.rawValue, "--seed", "\(options.seed)", "--corpus", options.corpus, "--worker", "\(numbers.lowerBound)",
            "\(numbers.upperBound)",
            "\(folder)/state", "\(folder)/files",
        ]
        if let rehearsal = options.rehearsal { process.arguments? += ["--rehearse", rehearsal] }
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: try place.write("errors", []))
        let state = try WorkerState("\(folder)/state")
        try process.run()
        return Run(process, state, numbers, folder)
    }

    private func watch(_ run: Run) {
        let current = run.state.current
        if current != run.seen { (run.seen, run.since) = (current, Date()) }
        guard Date().timeIntervalSince(run.since) > options.patience, run.process.isRunning else { return }
        run.hangs = true
        kill(run.process.processIdentifier, SIGKILL)
        run.process.waitUntilExit()
    }

    private func end(_ run: Run) throws {
        defer { try? FileManager.default.removeItem(atPath: run.folder) }
        report.add(run.state)
        let process = run.process
        if process.terminationReason == .exit, process.terminationStatus == 0 { return }
        let said = (try? String(contentsOfFile: "\(run.folder)/errors", encoding: .utf8)) ?? ""
        let lines = said.split(separator: "\n")
        let message = (lines.first { $0.contains("Fatal error") } ?? lines.first ?? "").prefix(300)
        let current = run.state.current
        guard current >= run.numbers.lowerBound else { throw FuzzFailure("the reader of \(format.rawValue) does not start: \(message)") }
        let reason =
            run.hangs
            ? "hangs: not done in \(options.patience) s"
            : process.terminationReason == .uncaughtSignal ? "signal \(process.terminationStatus) \(message)" : String(message)
        let mutator = Mutator(format, try Corpus(format, in: options.corpus))
        let path = try Scratch(options.failures).write(
            "\(format.rawValue)-\(options.seed)-\(current)", mutator.input(current, seed: options.seed))
        report.failures.append(.init(number: current, stage: run.state.stage, reason: reason, path: path))
        report.done += 1
        say("FAILURE \(format.rawValue) \(current), at '\(run.state.stage)': \(reason) (\(path))")
        if current + 1 < run.numbers.upperBound { waiting.append(current + 1..<run.numbers.upperBound) }
    }
}
