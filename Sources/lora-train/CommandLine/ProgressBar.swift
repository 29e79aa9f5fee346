import Foundation

/// The state of a run in one line: epoch, step, loss, rate, tokens per second and time left.
struct ProgressBar {
    private let totalSteps: Int
    private let completedSteps: Int
    private let start = ContinuousClock.now
    private var lastDrawn = ContinuousClock.now - .seconds(1)
    private var tokens = 0
    private var steps = 0

    /// - Parameter completedSteps: those that an earlier run has done
    init(totalSteps: Int, completedSteps: Int = 0) {
        self.totalSteps = totalSteps
        self.completedSteps = completedSteps
    }

    /// Counts a step, and draws at most ten times a second.
    mutating func advance(epoch: Int, epochs: Int, loss: Float?, learningRate: Double, tokens: Int) {
        steps += 1
        self.tokens += tokens
        let now = ContinuousClock.now
        guard Console.shared.isInteractive, now - lastDrawn > .milliseconds(100) || completedSteps + steps == totalSteps else { return }
        lastDrawn = now
        let elapsed = (now - start) / .seconds(1)
        let done = completedSteps + steps
        let share = Double(done) / Double(max(totalSteps, 1))
        let filled = Int(share * 20)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
        Console.shared.bar(
            "epoch \(epoch + 1)/\(epochs) \(bar) \(done)/\(totalSteps)"
                + (loss.map { String(format: "  loss %.3f", $0) } ?? "") + String(format: "  lr %.2e", learningRate)
                + String(format: "  %.0f tok/s", Double(self.tokens) / max(elapsed, 1e-9))
                + "  \(Self.duration(elapsed / Double(steps) * Double(totalSteps - done))) left")
    }

    /// Takes the bar away.
    func finish() { Console.shared.bar(nil) }

    /// 0:07, 12:34, 1:02:03.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(max(0, seconds.isFinite ? seconds.rounded() : 0))
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        return hours > 0 ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
    }
}
