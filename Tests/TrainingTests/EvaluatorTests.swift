import Data
import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

@Suite("Evaluation")
struct EvaluatorTests {
    /// Samples in memory.
    struct Samples: SampleSource {
        let samples: [Sample]
        var count: Int { samples.count }
        func sample(at index: Int) -> Sample { samples[index] }
    }

    /// Samples of very different numbers of counted tokens, some of which begin alike; one has none, and one holds the
    /// place of a bad record.
    private static let samples: Samples = {
        var generator = RandomGenerator(seed: 70)
        let prompt = TinyModel.ids(12, &generator)
        var samples = (0..<23).map { index in
            let ids = (index % 3 == 0 ? prompt : []) + TinyModel.ids(3 + Int(generator.next(below: 40)), &generator)
            return TinyModel.sample(ids, from: index == 5 ? 99 : Int(generator.next(below: UInt64(ids.count))))
        }
        samples.insert(.badRecord, at: 9)
        return Samples(samples: samples)
    }()

    private static let counted = samples.samples.reduce(0) { $0 + $1.countedTokens }

    /// The losses of a sample's counted tokens by plain loops over the logits of that sample alone.
    private static func losses(_ model: LanguageModel, _ sample: Sample) throws -> [Double] {
        guard sample.ids.count > 1 else { return [] }
        let hidden = try model.hiddenStates(TokenRow(packed: Array(sample.ids.dropLast()), segmentOffsets: [0, sample.ids.count - 1]))
        let logits = model.logits(hidden).values.map(Double.init)
        let width = model.configuration.vocabularySize
        return (1..<sample.ids.count).filter { sample.mask[$0] }.map { place in
            let row = logits[(place - 1) * width..<place * width]
            let highest = row.max() ?? 0
            return log(row.reduce(0) { $0 + exp($1 - highest) }) + highest - row[row.startIndex + Int(sample.ids[place])]
        }
    }

    private func result(
        _ model: LanguageModel, _ source: Samples = Self.samples, batchSize: Int = 4, precision: Precision = .float32
    ) throws -> EvaluationResult {
        try #require(try Evaluator(source, batchSize: batchSize, precision: precision).evaluate(model)).result
    }

    @Test("The mean over all counted tokens, however samples are dealt to batches and processes")
    func layouts() throws {
        let model = try TinyModel().model
        let losses = try Self.samples.samples.map { try Self.losses(model, $0) }
        let expected = losses.joined().reduce(0, +) / Double(losses.joined().count)
        // Not the mean of the samples' means.
        let means = losses.filter { !$0.isEmpty }.map { $0.reduce(0, +) / Double($0.count) }
        #expect(abs(means.reduce(0, +) / Double(means.count) - expected) > 1e-2)
        for (processes, batchSize) in [(1, 1), (1, 3), (1, 24), (1, 100), (2, 1), (2, 5), (3, 4), (5, 2), (30, 1)] {
            let ranks = try ThreadCommunicator.run(processes) { communicator in
                let model = try TinyModel().model
                return try Evaluator(
                    Self.samples, batchSize: batchSize, workers: 1, precision: .float32, communicator: communicator
                ).evaluate(model).map { ($0.result, $0.counts) }
            }
            for rank in ranks {
                let (result, counts) = try #require(rank)
                #expect(abs(result.loss - expected) < 1e-6, "\(processes) × \(batchSize)")
                #expect(result.loss.bitPattern == ranks[0]?.0.loss.bitPattern)
                #expect(result.perplexity == exp(result.loss))
                #expect(result.countedTokens == Self.counted && result.samples == 23)
                #expect(counts.samples == 24 && counts.badRecords == 1 && counts.uncountedSamples == 1)
            }
        }
    }

    @Test("PyTorch's logits give the same loss, without the balance of experts", arguments: Golden.cases)
    func golden(_ name: String) throws {
        let golden = try Golden(case: name)
        let model = try golden.model()
        _ = try LoRAAdapter(on: model, from: golden.startingAdapter())
        let rows = try #require(try golden.batches().first)
        let samples = (0..<rows.offsets.count - 1).map { row in
            let places = rows.offsets[row]..<rows.offsets[row + 1]
            return Sample(
                ids: rows.tokens[places] + rows.targets[places].suffix(1), mask: [false] + places.map { rows.counted.contains(Int32($0)) })
        }
        let logits = try golden.floats("logits").map(Double.init)
        let width = golden.configuration.vocabularySize
        let losses = rows.counted.map { place in
            let row = logits[Int(place) * width..<(Int(place) + 1) * width]
            let highest = row.max() ?? 0
            return log(row.reduce(0) { $0 + exp($1 - highest) }) + highest - row[row.startIndex + Int(rows.targets[Int(place)])]
        }
        let result = try result(model, Samples(samples: samples), batchSize: 2)
        #expect(result.countedTokens == losses.count && losses.count > 10)
        #expect(abs(result.loss - losses.reduce(0, +) / Double(losses.count)) < 1e-5)
        // What training has, but for its auxiliary loss.
        let loss = try model.loss(rows.row, rows.predictions)
        #expect(abs(result.loss + Double(loss.auxiliary) - Double(loss.value)) < 1e-5)
        #expect(loss.auxiliary > 0 || golden.configuration.experts == nil)
    }

    @Test("In the precision that is asked for, without dropout and without gradients")
    func context() throws {
        let tiny = try TinyModel()
        try tiny.adapter.setDropout(0.5)
        let plain = try result(tiny.model)
        for factor in tiny.factors { factor.isTrainable = true }
        let inTraining = try ComputeContext.with({
            $0.dropoutSeed = 5
            $0.precision = .bfloat16
        }) { try result(tiny.model) }
        #expect(inTraining.loss == plain.loss)
        #expect(tiny.factors.allSatisfy { $0.gradient == nil })
        let narrow = try result(tiny.model, precision: .bfloat16)
        #expect(narrow.loss != plain.loss && abs(narrow.loss - plain.loss) < 0.05)
        let batch = TinyModel.batch(Array(Self.samples.samples.prefix(4)))
        let direct = try ComputeContext.with({ $0.precision = .bfloat16 }) {
            try tiny.model.crossEntropy(TokenRow(batch), batch.predictions.map(LanguageModel.Prediction.init)).scalar
        }
        #expect(
            try result(tiny.model, Samples(samples: Array(Self.samples.samples.prefix(4))), precision: .bfloat16).loss == Double(direct))
    }

    @Test("A run with evaluations between its steps trains to the same bits, and asks only where a step is done")
    func exactness() throws {
        func train(evaluating: Bool) throws -> (parameters: [[Float]], steps: [Int], reported: [Int]) {
            let tiny = try TinyModel()
            try tiny.adapter.setDropout(0.1)
            var configuration = TrainerConfiguration()
            configuration.precision = .bfloat16
            configuration.accumulationSteps = 2
            let trainer = Trainer(
                NextTokenLoss(tiny.model), parameters: tiny.adapter.parameters, optimizer: AdamW(tiny.factors),
                schedule: CosineSchedule(baseRate: 5e-3, totalSteps: 12), configuration: configuration)
            let loader = DataLoader(Self.samples, batchSize: 5)
            var (steps, reported, reports): ([Int], [Int], Int) = ([], [], 0)
            for epoch in 0..<2 {
                let batches = loader.epoch(epoch)
                try trainer.runEpoch(
                    stepsPerEpoch: loader.batchesPerEpoch, nextBatch: { try batches.next() }, onStep: { _ in reports += 1 },
                    afterOptimizerStep: {
                        if evaluating { _ = try result(tiny.model) }
                        steps.append(trainer.progress.optimizerSteps)
                        reported.append(reports)
                        return true
                    })
            }
            return (tiny.factors.map(\.values), steps, reported)
        }
        let (with, without) = (try train(evaluating: true), try train(evaluating: false))
        #expect(with.parameters == without.parameters)
        #expect(with.steps == [1, 2, 3, 1, 2, 3] && with.reported == [2, 4, 5, 7, 9, 10])
    }

    @Test("A run ends where it is told to after a step, in the middle of an epoch")
    func ending() throws {
        let tiny = try TinyModel()
        let trainer = Trainer(
            NextTokenLoss(tiny.model), parameters: tiny.adapter.parameters, optimizer: AdamW(tiny.factors),
            schedule: CosineSchedule(baseRate: 5e-3, totalSteps: 12), configuration: TrainerConfiguration())
        let batches = DataLoader(Self.samples, batchSize: 4).epoch(0)
        let isWhole = try trainer.runEpoch(
            stepsPerEpoch: 6, nextBatch: { try batches.next() }, afterOptimizerStep: { trainer.progress.optimizerSteps < 3 })
        #expect(!isWhole && trainer.progress == TrainingProgress(epoch: 0, optimizerSteps: 3))
    }

    @Test("What is not finite before anything was trained is not laid to the rate")
    func firstStep() {
        for error in [TrainingError.lossNotFinite(epoch: 0, step: 0), .gradientNotFinite(epoch: 0, step: 0)] {
            #expect(!"\(error)".contains("--learning_rate") && "\(error)".contains("not finite"))
        }
        for error in [TrainingError.lossNotFinite(epoch: 0, step: 1), .gradientNotFinite(epoch: 1, step: 0)] {
            #expect("\(error)".contains("--learning_rate"))
        }
    }

    @Test("What says nothing is an error, in all processes alike; one that gives up is enough")
    func failures() throws {
        let silent = Samples(samples: (0..<4).map { TinyModel.sample([1, 2, 3], from: 9 + $0) })
        #expect(throws: EvaluationError.nothingCounts) { try result(TinyModel().model, silent) }
        let broken = try TinyModel()
        broken.factors[0].withMutableValues { $0[0] = .nan }
        #expect(throws: EvaluationError.notFinite) { try result(broken.model) }
        let ranks = try ThreadCommunicator.run(3) { communicator in
            var asked = 0
            return try Evaluator(Self.samples, batchSize: 1, precision: .float32, communicator: communicator).evaluate(
                TinyModel().model,
                isStopping: {
                    asked += 1
                    return communicator.rank == 1 && asked > 2
                }) == nil
        }
        #expect(ranks == [true, true, true])
    }

    @Test(
        "With the adapter switched off the base answers, and then the adapter again, to the bit",
        arguments: [(false, LoRAConfiguration.Start.standard), (false, .pissa), (true, .standard)])
    func switchedOff(_ dora: Bool, _ start: LoRAConfiguration.Start) throws {
        func base() throws -> LanguageModel {
            let model = try TinyModel(seed: 3).model
            for linear in model.linears { linear.detach(LinearUpdate.defaultName) }
            return model
        }
        let expected = try result(base()).loss
        let model = try base()
        var configuration = LoRAConfiguration(targets: .allLinear, rank: 3)
        configuration.usesDoRA = dora
        configuration.start = start
        let adapter = try LoRAAdapter(on: model, configuration, seed: 4)
        var generator = RandomGenerator(seed: 6)
        for (_, tensor) in adapter.parameters {
            tensor.withMutableValues { for index in $0.indices { $0[index] += 0.1 * generator.normal() } }
        }
        let adapted = try result(model).loss
        #expect(abs(adapted - expected) > 1e-3)
        #expect(try adapter.switchedOff { try result(model).loss } == expected)
        #expect(try result(model).loss == adapted)
    }

    @Test("The best evaluation, and those since; as text and back")
    func progress() throws {
        var progress = EvaluationProgress()
        #expect(EvaluationProgress(nil) == progress)
        for (step, loss, isBest, since) in [
            (0, 2.5, true, 0), (3, 2.5, false, 1), (6, 0.1 + 0.2, true, 0), (9, 1, false, 1), (12, 0.4, false, 2),
        ] {
            #expect(progress.append(step: step, loss: loss) == isBest)
            #expect(progress.evaluationsSinceBest == since && progress.lastStep == step)
            #expect(try EvaluationProgress(JSON(parsing: progress.json.serialized)) == progress)
        }
        #expect(progress.best == EvaluationProgress.Point(step: 6, loss: 0.1 + 0.2))
        progress.appendBase(loss: 1 / 3.0, data: "abc")
        #expect(progress.lastStep == 12 && progress.base?.loss == 1 / 3.0)
        #expect(try EvaluationProgress(JSON(parsing: progress.json.serialized)) == progress)
        // Without validation nothing is best.
        var retained = EvaluationProgress()
        retained.appendBase(loss: 1, data: "abc")
        #expect(
            retained.lastStep == 0 && !retained.append(step: 5, loss: nil) && retained.best == nil && retained.evaluationsSinceBest == 0)
    }
}
