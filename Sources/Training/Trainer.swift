import Model
import Tensor

/// What a run of the trainer does, apart from its data.
public struct TrainerConfiguration: Sendable {
    /// Micro-batches of each process whose gradients are summed before the optimizer steps.
    public var accumulationSteps = 1
    /// How losses of micro-batches and processes become one.
    public var lossReduction = LossReduction.batch
    /// The limit of the gradients' norm; 0 sets none.
    public var gradientClip = 1.0
    /// The type of matrix products, and of what passes between them.
    public var precision = Precision.bfloat16
    /// Where dropout's masks begin; each micro-batch of each process has its own.
    public var seed: UInt64 = 0

    /// The published recipe, in bfloat16.
    public init() {}
}

/// Lowers an objective by the published recipe: one micro-batch a step, its mean loss, gradients accumulated, summed
/// over processes, clipped, and given to the optimizer.
///
/// The micro-batches of all processes between two optimizer steps are one effective batch.
public final class Trainer<Target: Objective> {
    /// What is lowered.
    public let objective: Target
    /// What the optimizer changes, by the names that checkpoints know.
    public let parameters: [(name: String, tensor: Tensor)]
    /// What changes the parameters by their gradients.
    public private(set) var optimizer: any Optimizer
    /// The learning rate of each step.
    public let schedule: any LearningRateSchedule
    /// What else the run does.
    public let configuration: TrainerConfiguration
    /// The processes that train together.
    public let communicator: any Communicator
    /// What comes next.
    public private(set) var progress = TrainingProgress()
    /// What keeps float16 gradients in range.
    public private(set) var scaler: GradientScaler
    private let exchange: EffectiveBatchSum?

    /// With ``LossReduction/token`` the gradients of a micro-batch are those of the sum of its tokens' losses times
    /// this. The mean's divisor is known only at the end; a power of two meanwhile keeps float16 in range and rounds nothing.
    private static var tokenShare: Float { 0x1p-10 }

    /// - Parameters:
    ///   - parameters: they are marked trainable
    ///   - schedule: of micro-batches; with ``LossReduction/token`` of optimizer steps
    ///   - communicator: the processes that train the same parameters, each on other samples
    public init(
        _ objective: Target, parameters: [(name: String, tensor: Tensor)], optimizer: any Optimizer,
        schedule: any LearningRateSchedule, configuration: TrainerConfiguration,
        communicator: any Communicator = SingleProcess()
    ) {
        self.objective = objective
        self.parameters = parameters
        self.optimizer = optimizer
        self.schedule = schedule
        self.configuration = configuration
        self.communicator = communicator
        scaler = GradientScaler(isEnabled: configuration.precision == .float16)
        exchange =
            communicator.count == 1
            ? nil
            : EffectiveBatchSum(
                communicator, parameters.map(\.tensor), microBatches: configuration.accumulationSteps,
                layers: objective.expertShape.layers, experts: objective.expertShape.experts)
        for parameter in parameters { parameter.tensor.isTrainable = true }
    }

    /// Runs what is left of the epoch that ``progress`` stands in.
    ///
    /// - Parameters:
    ///   - stepsPerEpoch: the number of micro-batches of a whole epoch, in each process
    ///   - isStopping: asked after each micro-batch (of several processes: after each effective batch, and one of them
    ///     is enough) whether to stop. What was accumulated and not stepped by then is dropped.
    ///   - nextBatch: the next micro-batch of this process, from the first that is left; `nil` at the epoch's end
    ///   - onStep: called for each micro-batch; of several processes, with what all of them did, once the optimizer
    ///     has stepped
    ///   - afterOptimizerStep: called in every process behind the reports of an effective batch that is done, unless it
    ///     was the last one of a run that is stopping; returns whether to go on, in every process alike
    /// - Returns: whether the epoch came to its end
    /// - Throws: ``TrainingError`` where a loss or gradient is not finite, in every process alike and with the
    ///   parameters as the step before left them; ``CommunicationError``; what the objective,
    ///   `nextBatch`, `onStep` and `afterOptimizerStep` throw.
    @discardableResult
    public func runEpoch(
        stepsPerEpoch: Int, isStopping: () -> Bool = { false }, nextBatch: () throws -> Target.Input?,
        onStep: (StepReport) throws -> Void = { _ in }, afterOptimizerStep: () throws -> Bool = { true }
    ) throws -> Bool {
        let accumulation = configuration.accumulationSteps
        while case let first = progress.optimizerSteps * accumulation, first < stepsPerEpoch {
            // What is left over at the end of an epoch is stepped, not dropped.
            let outcome = try runEffectiveBatch(
                first..<min(first + accumulation, stepsPerEpoch), of: stepsPerEpoch, nextBatch: nextBatch, isStopping: isStopping,
                onStep: onStep)
            if outcome == .stopped { return false }
            if outcome == .exhausted { break }
            if try !afterOptimizerStep() { return false }
        }
        progress = TrainingProgress(epoch: progress.epoch + 1)
        return true
    }

    /// Takes the state of a run that did the same up to there.
    ///
    /// - Throws: ``CheckpointError`` where the checkpoint is of other parameters; then nothing has changed
    public func restore(_ checkpoint: Checkpoint) throws(CheckpointError) {
        let values = try checkpoint.values(of: stateTensors)
        for (tensor, values) in zip(stateTensors.map(\.tensor), values) { tensor.replaceValues(values) }
        optimizer.stepCount = checkpoint.optimizerSteps
        scaler.restore(scale: checkpoint.lossScale, goodSteps: checkpoint.goodSteps)
        progress = checkpoint.progress
    }

    /// Writes what ``restore(_:)`` needs, whole or not at all.
    ///
    /// - Parameter notes: what the caller wants to know again
    /// - Throws: `TensorFileError` with the system's reason, such as a full disk
    public func writeCheckpoint(to path: String, notes: JSONObject = [:]) throws(TensorFileError) {
        try Checkpoint.write(
            stateTensors, progress: progress, optimizerSteps: optimizer.stepCount, lossScale: scaler.scale,
            goodSteps: scaler.goodSteps, notes: notes, to: path)
    }

    /// Everything that changes from step to step, by name.
    private var stateTensors: [(name: String, tensor: Tensor)] {
        parameters.flatMap { parameter in
            [(CheckpointName.parameterPrefix + parameter.name, parameter.tensor)]
                + optimizer.memories(of: parameter.tensor).map { ("\($0.name).\(parameter.name)", $0.values) }
        }
    }

    // MARK: - An effective batch

    private enum Outcome { case stepped, stopped, exhausted }

    private func runEffectiveBatch(
        _ steps: Range<Int>, of stepsPerEpoch: Int, nextBatch: () throws -> Target.Input?, isStopping: () -> Bool,
        onStep: (StepReport) throws -> Void
    ) throws -> Outcome {
        defer { for parameter in parameters { parameter.tensor.clearGradient() } }
        var measures: [StepMeasures] = []
        var seconds: [Double] = []
        var start = ContinuousClock.now
        func report(_ index: Int, norm: Double? = nil) throws {
            try onStep(
                self.report(measures[index], steps.lowerBound + index, of: stepsPerEpoch, norm: norm, seconds: seconds[index]))
        }
        for step in steps {
            guard let batch = try nextBatch() else { break }
            measures.append(try accumulateGradients(batch, step: step, isLast: step + 1 == steps.upperBound))
            guard step + 1 < steps.upperBound else { break }
            seconds.append((ContinuousClock.now - start) / .seconds(1))
            start = .now
            if exchange == nil {
                try report(measures.count - 1)
                if isStopping() { return .stopped }
            }
        }
        if measures.isEmpty { return .exhausted }
        var stops = isStopping()
        if let exchange {
            stops = try exchange.finish(&measures, stops: stops)
            if let lost = measures.firstIndex(where: { $0.meanLoss?.isFinite == false }) {
                throw TrainingError.lossNotFinite(epoch: progress.epoch, step: steps.lowerBound + lost)
            }
        }
        let last = steps.lowerBound + measures.count - 1
        let norm = try optimize(rate(at: last, of: stepsPerEpoch), measures, step: last)
        progress.optimizerSteps += 1
        seconds.append((ContinuousClock.now - start) / .seconds(1))
        for index in measures.indices where exchange != nil || index == measures.count - 1 {
            try report(index, norm: index == measures.count - 1 ? norm : nil)
        }
        return stops ? .stopped : .stepped
    }

    private func report(
        _ measure: StepMeasures, _ step: Int, of stepsPerEpoch: Int, norm: Double?, seconds: Double
    ) -> StepReport {
        StepReport(
            step: progress.epoch * stepsPerEpoch + step, epoch: progress.epoch, stepInEpoch: step,
            stepsPerEpoch: stepsPerEpoch, loss: measure.meanLoss, auxiliaryLoss: measure.meanAuxiliary,
            expertUses: measure.expertUses, learningRate: rate(at: step, of: stepsPerEpoch), gradientNorm: norm,
            overflowed: norm?.isFinite == false, samples: measure.samples, tokens: measure.tokens, computedTokens: measure.computedTokens,
            countedTokens: measure.countedTokens, seconds: seconds)
    }

    /// The learning rate in force at a micro-batch of the epoch.
    private func rate(at step: Int, of stepsPerEpoch: Int) -> Double {
        switch configuration.lossReduction {
        case .batch: return schedule.learningRate(at: progress.epoch * stepsPerEpoch + step)
        case .token:
            let accumulation = configuration.accumulationSteps
            let perEpoch = (stepsPerEpoch + accumulation - 1) / accumulation
            return schedule.learningRate(at: progress.epoch * perEpoch + step / accumulation)
        }
    }

    /// Adds a micro-batch's share to the gradients.
    ///
    /// - Parameter isLast: whether the gradients are complete with it
    private func accumulateGradients(_ batch: Target.Input, step: Int, isLast: Bool) throws -> StepMeasures {
        var measures = StepMeasures()
        let size = objective.size(of: batch)
        measures.samples = size.samples
        measures.tokens = size.tokens
        measures.computedTokens = size.computedTokens
        measures.countedTokens = size.counted
        guard size.counted > 0 else { return measures }
        let seed: Float
        switch configuration.lossReduction {
        case .batch:
            measures.weight = 1
            seed = scaler.scale / Float(configuration.accumulationSteps)
        case .token:
            measures.weight = Float(size.counted)
            seed = scaler.scale * Self.tokenShare * measures.weight
        }
        let dropoutSeed = RandomGenerator.seed(
            configuration.seed, [progress.epoch, step, communicator.rank].map(UInt64.init))
        let loss = try ComputeContext.with({
            $0.precision = configuration.precision
            $0.dropoutSeed = dropoutSeed
        }) {
            let loss = try objective.loss(of: batch, scale: seed)
            if loss.value.isFinite {
                let watcher = isLast ? exchange : nil
                watcher?.begin()
                loss.backward(seed: seed, onReady: watcher.map { exchange in { exchange.complete($0) } })
            } else if exchange == nil {
                throw TrainingError.lossNotFinite(epoch: progress.epoch, step: step)
            }
            return loss
        }
        measures.loss = loss.value * measures.weight
        measures.auxiliary = loss.auxiliary * measures.weight
        measures.expertUses = loss.expertUses
        return measures
    }

    /// Unscales, clips and steps.
    ///
    /// - Returns: the norm before clipping, not finite where the step was skipped; `nil` where nothing counted
    private func optimize(_ rate: Double, _ measures: [StepMeasures], step: Int) throws -> Double? {
        let tensors = parameters.map(\.tensor)
        let counted = measures.reduce(0) { $0 + $1.countedTokens }
        guard counted > 0, tensors.contains(where: { $0.gradient != nil }) else { return nil }
        let divisor =
            switch configuration.lossReduction {
            case .batch: scaler.scale * Float(communicator.count)
            case .token: scaler.scale * Self.tokenShare * Float(counted)
            }
        if divisor != 1 {
            for tensor in tensors { tensor.gradient?.scale(by: 1 / divisor) }
        }
        let norm = GradientClipping.norm(tensors)
        scaler.update(gradientsAreFinite: norm.isFinite)
        guard norm.isFinite else {
            guard scaler.toleratesOverflow else { throw TrainingError.gradientNotFinite(epoch: progress.epoch, step: step) }
            return norm
        }
        GradientClipping.clip(tensors, norm: norm, limit: configuration.gradientClip)
        optimizer.step(learningRate: rate)
        return norm
    }
}
