import Foundation
import Tensor
import Training

/// What a run says of itself on the terminal: the published lines, and the bar.
final class ConsoleLog: MetricSink {
    private let run: RunDescription
    private let logInterval: Int?
    private var bar: ProgressBar
    private var epochStart = ContinuousClock.now
    /// The first of the epoch that this run computes.
    private var firstStepOfEpoch: Int
    private var lastStep: (epoch: Int, at: ContinuousClock.Instant)?
    private let console: Console

    /// - Parameter logInterval: steps between the published lines; `nil` for none
    init(_ run: RunDescription, logInterval: Int?, _ console: Console = .shared) {
        self.run = run
        self.logInterval = logInterval
        self.console = console
        firstStepOfEpoch = run.completedSteps % max(run.stepsPerEpoch, 1)
        bar = ProgressBar(run, console)
    }

    func append(_ record: RunRecord) {
        switch record {
        case .step(let report): append(report)
        case .evaluation(let report):
            bar.append(report)
            console.line(report.line)
        case .start, .answers, .end: break
        }
    }

    private func append(_ report: StepReport) {
        if let lastStep, lastStep.epoch != report.epoch { (epochStart, firstStepOfEpoch) = (lastStep.at, 0) }
        lastStep = (report.epoch, .now)
        bar.append(report)
        if report.overflowed {
            console.note("note: gradients overflowed at step \(report.step); the step was skipped and the loss scale halved")
        }
        if report.loss == nil { console.note("note: no token counts in the batch of step \(report.step); it was skipped") }
        guard let logInterval, report.stepInEpoch % logInterval == 0 else { return }
        let elapsed = (ContinuousClock.now - epochStart) / .seconds(1)
        // As if this run had computed all of the epoch.
        let done = Double(report.stepInEpoch + 1)
        console.line(
            PublishedLog.step(
                epoch: report.epoch, epochs: run.epochs, step: report.stepInEpoch, stepsPerEpoch: report.stepsPerEpoch,
                loss: report.loss, learningRate: report.learningRate,
                seconds: elapsed * done / (done - Double(firstStepOfEpoch))))
        if let balance = PublishedLog.balance(report.expertUses, auxiliaryLoss: report.auxiliaryLoss) { console.line(balance) }
    }

    /// Takes the bar away.
    func finish() { bar.finish() }
}
