import Training

/// Tells all sinks what a run does, and keeps the sums of the whole.
final class RunLog {
    /// None in a process that does not speak for the run.
    private var sinks: [any MetricSink] = []
    private var tokens = 0
    /// Of the steps: evaluations, answers and saves are no part of a run's speed.
    private var seconds = 0.0
    private var hasEnded = false

    /// Tells these from now on.
    func begin(_ sinks: [any MetricSink]) { self.sinks = sinks }

    func append(_ record: RunRecord) {
        if case .step(let report) = record {
            tokens += report.tokens
            seconds += report.seconds
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

    /// Of the samples, so far.
    var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-9) }
}
