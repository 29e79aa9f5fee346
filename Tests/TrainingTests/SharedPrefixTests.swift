import Data
import Model
import Tensor
import TestSupport
import Testing
import Training

/// What samples have in common is computed once, and counts as if it had been computed for each.
@Suite("Sharing beginnings is exact")
struct SharedPrefixTests {
    private let tiny: TinyModel

    init() throws {
        tiny = try TinyModel()
        for factor in tiny.factors { factor.isTrainable = true }
    }

    /// The loss of a batch, and its gradients of all factors.
    private func run(_ batch: Batch) throws -> (loss: Float, gradients: [[Float]]) {
        let loss = try tiny.model.loss(TokenRow(batch), batch.predictions.map(LanguageModel.Prediction.init))
        loss.backward()
        let gradients = tiny.factors.map { $0.gradient?.values ?? [] }
        for factor in tiny.factors { factor.clearGradient() }
        return (loss.value, gradients)
    }

    /// Sums are taken in another order, so a share of 2⁻²⁴ times the root of the number of tokens is what to expect;
    /// anything of the mathematics left out is far more than the bound.
    private func expectEqual(_ samples: [Sample], shares: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let (shared, alone) = (TinyModel.batch(samples), TinyModel.batch(samples, sharesPrefixes: false))
        #expect(shared.tokens.count < alone.tokens.count || !shares, sourceLocation: sourceLocation)
        for matmul in Matmuls.all {
            try ComputeContext.with({ $0.matmul = matmul }) {
                let (ours, theirs) = (try run(shared), try run(alone))
                #expect(abs(ours.loss - theirs.loss) <= 1e-5 * theirs.loss, sourceLocation: sourceLocation)
                for (index, (gradient, expected)) in zip(ours.gradients, theirs.gradients).enumerated() {
                    #expect(!expected.isEmpty, sourceLocation: sourceLocation)
                    let error = relativeError(gradient, expected)
                    #expect(error < 1e-5, "\(matmul.name), \(tiny.adapter.parameters[index].name)", sourceLocation: sourceLocation)
                }
            }
        }
        // The mean over the counted tokens of all samples.
        let parts = try samples.map { TinyModel.batch([$0]) }.filter { $0.countedTokens > 0 }.map { ($0.countedTokens, try run($0).loss) }
        let mean = parts.reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / Double(parts.reduce(0) { $0 + $1.0 })
        #expect(abs(Double(try run(shared).loss) - mean) <= 1e-5 * mean, sourceLocation: sourceLocation)
    }

    @Test("A common prompt, and answers two of which begin alike")
    func prompt() throws {
        var generator = RandomGenerator(seed: 2)
        let prompt = TinyModel.ids(30, &generator)
        let answer = TinyModel.ids(20, &generator)
        let tails = [3, 50, 1, 17].map { TinyModel.ids($0, &generator) }
        try expectEqual([
            TinyModel.sample(prompt + tails[0], from: 30), TinyModel.sample(prompt + answer + tails[1], from: 30),
            TinyModel.sample(prompt + tails[2], from: 12), TinyModel.sample(prompt + answer + tails[3], from: 45),
        ])
    }

    @Test("The same sample several times")
    func identical() throws {
        var generator = RandomGenerator(seed: 3)
        let ids = TinyModel.ids(25, &generator)
        let other = ids.prefix(15) + TinyModel.ids(10, &generator)
        let samples = [TinyModel.sample(ids, from: 5), TinyModel.sample(Array(other), from: 5)]
        try expectEqual([samples[0], samples[0]])
        try expectEqual([samples[0], samples[1], samples[0], samples[0]])
        let shared = TinyModel.batch([samples[0], samples[1], samples[0], samples[0]])
        #expect(Set(shared.predictions.map(\.count)) == [1, 3, 4])
    }

    @Test("A sample that is the beginning of another, and what counts in the one alone")
    func beginnings() throws {
        var generator = RandomGenerator(seed: 4)
        let ids = TinyModel.ids(60, &generator)
        try expectEqual([
            TinyModel.sample(Array(ids.prefix(20)), from: 10), TinyModel.sample(ids, from: 40),
            TinyModel.sample(Array(ids.prefix(41)), from: 1), TinyModel.sample(Array(ids.prefix(21)), from: 20),
        ])
        // And samples too short to predict anything, or in which nothing counts.
        try expectEqual([
            TinyModel.sample(Array(ids.prefix(1))), TinyModel.sample(ids, from: 59), TinyModel.sample([]),
            TinyModel.sample(Array(ids.prefix(30)), from: 99),
        ])
    }

    @Test("Random trees of samples, segments of hundreds of tokens among them", arguments: 0..<12)
    func random(_ round: Int) throws {
        var generator = RandomGenerator(seed: UInt64(100 + round))
        var samples: [Sample] = [TinyModel.sample(TinyModel.ids(round % 3 == 0 ? 300 : 40, &generator), from: 20)]
        for _ in 0..<6 {
            let before = samples[Int(generator.next(below: UInt64(samples.count)))].ids
            let kept = Int(generator.next(below: UInt64(before.count + 1)))
            let ids = before.prefix(kept) + TinyModel.ids(Int(generator.next(below: 40)), &generator)
            samples.append(Sample(ids: Array(ids), mask: ids.map { _ in generator.next(below: 3) > 0 }))
        }
        try expectEqual(samples)
    }

    @Test("Layers that are computed again in the backward pass give the same bits", arguments: Precision.allCases)
    func checkpoints(_ precision: Precision) throws {
        var generator = RandomGenerator(seed: 7)
        let prompt = TinyModel.ids(30, &generator)
        let batch = TinyModel.batch([10, 70, 3].map { TinyModel.sample(prompt + TinyModel.ids($0, &generator), from: 20) })
        for matmul in Matmuls.all {
            try ComputeContext.with({
                $0.matmul = matmul
                $0.precision = precision
            }) {
                let kept = try run(batch)
                tiny.model.checkpointsLayers = true
                defer { tiny.model.checkpointsLayers = false }
                let again = try run(batch)
                #expect(again.loss == kept.loss && again.gradients == kept.gradients, "\(matmul.name)")
            }
        }
        #expect(tiny.model.parameters.allSatisfy { $0.tensor.gradient == nil })
    }

    @Test("Samples that share nothing")
    func strangers() throws {
        var generator = RandomGenerator(seed: 5)
        try expectEqual((0..<4).map { _ in TinyModel.sample(TinyModel.ids(30, &generator), from: 3) }, shares: false)
    }
}
