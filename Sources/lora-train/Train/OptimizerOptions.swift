import Training

/// How gradients become steps: AdamW's numbers, and how the learning rate goes.
struct OptimizerOptions {
    enum Schedule: String, CaseIterable { case cosine, linear, constant }

    var weightDecay = 0.01
    var beta1 = 0.9
    var beta2 = 0.999
    var epsilon = 1e-8
    var schedule = Schedule.cosine

    func optimizer(_ groups: [ParameterGroup]) -> AdamW {
        var optimizer = AdamW(groups: groups)
        optimizer.weightDecay = weightDecay
        optimizer.beta1 = beta1
        optimizer.beta2 = beta2
        optimizer.epsilon = epsilon
        return optimizer
    }

    /// - Parameter totalSteps: of the whole run
    func schedule(baseRate: Double, totalSteps: Int, warmupSteps: Int) -> any LearningRateSchedule {
        switch schedule {
        case .cosine: CosineSchedule(baseRate: baseRate, totalSteps: totalSteps, warmupSteps: warmupSteps)
        case .linear: LinearSchedule(baseRate: baseRate, totalSteps: totalSteps, warmupSteps: warmupSteps)
        case .constant: ConstantSchedule(baseRate: baseRate, warmupSteps: warmupSteps)
        }
    }
}

extension FlagSet {
    /// Flags of the optimizer, by PyTorch's defaults, and of the schedule.
    mutating func optimizer(_ path: WritableKeyPath<Options, OptimizerOptions>) {
        let beta = (0.0...(1.0).nextDown, "a number from 0 to below 1")
        choice(
            "lr_schedule", path.appending(path: \.schedule),
            "How the learning rate goes: cosine (published: from 1.1 times the base down to a tenth of it), linear (down to 0) or constant"
        )
        number(
            "weight_decay", path.appending(path: \.weightDecay), in: 0...1e6, "a number from 0 to 1e6",
            "AdamW: share of itself, times the learning rate, that a step takes off each parameter")
        number("adam_beta1", path.appending(path: \.beta1), in: beta.0, beta.1, "AdamW: how much of the gradients' mean a step keeps")
        number(
            "adam_beta2", path.appending(path: \.beta2), in: beta.0, beta.1,
            "AdamW: how much of the mean of the gradients' squares a step keeps")
        number(
            "adam_epsilon", path.appending(path: \.epsilon), in: 1e-37...1e30, "a number from 1e-37 to 1e30",
            "AdamW: added to the root of the squares' mean, by which a step is divided")
    }
}
