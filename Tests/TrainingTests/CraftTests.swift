import Data
import LoRA
import Model
import TestSupport
import Testing
import Training

@testable import Tensor

@Suite("Dropout, DoRA and LoRA+ in training", .serialized)
struct CraftTests {
    private static let batches: [Batch] = {
        var generator = RandomGenerator(seed: 6)
        return [[40, 30, 90], [5], [70, 71, 20, 2]].map { lengths in
            TinyModel.batch(lengths.map { TinyModel.sample(TinyModel.ids($0, &generator), from: 2) })
        }
    }()

    private struct Run {
        let losses: [Float?]
        let parameters: [[UInt32]]
    }

    /// Three steps of a new adapter on all layers.
    private func train(
        seed: UInt64 = 1, dropout: Float = 0.3, dora: Bool = false, precision: Precision = .float32, checkpoints: Bool = false,
        rateRatio: Double = 1
    ) throws -> Run {
        let tiny = try TinyModel()
        tiny.adapter.detach()
        tiny.model.checkpointsLayers = checkpoints
        var layout = LoRAConfiguration(targets: .allLinear, rank: 3, scale: 2)
        layout.dropout = dropout
        layout.usesDoRA = dora
        let adapter = try LoRAAdapter(on: tiny.model, layout)
        let parameters = adapter.parameters.map(\.tensor)
        var configuration = TrainerConfiguration()
        configuration.precision = precision
        configuration.seed = seed
        let groups = adapter.parameterGroups(rateRatio: rateRatio).map { ParameterGroup($0.parameters, rateFactor: $0.rateFactor) }
        let trainer = Trainer(
            NextTokenLoss(tiny.model), parameters: adapter.parameters, optimizer: AdamW(groups: groups),
            schedule: CosineSchedule(baseRate: 1e-2, totalSteps: Self.batches.count), configuration: configuration)
        var rest = Self.batches[...]
        var losses: [Float?] = []
        try trainer.runEpoch(stepsPerEpoch: rest.count, nextBatch: { rest.popFirst() }) {
            losses.append($0.loss)
        }
        return Run(losses: losses, parameters: parameters.map { $0.values.map(\.bitPattern) })
    }

    @Test("A run with dropout is its seed's", arguments: [false, true])
    func seeds(_ dora: Bool) throws {
        let run = try train(dora: dora)
        #expect(try train(dora: dora).parameters == run.parameters)
        #expect(try train(seed: 2, dora: dora).parameters != run.parameters)
        #expect(try train(dropout: 0, dora: dora).parameters != run.parameters)
        #expect(try train(seed: 2, dropout: 0, dora: dora).parameters == train(dropout: 0, dora: dora).parameters)
    }

    @Test("Neither threads nor layers that are computed again change it", arguments: [false, true], [Precision.float32, .bfloat16])
    func threads(_ dora: Bool, _ precision: Precision) throws {
        let before = Parallel.threads
        defer { Parallel.threads = before }
        for matmul in Matmuls.all {
            try ComputeContext.with({ $0.matmul = matmul }) {
                Parallel.threads = 1
                let one = try train(dora: dora, precision: precision)
                for threads in [2, 3] {
                    Parallel.threads = threads
                    #expect(try train(dora: dora, precision: precision).parameters == one.parameters, "\(matmul.name)")
                }
                let again = try train(dora: dora, precision: precision, checkpoints: true)
                #expect(again.parameters == one.parameters && again.losses == one.losses, "\(matmul.name)")
            }
        }
    }

    @Test("Outside of training nothing is left out")
    func evaluation() throws {
        let tiny = try TinyModel()
        let batch = Self.batches[0]
        func loss() throws -> Float { try tiny.model.loss(TokenRow(batch), batch.predictions.map(LanguageModel.Prediction.init)).value }
        let before = try loss()
        try tiny.adapter.setDropout(0.5)
        #expect(try loss() == before)
        let inTraining = try ComputeContext.with({ $0.dropoutSeed = 1 }) { try loss() }
        #expect(inTraining != before)
        #expect(try ComputeContext.with({ $0.dropoutSeed = 2 }) { try loss() } != inTraining)
    }

    @Test("A ratio of 1 changes no bit, another one does")
    func ratio() throws {
        let plain = try train(dropout: 0)
        #expect(try train(dropout: 0, rateRatio: 1).parameters == plain.parameters)
        #expect(try train(dropout: 0, rateRatio: 4).parameters != plain.parameters)
    }

    @Test("LoRA+ steps as PEFT's optimizer does")
    func peft() throws {
        let fixture = try TensorFile.read(Paths.fixture("LoRATests", "peft.safetensors"))
        func tensor(_ name: String) throws -> Tensor { try Tensor(#require(fixture[name])) }
        let (a, b, x, weight, direction) = (
            try tensor("a"), try tensor("b"), try tensor("x"), try tensor("weight"), try tensor("direction")
        )
        (a.isTrainable, b.isTrainable) = (true, true)
        var optimizer = AdamW(groups: [ParameterGroup([a]), ParameterGroup([b], rateFactor: 4)])
        for _ in 0..<3 {
            let y = linear(x, weight, LowRankFactors(a: a, b: b, scale: 1.5))
            let picked = Tensor([0], shape: [])
            picked.record(inputs: [y]) { _ in y.node.accumulate(direction, owned: false) }
            picked.backward()
            optimizer.step(learningRate: 1e-2)
            a.clearGradient()
            b.clearGradient()
        }
        #expect(largestDifference(a.values, try tensor("loraplus.a").values) < 1e-5)
        #expect(largestDifference(b.values, try tensor("loraplus.b").values) < 1e-5)
    }
}
