// Docs/Guide.md: parts of a training that are the reader's own.
import LoRATrain

struct Greetings: SampleSource {
    let tokenizer: Tokenizer
    let names: [String]

    var count: Int { names.count }

    func sample(at index: Int) throws -> Sample {
        let prompt = try tokenizer.encode("Greet \(names[index]).\n")
        let answer = try tokenizer.encode("Hello, \(names[index])!" + (tokenizer.eosToken ?? ""))
        return Sample(prompt: prompt, answer: answer)
    }
}

/// Every answer weighs the same, however long it is.
struct EvenAnswers: Objective {
    let model: LanguageModel

    func size(of batch: [Sample]) -> BatchSize {
        let tokens = batch.reduce(0) { $0 + $1.ids.count }
        return BatchSize(
            samples: batch.count, tokens: tokens, computedTokens: tokens, counted: batch.reduce(0) { $0 + $1.countedTokens })
    }

    func loss(of batch: [Sample], scale: Float) throws -> Loss {
        var (ids, ends, predictions) = ([Int32](), [0], [LanguageModel.Prediction]())
        for sample in batch {
            for place in sample.mask.indices where sample.mask[place] {
                // The row before a token predicts it.
                let row = Int32(ids.count + place - 1)
                predictions.append(.init(row: row, target: sample.ids[place], weight: 1 / Float(sample.countedTokens)))
            }
            ids += sample.ids
            ends.append(ids.count)
        }
        return try model.loss(TokenRow(packed: ids, segmentOffsets: ends), predictions, lossScale: scale)
    }
}

func ownObjective(
    model: LanguageModel, dataset: SFTDataset, adapter: LoRAAdapter, optimizer: AdamW, schedule: CosineSchedule, epochs: Int
) throws {
    let samples = try (0..<dataset.count).map { try dataset[$0] }
    let batches = stride(from: 0, to: samples.count, by: 16).map { Array(samples[$0..<min($0 + 16, samples.count)]) }
    let trainer = Trainer(
        EvenAnswers(model: model), parameters: adapter.parameters, optimizer: optimizer, schedule: schedule,
        configuration: TrainerConfiguration())
    try trainer.fit(BatchList(batches, order: .shuffled(seed: 1337)), epochs: epochs)
}

/// `x²`, value by value.
func square(_ x: Tensor) -> Tensor {
    let values = x.values
    return customOperation([x]) {
        Tensor(values.map { $0 * $0 }, shape: x.shape)
    } gradients: { dy in
        [Tensor(zip(values, dy.values).map { 2 * $0 * $1 }, shape: dy.shape)]
    }
}

/// Rises to the rate in some steps, and falls to nothing in a straight line.
struct TriangularSchedule: LearningRateSchedule {
    let rate: Double
    let warmupSteps: Int
    let totalSteps: Int

    func learningRate(at step: Int) -> Double {
        if step < warmupSteps { return rate * Double(step + 1) / Double(warmupSteps) }
        return rate * Double(totalSteps - step) / Double(max(totalSteps - warmupSteps, 1))
    }
}

/// Gradient descent with momentum: `v = μ v + g`, `p = p - rate v`.
struct Momentum: Optimizer {
    var stepCount = 0
    private let factor: Float
    private let parameters: [Tensor]
    private let velocities: [Tensor]

    init(_ parameters: [Tensor], factor: Float = 0.9) {
        self.factor = factor
        self.parameters = parameters
        velocities = parameters.map { Tensor(repeating: 0, shape: $0.shape) }
    }

    mutating func step(learningRate: Double) {
        stepCount += 1
        for (parameter, velocity) in zip(parameters, velocities) {
            guard let gradient = parameter.gradient?.values else { continue }
            velocity.withMutableValues { v in
                parameter.withMutableValues { p in
                    for i in gradient.indices {
                        v[i] = factor * v[i] + gradient[i]
                        p[i] -= Float(learningRate) * v[i]
                    }
                }
            }
        }
    }

    func memories(of parameter: Tensor) -> [(name: String, values: Tensor)] {
        zip(parameters, velocities).filter { $0.0 === parameter }.map { ("velocity", $0.1) }
    }
}

/// Keeps the losses, to draw them.
final class LossCurve: MetricSink {
    private(set) var points: [(step: Int, loss: Float)] = []

    func append(_ record: RunRecord) {
        if case .step(let report) = record, let loss = report.loss { points.append((report.step, loss)) }
    }
}

func sinks(trainer: Trainer<NextTokenLoss>, loader: DataLoader<SFTDataset>, epochs: Int) throws {
    let run = RunDescription(
        name: "identity_192", version: "my script 1", started: "2026-11-26T12:00:00Z", epochs: epochs,
        stepsPerEpoch: loader.batchesPerEpoch, basePath: "Examples/tiny/rlhf_192.pth", savedPath: "out/identity_192.pth")
    let sinks: [any MetricSink] = [try MetricsFile(path: "out/identity_192.metrics.jsonl", run), LossCurve()]
    try trainer.fit(loader, epochs: epochs) { report in
        for sink in sinks { sink.append(.step(report)) }
    }
    for sink in sinks { sink.finish() }
}
