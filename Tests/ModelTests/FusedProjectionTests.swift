import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

@Suite("Fused projections, and heads that turn in part")
struct FusedProjectionTests {
    private static let tokens: [Int32] = [3, 17, 30, 5, 5, 21, 22, 9, 33, 1, 30, 12]

    /// A Llama, and the same with projections in one.
    private func configurations() throws -> (apart: ModelConfiguration, fused: ModelConfiguration) {
        var apart = try ModelConfiguration(
            family: .llama, dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 40, hiddenDim: 48,
            contextLength: 64)
        apart.biases = [.query, .key, .value]
        var fused = apart
        (fused.fusesQueryKeyValue, fused.fusesGateUp, fused.biases) = (true, true, [.queryKeyValue])
        return (apart, fused)
    }

    private func model(_ configuration: ModelConfiguration) throws -> LanguageModel {
        let model = try LanguageModel(configuration, seed: 3)
        var generator = RandomGenerator(seed: 4)
        for (_, tensor) in model.placedParameters {
            tensor.withMutableValues { for place in $0.indices { $0[place] += 0.2 * generator.normal() } }
        }
        return model
    }

    @Test("Products in one are those apart, to the bit, and the gradients, for all tokens and for some")
    func fused() throws {
        let (apart, fused) = try configurations()
        let one = try model(apart)
        let two = try LanguageModel(fused) { (place, shape) throws(ModelError) in
            func rows(_ roles: [LinearRole], _ layer: Int, isBias: Bool) -> Tensor {
                let parts = roles.map { role in
                    one.placedParameters.first { $0.place == .layer(layer, isBias ? .bias(role, nil) : .linear(role, nil)) }!.tensor
                }
                return Tensor(parts.flatMap(\.values), shape: shape)
            }
            return switch place {
            case .layer(let layer, .linear(.queryKeyValue, nil)): rows([.query, .key, .value], layer, isBias: false)
            case .layer(let layer, .bias(.queryKeyValue, nil)): rows([.query, .key, .value], layer, isBias: true)
            case .layer(let layer, .linear(.gateUp, nil)): rows([.gate, .up], layer, isBias: false)
            default: Tensor(one.placedParameters.first { $0.place == place }!.tensor.values, shape: shape)
            }
        }
        #expect(two.linears.map(\.role) == [.queryKeyValue, .output, .gateUp, .down, .queryKeyValue, .output, .gateUp, .down])
        #expect(try two.scores(Self.tokens) == one.scores(Self.tokens))
        let row = TokenRow(packed: Self.tokens, segmentOffsets: [0, 5, 12])
        let predictions = [2, 7, 10].map { LanguageModel.Prediction(row: $0, target: 4) }
        for model in [one, two] {
            for (_, tensor) in model.placedParameters { tensor.isTrainable = true }
            model.checkpointsLayers = model === two
            try model.crossEntropy(row, predictions).backward()
        }
        func gradient(_ model: LanguageModel, _ place: ParameterPlace) -> [Float] {
            model.placedParameters.first { $0.place == place }?.tensor.gradient?.values ?? []
        }
        for layer in 0..<2 {
            for (whole, parts) in [(LinearRole.queryKeyValue, [LinearRole.query, .key, .value]), (.gateUp, [.gate, .up])] {
                let expected = parts.flatMap { gradient(one, .layer(layer, .linear($0, nil))) }
                #expect(relativeError(gradient(two, .layer(layer, .linear(whole, nil))), expected) < 1e-6)
            }
        }
        #expect(relativeError(gradient(two, .embedding), gradient(one, .embedding)) < 1e-6)
    }

    @Test("Rows in another order for another layout of heads, whole or in part, compute the same", arguments: [nil, 4, 2])
    func layouts(_ rotaryDim: Int?) throws {
        let (apart, fused) = try configurations()
        for var configuration in [apart, fused] {
            configuration.rotaryDim = rotaryDim
            let half = try model(configuration)
            configuration.rotaryLayout = .interleaved
            let neighbours = try LanguageModel(configuration) { (place, shape) throws(ModelError) in
                let tensor = half.placedParameters.first { $0.place == place }!.tensor
                let order = configuration.rowOrder(of: place, from: .rotateHalf, to: .interleaved)
                #expect(order.map { Set($0).count == shape[0] } ?? true)
                let back = configuration.rowOrder(of: place, from: .interleaved, to: .rotateHalf)
                if let order, let back { #expect(back.map { order[Int($0)] } == (0..<Int32(shape[0])).map { $0 }) }
                return order.map(tensor.reordered) ?? tensor
            }
            #expect(relativeError(try neighbours.scores(Self.tokens), try half.scores(Self.tokens)) < 1e-6)
            guard rotaryDim != nil else { continue }
            configuration.rotaryDim = nil
            configuration.rotaryLayout = .rotateHalf
            let whole = try model(configuration)
            #expect(relativeError(try half.scores(Self.tokens), try whole.scores(Self.tokens)) > 1e-3)
        }
    }

    @Test("What does not turn in pairs, and what a class or an architecture does not turn, is refused")
    func refusals() throws {
        func phi(_ changes: JSONObject) throws -> ModelConfiguration {
            var json: JSONObject = [
                "model_type": "phi3", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 40,
                "intermediate_size": 48,
            ]
            for (key, value) in changes { json[key] = value }
            return try HuggingFaceConfiguration(.object(json)).model
        }
        func refusal(_ body: () throws -> Void) -> String { #expect(throws: ModelError.self) { try body() }.map { "\($0)" } ?? "" }
        #expect(try phi([:]).rotaryDim == nil)
        #expect(try phi(["partial_rotary_factor": 1.0]).rotaryDim == nil)
        #expect(try phi(["partial_rotary_factor": 0.5]).rotaryDim == 4)
        // What stands in the rotary settings counts first.
        #expect(try phi(["partial_rotary_factor": 0.5, "rope_parameters": ["partial_rotary_factor": 0.75]]).rotaryDim == 6)
        for part in [0.4, 0.1, 0, -1, 1.5] {
            #expect(refusal { _ = try phi(["partial_rotary_factor": .number(part)]) }.contains("'partial_rotary_factor'"), "\(part)")
        }
        #expect(refusal { _ = try phi(["model_type": "llama", "partial_rotary_factor": 0.5]) }.contains("'partial_rotary_factor'"))
        #expect(refusal { _ = try phi(["layer_types": ["sliding_attention"]]) }.contains("'layer_types'"))

        let folder = try Paths.temporaryFolder()
        var (apart, fused) = try configurations()
        let one = try LanguageModel(fused, seed: 1)
        #expect(refusal { try one.writeHuggingFaceFolder(to: folder + "/a") }.contains("queryKeyValue"))
        fused.biases = []
        let two = try LanguageModel(fused, seed: 1)
        #expect(refusal { try two.writeHuggingFaceFolder(to: folder + "/a") }.contains("projections that are one"))
        #expect(refusal { try two.writeGGUF(to: folder + "/a.gguf") }.contains("projections that are one"))
        #expect(two.configuration.unsaidByWeights.contains { $0.contains("projections") })
        (apart.rotaryDim, apart.biases) = (4, [])
        let three = try LanguageModel(apart, seed: 1)
        #expect(refusal { try three.writeHuggingFaceFolder(to: folder + "/a") }.contains("partial_rotary_factor"))
        #expect(refusal { try three.writeGGUF(to: folder + "/a.gguf") }.contains("4 values turn"))
        // Of a window llama.cpp is told, and computes none: it goes along, with a warning where texts can be longer.
        for (window, warning) in [(7, "texts of more than 7 tokens"), (8, nil), (nil, nil)] as [(Int?, String?)] {
            let windowed = try phi(["sliding_window": window.map(JSON.integer) ?? .null, "max_position_embeddings": 8])
            try LanguageModel(windowed, seed: 1).writeGGUF(to: folder + "/a.gguf", as: .float32)
            #expect(try ModelFile.open(folder + "/a.gguf").configuration == windowed)
            #expect(warning.map { windowed.ggufWarning?.contains($0) == true } ?? (windowed.ggufWarning == nil))
        }
        let wide = try LanguageModel(phi(["head_dim": 12]), seed: 1)
        #expect(refusal { try wide.writeGGUF(to: folder + "/b.gguf") }.contains("48 are not 32"))
    }
}
