import Data
import LoRA
import Model
import Tensor

/// A random model of few and small layers, with adapters on all its linear layers.
struct TinyModel {
    let model: LanguageModel
    let adapter: LoRAAdapter
    var factors: [Tensor] { adapter.parameters.map(\.tensor) }

    static let vocabulary = 64

    init(seed: UInt64 = 1) throws {
        model = try LanguageModel(
            ModelConfiguration(dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: Self.vocabulary),
            seed: seed)
        // Large enough that tokens look at each other unevenly, and not all answers are alike.
        for linear in model.linears { linear.weight.scale(by: 8) }
        model.embedding.weight.scale(by: 20)
        adapter = try LoRAAdapter(
            on: model, LoRAConfiguration(targets: .modules(Set(model.linears.map(\.name))), rank: 3, scale: 0.5), seed: seed)
        var generator = RandomGenerator(seed: seed + 1)
        for (name, tensor) in adapter.parameters where name.hasSuffix("B.weight") {
            tensor.withMutableValues { for index in $0.indices { $0[index] = 0.5 * generator.normal() } }
        }
    }

    /// Random ids.
    static func ids(_ count: Int, _ generator: inout RandomGenerator) -> [Int32] {
        (0..<count).map { _ in Int32(generator.next(below: UInt64(vocabulary))) }
    }

    /// A sample of ids that count from some place on.
    static func sample(_ ids: [Int32], from first: Int = 0) -> Sample {
        Sample(ids: ids, mask: ids.indices.map { $0 >= first })
    }

    static func batch(_ samples: [Sample], sharesPrefixes: Bool = true) -> Batch {
        Batch(samples.enumerated().map { ($0.offset, $0.element) }, sharesPrefixes: sharesPrefixes)
    }
}
