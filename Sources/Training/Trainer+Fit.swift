import Data

extension Trainer {
    /// Trains from where ``progress`` stands to the end of the last epoch.
    ///
    /// - Parameters:
    ///   - source: of one kind with the objective's input; every process has a share of its own
    ///   - epochs: those of the whole run
    ///   - onStep: called for each micro-batch
    ///   - onEpoch: called with the number of epochs that are done, after each
    ///   - isStopping: asked after each micro-batch (of several processes: after each effective batch) whether to stop
    /// - Returns: whether the run came to its end
    /// - Throws: what ``runEpoch(stepsPerEpoch:isStopping:nextBatch:onStep:)`` throws, and what `onEpoch` does
    @discardableResult
    public func fit(
        _ source: some BatchSource<Target.Input>, epochs: Int, onStep: (StepReport) throws -> Void = { _ in },
        onEpoch: (Int) throws -> Void = { _ in }, isStopping: () -> Bool = { false }
    ) throws -> Bool {
        while progress.epoch < epochs {
            let first = progress.optimizerSteps * configuration.accumulationSteps
            let isComplete = try runEpoch(
                stepsPerEpoch: source.batchesPerEpoch, isStopping: isStopping,
                nextBatch: source.batches(ofEpoch: progress.epoch, startingAt: first), onStep: onStep)
            guard isComplete else { return false }
            try onEpoch(progress.epoch)
        }
        return true
    }
}
