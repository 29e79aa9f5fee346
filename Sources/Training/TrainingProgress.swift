/// How far a run has come: all before it is done.
public struct TrainingProgress: Sendable, Equatable {
    /// Counted from 0.
    public var epoch: Int
    /// Optimizer steps of this epoch, one for each effective batch: the micro-batches of all processes between two of
    /// them. The last of an epoch may be smaller.
    public var optimizerSteps: Int

    /// A place in a run; by default its start.
    public init(epoch: Int = 0, optimizerSteps: Int = 0) {
        self.epoch = epoch
        self.optimizerSteps = optimizerSteps
    }
}
