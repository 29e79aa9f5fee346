import Foundation
import Training

/// Tells all sinks what a run does, and keeps the sums of the whole.
final class RunLog {
    private let sinks: [any MetricSink]
    private let start = ContinuousClock.now
    private var tokens = 0
    /// What went by in evaluations.
    private var evaluationSeconds = 0.0
    private var hasEnded = false

    /// - Parameter sinks: none in a process that does not speak for the run
    init(_ sinks: [any MetricSink]) { self.sinks = sinks }

    func append(_ record: RunRecord) {
        switch record {
        case .step(let report): tokens += report.tokens
        case .evaluation(let report): evaluationSeconds += report.seconds
        case .start, .answers, .end: break
        }
        for sink in sinks { sink.append(record) }
    }

    /// Says how the run ended; nothing is told after that.
    func end(_ reason: RunEnd.Reason, message: String? = nil) {
        guard !hasEnded else { return }
        hasEnded = true
        append(
            .end(
                RunEnd(
                    reason: reason, message: message, seconds: seconds, tokensPerSecond: tokensPerSecond,
                    peakMemory: ProcessClock.peakMemory)))
        for sink in sinks { sink.finish() }
    }

    /// Of the steps.
    private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) - evaluationSeconds }

    /// Of the samples, so far.
    var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-9) }
}
