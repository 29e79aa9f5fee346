import Foundation
import Tensor
import Training

/// What a run says of its steps: log lines, the bar, and the metrics file.
struct TrainingLog {
    private let options: TrainOptions
    private let metrics: MetricsFile?
    private var keepsMetrics = true
    private var bar: ProgressBar
    private var epochStart = ContinuousClock.now
    private var firstStepOfEpoch = 0
    private var console: Console { Console.shared }

    /// - Parameters:
    ///   - metrics: `nil` where another process keeps them
    ///   - completedSteps: those of an earlier run that this one goes on from
    init(_ options: TrainOptions, _ metrics: MetricsFile?, totalSteps: Int, completedSteps: Int) {
        self.options = options
        self.metrics = metrics
        bar = ProgressBar(totalSteps: totalSteps, completedSteps: completedSteps)
    }

    /// - Parameter step: the first of the epoch that this run computes
    mutating func beginEpoch(atStep step: Int) {
        epochStart = .now
        firstStepOfEpoch = step
    }

    mutating func append(_ report: StepReport) {
        if keepsMetrics {
            do {
                try metrics?.append(report)
            } catch {
                // The training is worth more than its record.
                keepsMetrics = false
                console.note("warning: \(error); training goes on without metrics")
            }
        }
        bar.advance(
            epoch: report.epoch, epochs: options.epochs, loss: report.loss, learningRate: report.learningRate,
            tokens: report.tokens)
        if report.overflowed {
            console.note("note: gradients overflowed at step \(report.step); the step was skipped and the loss scale halved")
        }
        if report.loss == nil { console.note("note: no token counts in the batch of step \(report.step); it was skipped") }
        guard report.stepInEpoch % options.logInterval == 0 else { return }
        let elapsed = (ContinuousClock.now - epochStart) / .seconds(1)
        // As if this run had computed all of the epoch.
        let done = Double(report.stepInEpoch + 1)
        console.line(
            PublishedLog.step(
                epoch: report.epoch, epochs: options.epochs, step: report.stepInEpoch, stepsPerEpoch: report.stepsPerEpoch,
                loss: report.loss, learningRate: report.learningRate,
                seconds: elapsed * done / (done - Double(firstStepOfEpoch))))
        if let balance = PublishedLog.balance(report.expertUses, auxiliaryLoss: report.auxiliaryLoss) { console.line(balance) }
    }

    /// Takes the bar away.
    func finish() { bar.finish() }

    var tokensPerSecond: Double { bar.tokensPerSecond }
}
