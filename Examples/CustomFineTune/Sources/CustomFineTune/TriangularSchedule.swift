import LoRATrain

/// A learning rate that rises over the first tenth of the steps and then falls to nothing in a straight line.
struct TriangularSchedule: LearningRateSchedule {
    let peak: Double
    let totalSteps: Int

    func learningRate(at step: Int) -> Double {
        let warmup = max(totalSteps / 10, 1)
        if step < warmup { return peak * Double(step + 1) / Double(warmup) }
        return peak * Double(totalSteps - step) / Double(totalSteps - warmup)
    }
}
