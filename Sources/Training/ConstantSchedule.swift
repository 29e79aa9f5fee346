/// The base rate at every step, following a linear warmup from 0: the `get_constant_schedule_with_warmup` of transformers.
public struct ConstantSchedule: LearningRateSchedule {
    /// The rate of every step.
    public let baseRate: Double
    /// Steps of warmup.
    public let warmupSteps: Int

    /// A schedule, by default without warmup.
    public init(baseRate: Double, warmupSteps: Int = 0) {
        self.baseRate = baseRate
        self.warmupSteps = max(warmupSteps, 0)
    }

    public func learningRate(at step: Int) -> Double {
        warmupRate(at: step, of: warmupSteps, to: baseRate) ?? baseRate
    }
}
