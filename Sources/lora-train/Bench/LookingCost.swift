import Foundation
import Training

/// Times what a run tells of itself: the metrics file, the published line, the bar as on a wide terminal, and the record for a
/// program, all of them at every step, which is the most that a run can be asked for.
final class LookingCost {
    private let log = RunLog()
    private let folder: String
    private let files: [Int32]
    private var seconds: [Double] = []

    /// - Parameter steps: of the run
    init(steps: Int) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("lora-train-bench-\(UUID().uuidString)").path
        // What the terminal itself does with a text is its own affair.
        files = (0..<2).map { _ in open("/dev/null", O_WRONLY | O_CLOEXEC) }
        guard !files.contains(-1) else { throw CommandError.failure("/dev/null cannot be opened") }
        let console = Console(output: Terminal(standIn: files[0], width: 200), errors: Terminal(standIn: files[1], width: 200))
        let run = RunDescription(
            name: "bench", version: Release.version, started: Date().ISO8601Format(), epochs: 1, stepsPerEpoch: steps,
            basePath: nil, savedPath: folder)
        let metrics = try MetricsFile(path: folder + "/metrics.jsonl", run)
        log.begin([metrics, ConsoleLog(run, logInterval: 1, console), JSONLog(run, console)])
    }

    /// Tells of a step.
    func append(_ report: StepReport) {
        let start = ContinuousClock.now
        log.append(.step(report))
        seconds.append((ContinuousClock.now - start) / .seconds(1))
    }

    /// The mean time a step, without the first ones.
    func secondsPerStep(after warmUp: Int) -> Double {
        let counted = seconds.dropFirst(warmUp)
        return counted.reduce(0, +) / Double(max(counted.count, 1))
    }

    deinit {
        for file in files { close(file) }
        try? FileManager.default.removeItem(atPath: folder)
    }
}
