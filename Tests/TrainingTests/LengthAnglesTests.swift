import Data
import Foundation
import Model
import Tensor
import TestSupport
import Testing
import Training

/// Training and evaluation of a model whose rotary angles depend on the length of a text: a batch computes what its samples
/// compute alone, whatever they have in common.
@Suite("Angles of a text's length in training")
struct LengthAnglesTests {
    private static let scalings: [RotaryScaling] = [
        .longRoPE(.init(shortDivisors: [1, 1, 2, 2], longDivisors: [1, 2, 4, 8], originalPositions: 20, attentionFactor: 1.1)),
        .dynamic(factor: 4, originalPositions: 20),
    ]

    private let samples: [Sample]

    init() {
        var generator = RandomGenerator(seed: 5)
        let prompt = TinyModel.ids(10, &generator)
        // Alike at first, of lengths on both sides of the limit; the fourth is at the limit, the fifth just above it.
        samples = [4, 25, 8, 10, 11, 40].map { TinyModel.sample(prompt + TinyModel.ids($0, &generator), from: 6) }
    }

    private func model(_ scaling: RotaryScaling) throws -> LanguageModel {
        var configuration = try ModelConfiguration(
            dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: TinyModel.vocabulary)
        configuration.ropeScaling = scaling
        let model = try LanguageModel(configuration, seed: 1)
        for linear in model.linears { linear.weight.scale(by: 8) }
        model.embedding.weight.scale(by: 20)
        return model
    }

    /// The mean over the counted tokens by the logits of each whole sample, its last token read too, as transformers reads it.
    private func expected(_ model: LanguageModel, _ samples: [Sample]) throws -> Double {
        var losses: [Double] = []
        for sample in samples {
            let row = TokenRow(packed: sample.ids, segmentOffsets: [0, sample.ids.count])
            let logits = try ComputeContext.withoutGradient { model.logits(try model.hiddenStates(row)).values.map(Double.init) }
            for place in sample.ids.indices.dropFirst() where sample.mask[place] {
                let scores = logits[(place - 1) * TinyModel.vocabulary..<place * TinyModel.vocabulary]
                let sum = scores.reduce(0) { $0 + exp($1) }
                losses.append(log(sum) - scores[scores.startIndex + Int(sample.ids[place])])
            }
        }
        return losses.reduce(0, +) / Double(losses.count)
    }

    @Test("The loss of a batch, and that of an evaluation", arguments: 0..<2)
    func loss(_ index: Int) throws {
        let model = try model(Self.scalings[index])
        let batch = TinyModel.batch(samples)
        let mean = try expected(model, samples)
        #expect(batch.sharesRows)
        let objective = NextTokenLoss(model)
        #expect(try abs(Double(objective.loss(of: batch, scale: 1).value) - mean) < 1e-5 * mean)
        #expect(objective.size(of: batch).computedTokens == batch.sampleTokens)
        let evaluation = try Evaluator(EvaluatorTests.Samples(samples: samples), batchSize: 6, precision: .float32).evaluate(model)
        #expect(try abs(#require(evaluation).result.loss - mean) < 1e-5 * mean)
    }

    @Test("Samples of the same angles share what they have in common", arguments: 0..<2)
    func shared(_ index: Int) throws {
        let model = try model(Self.scalings[index])
        let objective = NextTokenLoss(model)
        for part in [[0, 2, 3], [1, 4, 5]] {
            let samples = part.map { self.samples[$0] }
            let batch = TinyModel.batch(samples)
            let mean = try expected(model, samples)
            #expect(try abs(Double(objective.loss(of: batch, scale: 1).value) - mean) < 1e-5 * mean)
            let isShared = part == [0, 2, 3] || index == 0
            #expect(objective.size(of: batch).computedTokens == (isShared ? batch.tokens.count : batch.sampleTokens))
        }
    }
}
