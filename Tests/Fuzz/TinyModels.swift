import LoRA
import Model
import Tensor

/// Models and adapters of a few values, which files of the corpus hold and adapters are read for.
enum TinyModels {
    /// Every adapter of the corpus is for this one.
    static func configuration(_ generation: ModelGeneration = .v2Classic, isMixture: Bool = false) throws -> ModelConfiguration {
        var experts: ExpertConfiguration?
        if isMixture {
            experts = generation.defaultExperts
            experts?.count = 2
            experts?.perToken = 1
            if generation == .v3 { experts?.hiddenDim = 4 }
        }
        return try ModelConfiguration(
            generation: generation, dim: 8, layerCount: 1, headCount: generation == .v3 ? 2 : 8 / 2, keyValueHeadCount: 2,
            headDim: generation == .v3 ? 4 : nil,
            vocabularySize: 6, hiddenDim: 4, experts: experts)
    }

    static func adapter(on configuration: ModelConfiguration, rank: Int = 1, hasMagnitudes: Bool = false) -> AdapterState {
        let modules = configuration.linearPlaces.prefix(3).map { linear in
            AdapterState.Module(
                place: linear.place, a: values([rank, linear.shape[1]]), b: values([linear.shape[0], rank]),
                magnitude: hasMagnitudes ? values([linear.shape[0]]) : nil, scale: 2)
        }
        return AdapterState(modules: Array(modules), rotaryLayout: configuration.rotaryLayout, provenance: ["version": "1", "seed": 7])
    }

    static func values(_ shape: [Int], as type: ElementType = .float32) -> StoredTensor {
        StoredTensor(shape: shape, floats: (0..<shape.reduce(1, *)).map { Float($0 % 7) / 8 }, as: type)
    }
}
