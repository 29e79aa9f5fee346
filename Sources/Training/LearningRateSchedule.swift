import Foundation

/// The learning rate of each step.
public protocol LearningRateSchedule: Sendable {
    /// The rate that a step's gradients are applied with.
    ///
    /// - Parameter step: counted in micro-batches from 0
    func learningRate(at step: Int) -> Double
}

extension LearningRateSchedule {
    /// The rate of a step of warmup, on a straight line from 0 up to the rate that comes next; `nil` after the warmup.
    func warmupRate(at step: Int, of steps: Int, to rate: Double) -> Double? {
        step < steps ? rate * Double(step) / Double(steps) : nil
    }
}

/// The published schedule, `get_lr`: `rate / 10 + rate / 2 · (1 + cos(π step / total))`, from 1.1
/// times the base rate down to a tenth of it; before it, on request, a linear warmup from 0.
public struct CosineSchedule: LearningRateSchedule {
    /// The rate on which the schedule is built.
    public let baseRate: Double
    /// The micro-batches of all epochs.
    public let totalSteps: Int
    /// Steps of warmup; the cosine then runs over what is left. 0 is the published schedule.
    public let warmupSteps: Int

    /// A schedule, by default the published one.
    ///
    /// - Parameter warmupSteps: no more than `totalSteps` count
    public init(baseRate: Double, totalSteps: Int, warmupSteps: Int = 0) {
        self.baseRate = baseRate
        self.totalSteps = totalSteps
        self.warmupSteps = min(max(warmupSteps, 0), totalSteps)
    }

    public func learningRate(at step: Int) -> Double {
        warmupRate(at: step, of: warmupSteps, to: cosine(0))
            ?? cosine(Double(step - warmupSteps) / Double(max(totalSteps - warmupSteps, 1)))
    }

    private func cosine(_ share: Double) -> Double {
        baseRate / 10 + 0.5 * baseRate * (1 + cos(.pi * share))
    }
}
