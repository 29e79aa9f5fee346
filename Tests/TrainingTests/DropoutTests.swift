import Data
import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

/// Each sample has masks of its own, whatever else is saved.
@Suite struct DropoutTests {
    private let tiny: TinyModel
    private let samples: [Sample]

    init() throws {
        tiny = try TinyModel()
        try tiny.adapter.setDropout(0.3)
        for factor in tiny.factors { factor.isTrainable = true }
        var generator = RandomGenerator(seed: 5)
        let prompt = TinyModel.ids(24, &generator)
        samples = (0..<8).map { TinyModel.sample(prompt + [Int32($0)], from: 24) }
    }

    private func gradients(_ loss: Loss) -> [[Float]] {
        loss.backward()
        defer { for factor in tiny.factors { factor.clearGradient() } }
        return tiny.factors.map { $0.gradient?.values ?? [] }
    }

    private func norm(_ batch: Batch, seed: UInt64) throws -> (loss: Double, norm: Double) {
        try ComputeContext.with({ $0.dropoutSeed = seed }) {
            let loss = try NextTokenLoss(tiny.model).loss(of: batch, scale: 1)
            let squares = gradients(loss).joined().reduce(0.0) { $0 + Double($1) * Double($1) }
            return (Double(loss.value), squares.squareRoot())
        }
    }

    private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(values.count - 1)).squareRoot())
    }

    @Test("Samples that begin alike differ as much as padded ones do")
    func sharedBeginnings() throws {
        let batches = [
            TinyModel.batch(samples), Batch(samples.enumerated().map { ($0.offset, $0.element) }, padding: (32, 0)),
        ]
        #expect(batches[0].sharesRows && !batches[1].sharesRows)
        let results = try batches.enumerated().map { number, batch in
            try (0..<600).map { try norm(batch, seed: UInt64(2 * $0 + number)) }
        }
        // One mask for all would give deviations half as large again, and a larger mean of the norms.
        for (shared, alone) in [(results[0].map(\.loss), results[1].map(\.loss)), (results[0].map(\.norm), results[1].map(\.norm))] {
            let (ours, padded) = (moments(shared), moments(alone))
            #expect(abs(ours.mean / padded.mean - 1) < 0.02, "\(ours) \(padded)")
            #expect(abs(ours.deviation / padded.deviation - 1) < 0.06, "\(ours) \(padded)")
        }
    }

    @Test("Losses and norms spread as in PEFT", arguments: [true, false])
    func spreadOfPEFT(_ sharesPrefixes: Bool) throws {
        let model = try LanguageModel(contentsOf: Paths.fixture("ModelTests", "huggingface/llama"))
        let state = try AdapterFile.read(Paths.fixture("TrainingTests", "dropout"), for: model.configuration)
        let adapter = try LoRAAdapter(on: model, state)
        let parameters = adapter.parameters.map(\.tensor)
        for parameter in parameters { parameter.isTrainable = true }
        let moments = try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: Paths.fixture("TrainingTests", "dropout/moments.json"))))
        let samples = try #require(moments["samples"]?.array).map { sample -> Sample in
            let ids = try #require(sample.array).map { Int32(try #require($0.integer)) }
            return Sample(ids: ids, mask: ids.indices.map { $0 == ids.count - 1 })
        }
        let batch = TinyModel.batch(samples, sharesPrefixes: sharesPrefixes)
        #expect(batch.sharesRows == sharesPrefixes)
        let results = try (0..<2000).map { seed -> (loss: Double, norm: Double) in
            try ComputeContext.with({ $0.dropoutSeed = UInt64(seed) }) {
                let loss = try NextTokenLoss(model).loss(of: batch, scale: 1)
                loss.backward()
                defer { for parameter in parameters { parameter.clearGradient() } }
                return (Double(loss.value), GradientClipping.norm(parameters))
            }
        }
        for (name, values) in [("loss", results.map(\.loss)), ("norm", results.map(\.norm))] {
            let mean = try #require(moments[name]?["mean"]?.number)
            let deviation = try #require(moments[name]?["deviation"]?.number)
            let ours = self.moments(values)
            #expect(abs(ours.mean / mean - 1) < 0.02, "\(name): \(ours), \(mean)")
            #expect(abs(ours.deviation / deviation - 1) < 0.06, "\(name): \(ours), \(deviation)")
        }
    }

    @Test("The same sample twice has two masks")
    func repeatedSample() throws {
        let batch = TinyModel.batch([samples[0], samples[0]])
        #expect(batch.tokens.count == 24 && batch.apart.tokens.count == 48)
        #expect(NextTokenLoss(tiny.model).size(of: batch).computedTokens == 48)
        let alone = try (0..<400).map { try norm(TinyModel.batch([samples[0]]), seed: $0).loss }
        let twice = try (0..<400).map { try norm(batch, seed: 1000 + $0).loss }
        // The mean of two that do not depend on each other.
        #expect(abs(moments(twice).deviation / moments(alone).deviation * 2.0.squareRoot() - 1) < 0.15)
    }

    @Test("Passes of one step have masks of their own, and the first one that of the seed")
    func passes() throws {
        let batch = TinyModel.batch([samples[0]])
        let losses = try ComputeContext.with({ $0.dropoutSeed = 7 }) {
            try (0..<3).map { _ in try NextTokenLoss(tiny.model).loss(of: batch, scale: 1).value }
        }
        #expect(Set(losses).count == 3)
        #expect(try norm(batch, seed: 7).loss == Double(losses[0]))
    }

    @Test("Layers that are computed again leave out the same")
    func checkpointedLayers() throws {
        func run() throws -> [[Float]] {
            try ComputeContext.with({ $0.dropoutSeed = 9 }) {
                let losses = try (0..<2).map { _ in try NextTokenLoss(tiny.model).loss(of: TinyModel.batch(samples), scale: 1) }
                return losses.flatMap(gradients)
            }
        }
        let kept = try run()
        tiny.model.checkpointsLayers = true
        #expect(try run() == kept)
    }

    @Test("A row that sequences share is refused")
    func sharedRow() throws {
        let batch = TinyModel.batch(samples)
        let predictions = batch.predictions.map(LanguageModel.Prediction.init)
        #expect(throws: ModelError.sharedRowsUnderDropout) {
            try ComputeContext.with({ $0.dropoutSeed = 7 }) { try tiny.model.loss(TokenRow(batch), predictions) }
        }
        _ = try tiny.model.loss(TokenRow(batch), predictions)
        try tiny.adapter.setDropout(0)
        try ComputeContext.with({ $0.dropoutSeed = 7 }) { _ = try tiny.model.loss(TokenRow(batch), predictions) }
    }
}
