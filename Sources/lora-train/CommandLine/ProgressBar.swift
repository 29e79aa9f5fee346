import Training

/// Follows a run and draws its state at the bottom of the terminal.
struct ProgressBar {
    private let run: RunDescription
    private let console: Console
    private var loss = ExponentialMovingAverage()
    private var trend = LossTrend()
    private var course = Sparkline()
    private var validationLoss: Double?
    /// While steps compute.
    private var tokens = RecentRate()
    /// By the clock on the wall, with all that lies between steps.
    private var steps = RecentRate()
    private var lastStep: ContinuousClock.Instant?

    init(_ run: RunDescription, _ console: Console) {
        self.run = run
        self.console = console
    }

    /// Follows a step, and draws where it is time to.
    mutating func append(_ report: StepReport) {
        if let value = report.loss.map(Double.init) {
            loss.append(value)
            trend.append(value)
            if let smoothed = loss.value { course.append(smoothed) }
        }
        let now = ContinuousClock.now
        tokens.append(Double(report.tokens), seconds: report.seconds)
        steps.append(1, seconds: lastStep.map { (now - $0) / .seconds(1) } ?? report.seconds)
        lastStep = now
        guard console.isBarDue else { return }
        console.bar(line(report).text(width: console.barWidth, isColoured: console.hasColouredBar))
    }

    /// From now on the bar shows a loss on samples that are not trained on.
    mutating func append(_ evaluation: EvaluationReport) {
        if evaluation.set == .validation { validationLoss = evaluation.loss }
    }

    private func line(_ report: StepReport) -> ProgressLine {
        let (done, total) = (report.step + 1, run.epochs * run.stepsPerEpoch)
        return ProgressLine(
            epoch: report.epoch + 1, epochs: run.epochs, doneSteps: done, totalSteps: total, loss: loss.value,
            trend: trend.direction, validationLoss: validationLoss, learningRate: report.learningRate,
            tokensPerSecond: tokens.perSecond ?? 0, secondsLeft: Double(total - done) / (steps.perSecond ?? 0),
            memory: ProcessClock.memory, course: course)
    }

    /// Takes the bar away.
    func finish() { console.bar(nil) }
}
