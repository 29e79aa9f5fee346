import Data
import Foundation
import Model
import Tensor

/// What a run of the trainer does, apart from its data.
public struct TrainerConfiguration: Sendable {
    /// Micro-batches whose gradients are summed before the optimizer steps; each counts by its share.
    public var accumulationSteps = 1
    /// The limit of the gradients' norm; 0 sets none.
    public var gradientClip = 1.0
    public var precision = Precision.bfloat16
    /// Where dropout's masks begin; each micro-batch has its own.
    public var seed: UInt64 = 0

    public init() {}
}

/// Trains whichever parameters are marked trainable, by the published recipe: one micro-batch a
/// step, the mean loss over its counted tokens, gradients accumulated, clipped, and given to the
/// optimizer.
public struct Trainer<Optimize: Optimizer> {
    public let model: MiniMind
    public let parameters: [Tensor]
    public var optimizer: Optimize
    public let schedule: any LearningRateSchedule
    public let configuration: TrainerConfiguration
    private var scaler: GradientScaler

    /// - Parameter parameters: they are marked trainable, and are what the optimizer changes
    public init(
        _ model: MiniMind, parameters: [Tensor], optimizer: Optimize, schedule: any LearningRateSchedule,
        configuration: TrainerConfiguration
    ) {
        self.model = model
        self.parameters = parameters
        self.optimizer = optimizer
        self.schedule = schedule
        self.configuration = configuration
        scaler = GradientScaler(isEnabled: configuration.precision == .float16)
        for parameter in parameters { parameter.isTrainable = true }
    }

    /// Runs one epoch.
    ///
    /// - Parameters:
    ///   - epoch: counted from 0
    ///   - stepsPerEpoch: the number of batches that `nextBatch` will return
    ///   - nextBatch: the next micro-batch, `nil` at the epoch's end
    ///   - onStep: called after each step; returning false ends the epoch after it
    /// - Returns: whether the epoch came to its end
    /// - Throws: ``TrainingError`` where a loss or gradient is not finite, with the parameters as the
    ///   step before left them; `ModelError` for tokens outside of the vocabulary; what `nextBatch`
    ///   and `onStep` throw.
    @discardableResult
    public mutating func runEpoch(
        _ epoch: Int, stepsPerEpoch: Int, nextBatch: () throws -> Batch?,
        onStep: (StepReport) throws -> Bool = { _ in true }
    ) throws -> Bool {
        var index = 0
        while true {
            let start = ContinuousClock.now
            guard let batch = try nextBatch() else { return true }
            let rate = schedule.learningRate(at: epoch * stepsPerEpoch + index)
            let losses = try accumulateGradients(batch, epoch: epoch, step: index)
            index += 1
            let isLast = index == stepsPerEpoch
            var norm: Double?
            var overflowed = false
            // What is left over at the end of an epoch is stepped, not dropped.
            if index % configuration.accumulationSteps == 0 || isLast {
                norm = try optimize(rate, epoch: epoch, step: index - 1)
                overflowed = norm?.isFinite == false
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let goesOn = try onStep(
                StepReport(
                    step: epoch * stepsPerEpoch + index - 1, epoch: epoch, stepInEpoch: index - 1,
                    stepsPerEpoch: stepsPerEpoch, loss: losses?.total, auxiliaryLoss: losses?.auxiliary ?? 0,
                    expertUses: losses?.expertUses ?? [], learningRate: rate, gradientNorm: norm,
                    overflowed: overflowed, tokens: batch.sampleTokens,
                    computedTokens: batch.tokens.count, countedTokens: batch.countedTokens,
                    seconds: seconds))
            if !goesOn { return isLast }
        }
    }

    /// What is reported of a micro-batch's loss.
    private struct Losses {
        let total: Float
        let auxiliary: Float
        let expertUses: [[Int]]
    }

    /// Adds a micro-batch's share to the gradients.
    ///
    /// - Returns: its losses; `nil` where no token of it counts
    private func accumulateGradients(_ batch: Batch, epoch: Int, step: Int) throws -> Losses? {
        guard !batch.predictions.isEmpty else { return nil }
        let seed = scaler.scale / Float(configuration.accumulationSteps)
        let dropoutSeed = RandomGenerator.seed(configuration.seed, [UInt64(epoch), UInt64(step)])
        return try ComputeContext.with({
            $0.precision = configuration.precision
            $0.dropoutSeed = dropoutSeed
        }) {
            let loss = try model.loss(TokenRow(batch), batch.predictions.map(MiniMind.Prediction.init), lossScale: seed)
            let total = loss.value
            guard total.isFinite else { throw TrainingError.lossNotFinite(epoch: epoch, step: step) }
            loss.backward(seed: seed)
            return Losses(total: total, auxiliary: loss.auxiliary, expertUses: loss.expertUses)
        }
    }

    /// Unscales, clips and steps.
    ///
    /// - Returns: the norm before clipping; not finite where the step was skipped
    private mutating func optimize(_ rate: Double, epoch: Int, step: Int) throws -> Double? {
        guard parameters.contains(where: { $0.gradient != nil }) else { return nil }
        defer { for parameter in parameters { parameter.clearGradient() } }
        if scaler.scale != 1 {
            for parameter in parameters { parameter.gradient?.scale(by: 1 / scaler.scale) }
        }
        let norm = GradientClipping.norm(parameters)
        scaler.update(gradientsAreFinite: norm.isFinite)
        guard norm.isFinite else {
            guard scaler.toleratesOverflow else { throw TrainingError.gradientNotFinite(epoch: epoch, step: step) }
            return norm
        }
        GradientClipping.clip(parameters, norm: norm, limit: configuration.gradientClip)
        optimizer.step(learningRate: rate)
        return norm
    }
}

extension TokenRow {
    /// The row of a batch.
    public init(_ batch: Batch) {
        self.init(
            batch.tokens, branches: batch.segments.map { Branch(rows: $0.rows, parent: $0.parent) },
            sequences: batch.sampleRows)
    }
}

extension MiniMind.Prediction {
    /// A prediction of a batch, which counts once for each sample that asks for it.
    public init(_ prediction: Batch.Prediction) {
        self.init(row: prediction.row, target: prediction.target, weight: Float(prediction.count))
    }
}
