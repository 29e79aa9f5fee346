import Data
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

@Suite("Adapters inside experts")
struct ExpertTrainingTests {
    /// Experts as wide inside as outside, so that each of their layers is square.
    private func model(_ generation: ModelGeneration) throws -> LanguageModel {
        var experts = generation.defaultExperts
        experts.hiddenDim = 32
        let model = try LanguageModel(
            ModelConfiguration(
                generation: generation, dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: TinyModel.vocabulary,
                hiddenDim: 64, experts: experts), seed: 5)
        for linear in model.linears { linear.weight.scale(by: 8) }
        model.embedding.weight.scale(by: 20)
        return model
    }

    @Test("The published recipe adapts square layers of experts too, and they learn", arguments: ModelGeneration.allCases)
    func square(_ generation: ModelGeneration) throws {
        let model = try model(generation)
        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(rank: 4), seed: 2)
        let experts = model.configuration.experts
        let perLayer = 2 + 3 * ((experts?.count ?? 0) + (experts?.sharedCount ?? 0))
        #expect(adapter.modules.count == 2 * perLayer)
        #expect(Set(adapter.modules.map(\.name)).count == 2 * perLayer)
        var generator = RandomGenerator(seed: 3)
        let batch = TinyModel.batch((0..<4).map { _ in TinyModel.sample(TinyModel.ids(12, &generator), from: 2) })
        let parameters = adapter.parameters.map(\.tensor)
        let before = parameters.map(\.values)
        var configuration = TrainerConfiguration()
        configuration.precision = .float32
        let trainer = Trainer(
            NextTokenLoss(model), parameters: adapter.parameters, optimizer: AdamW(parameters),
            schedule: CosineSchedule(baseRate: 0.02, totalSteps: 30),
            configuration: configuration)
        var losses: [Float] = []
        var rest = 30
        try trainer.runEpoch(
            stepsPerEpoch: 30,
            nextBatch: {
                rest -= 1
                return rest >= 0 ? batch : nil
            }
        ) { report in
            losses.append(report.loss ?? .nan)
            #expect(report.auxiliaryLoss > 0 && report.expertUses.count == 2)
        }
        #expect(losses.count == 30 && (losses.last ?? .infinity) < 0.5 * losses[0], "\(losses)")
        // Every expert that tokens went to has changed.
        for (module, update) in adapter.updates {
            guard case .routed(let index)? = (module as? Linear)?.expert, index == 0 else { continue }
            let place = parameters.firstIndex { $0 === update.factors.b } ?? 0
            #expect(parameters[place].values != before[place], "\(module.name)")
        }
        // What is saved and read again answers the same.
        let other = try self.model(generation)
        _ = try LoRAAdapter(on: other, from: adapter.stateDictionary)
        #expect(try ModelComparison(model, other).largestDifference == 0)
        _ = adapter.merge()
        #expect(try ModelComparison(model, other).relativeError < 1e-5)
    }
}
