import Training

/// How many steps a run has, and how many of them are done.
struct RunLength {
    let epochs: Int
    /// Micro-batches of an epoch, in each process.
    let stepsPerEpoch: Int
    /// Micro-batches of each process between two optimizer steps.
    let accumulationSteps: Int

    var optimizerStepsPerEpoch: Int { (stepsPerEpoch + accumulationSteps - 1) / accumulationSteps }

    /// Optimizer steps of the whole run.
    var optimizerSteps: Int { epochs * optimizerStepsPerEpoch }

    /// The optimizer steps of the run that are done.
    func optimizerSteps(_ progress: TrainingProgress) -> Int {
        progress.epoch * optimizerStepsPerEpoch + progress.optimizerSteps
    }

    /// The micro-batches of the epoch that are done.
    func stepsInEpoch(_ progress: TrainingProgress) -> Int {
        min(progress.optimizerSteps * accumulationSteps, stepsPerEpoch)
    }

    /// The micro-batches of the run that are done.
    func steps(_ progress: TrainingProgress) -> Int { progress.epoch * stepsPerEpoch + stepsInEpoch(progress) }

    /// The micro-batches of the run that are done after so many optimizer steps of it.
    func steps(ofOptimizerSteps steps: Int) -> Int {
        let (epoch, rest) = steps.quotientAndRemainder(dividingBy: optimizerStepsPerEpoch)
        return self.steps(TrainingProgress(epoch: epoch, optimizerSteps: rest))
    }
}
