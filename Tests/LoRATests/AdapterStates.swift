import LoRA
import Model
import Tensor
import TestSupport
import Testing

extension AdapterState {
    /// An adapter of random values on some layers of a model.
    static func random(
        on configuration: ModelConfiguration, ranks: [Int] = [3], scales: [Float] = [1], hasMagnitudes: Bool = false,
        isRankStabilized: Bool = false, where isIncluded: (ParameterPlace) -> Bool = { _ in true }
    ) -> AdapterState {
        var generator = RandomGenerator(seed: 5)
        func tensor(_ shape: [Int], _ deviation: Float, around mean: Float = 0) -> StoredTensor {
            StoredTensor(shape: shape, floats: (0..<shape.reduce(1, *)).map { _ in mean + deviation * generator.normal() })
        }
        let modules = configuration.linearPlaces.filter { isIncluded($0.place) }.enumerated().map { index, linear in
            let rank = ranks[index % ranks.count]
            return Module(
                place: linear.place, a: tensor([rank, linear.shape[1]], 0.3), b: tensor([linear.shape[0], rank], 0.3),
                magnitude: hasMagnitudes ? tensor([linear.shape[0]], 0.1, around: 1) : nil, scale: scales[index % scales.count])
        }
        return AdapterState(
            modules: modules, rotaryLayout: configuration.rotaryLayout, usesRankStabilizedScale: isRankStabilized, dropout: 0.25,
            provenance: ["version": "1", "seed": 7, "recipe": ["note": "ü \"x\"\n"]])
    }

    /// The base with this adapter in its weights.
    func merged(into base: StateDictionary, _ configuration: ModelConfiguration) throws -> LanguageModel {
        #expect(rotaryLayout == configuration.rotaryLayout)
        var weights = base
        for module in modules {
            let name = configuration.naming.parameterName(of: module.place)
            let stored = try #require(weights[name])
            var values = try stored.floats()
            let (a, b, magnitude) = (try module.a.floats(), try module.b.floats(), try module.magnitude?.floats())
            let (input, rank) = (stored.shape[1], module.rank)
            for row in 0..<stored.shape[0] {
                for column in 0..<input {
                    let update = (0..<rank).reduce(Float(0)) { $0 + b[row * rank + $1] * a[$1 * input + column] }
                    values[row * input + column] += module.scale * update
                }
                guard let magnitude else { continue }
                let range = row * input..<(row + 1) * input
                let length = range.reduce(Float(0)) { $0 + values[$1] * values[$1] }.squareRoot()
                for index in range { values[index] *= magnitude[row] / length }
            }
            weights[name] = StoredTensor(shape: stored.shape, floats: values)
        }
        return try LanguageModel(configuration, weights: weights)
    }

    /// Whether both have the same factors at the same places, bit for bit.
    func hasSameFactors(as other: AdapterState) -> Bool {
        modules.map(\.place) == other.modules.map(\.place) && rotaryLayout == other.rotaryLayout
            && zip(modules, other.modules).allSatisfy { one, two in
                one.a.hasSameElements(as: two.a) && one.b.hasSameElements(as: two.b) && one.scale == two.scale
                    && (one.magnitude == nil) == (two.magnitude == nil)
                    && (one.magnitude.map { magnitude in two.magnitude.map { magnitude.hasSameElements(as: $0) } ?? false } ?? true)
            }
    }
}

extension LanguageModel {
    func logits(of tokens: [Int32]) throws -> [Float] {
        logits(try hiddenStates(TokenRow(packed: tokens, segmentOffsets: [0, tokens.count]))).values
    }
}

let someTokens: [Int32] = [1, 17, 200, 33, 5, 319, 64, 128, 9, 250]
