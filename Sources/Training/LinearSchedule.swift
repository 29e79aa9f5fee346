/// From the base rate straight down to 0 after the last step, following a linear warmup from 0: `rate · (total - step) /
/// (total - warmup)`, the `get_linear_schedule_with_warmup` of transformers.
public struct LinearSchedule: LearningRateSchedule {
    /// The rate that it begins with.
    public let baseRate: Double
    /// The micro-batches of all epochs.
    public let totalSteps: Int
    /// Steps of warmup; the rate then falls over what is left.
    public let warmupSteps: Int

    /// A schedule, by default without warmup.
    ///
    /// - Parameter warmupSteps: no more than `totalSteps` count
    public init(baseRate: Double, totalSteps: Int, warmupSteps: Int = 0) {
        self.baseRate = baseRate
        self.totalSteps = totalSteps
        self.warmupSteps = min(max(warmupSteps, 0), totalSteps)
    }

    public func learningRate(at step: Int) -> Double {
        warmupRate(at: step, of: warmupSteps, to: baseRate)
            ?? baseRate * Double(max(totalSteps - step, 0)) / Double(max(totalSteps - warmupSteps, 1))
    }
}
