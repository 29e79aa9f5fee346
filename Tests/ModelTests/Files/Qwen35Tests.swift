import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

/// What the settings and weights of a Qwen3.5 say in the forms in which people have them.
@Suite("Qwen3.5 in files")
struct Qwen35Tests {
    private func model(_ changes: [String: JSON?]) throws -> ModelConfiguration {
        var fields: JSONObject = [
            "model_type": "qwen3_5_text", "vocab_size": 64, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 4,
            "num_attention_heads": 4, "num_key_value_heads": 2,
        ]
        for (key, value) in changes { fields[key] = value }
        return try HuggingFaceConfiguration(.object(fields)).model
    }

    @Test("What is left out has the class's value")
    func defaults() throws {
        let plain = try model(["num_key_value_heads": nil])
        let net = LayerKind.gatedDeltaNet(DeltaHeads(keyHeads: 16, valueHeads: 32, keyDim: 128, valueDim: 128), kernelLength: 4)
        #expect(plain.layerKinds == [net, net, net, .attention])
        #expect(plain.headDim == 256 && plain.rotaryDim == 64 && plain.keyValueHeadCount == 4 && plain.contextLength == 32768)
        #expect(plain.ropeTheta == 10000 && plain.normEpsilon == 1e-6 && !plain.tiesEmbedding && plain.biases.isEmpty)
        #expect(plain.normOffset == 1 && plain.queryKeyNorm == .perHead && plain.gatesAttention)
        #expect(try model(["full_attention_interval": 2]).layerKinds == [net, .attention, net, .attention])
        // Kinds that are said go before the interval, and the share that turns stands where that of other classes does.
        let named = try model([
            "layer_types": ["full_attention", "full_attention", "full_attention", "full_attention"], "full_attention_interval": 2,
            "partial_rotary_factor": 0.5, "attention_bias": true,
        ])
        #expect(named.layerKinds.isEmpty && named.rotaryDim == 128 && named.biases == [.query, .key, .value, .output])
        let published = try model([
            "rope_parameters": [
                "rope_type": "default", "rope_theta": 10_000_000, "partial_rotary_factor": 0.25, "mrope_section": [11, 11, 10],
                "mrope_interleaved": true,
            ], "attn_output_gate": true, "mtp_num_hidden_layers": 1,
        ])
        #expect(published.rotaryDim == 64 && published.ropeTheta == 10_000_000 && published.ropeScaling == nil)
        #expect(try model(["partial_rotary_factor": 1.0]).rotaryDim == nil)
    }

    @Test("What is not computed is refused by name")
    func refused() throws {
        let refused: [([String: JSON?], String)] = [
            (["model_type": "qwen3_5_moe_text"], "'qwen3_5_moe_text'"), (["attn_output_gate": false], "'attn_output_gate'"),
            (["layer_types": ["full_attention", "linear_attention", "sliding_attention", "full_attention"]], "'sliding_attention'"),
            (["layer_types": ["full_attention"]], "1 texts for 4 layers"), (["full_attention_interval": 0], "'full_attention_interval'"),
            (["linear_num_key_heads": 3], "32 heads"), (["linear_num_key_heads": 0], "share 0 heads"),
            (["linear_value_head_dim": .integer(1 << 40)], "heads of \(1 << 40) values"), (["linear_conv_kernel_dim": 0], "over 0 tokens"),
            (["partial_rotary_factor": 0.001], "do not turn in pairs"),
        ]
        for (changes, words) in refused {
            let error = #expect(throws: ModelError.self) { try model(changes) }
            #expect("\(try #require(error))".contains(words), "\(changes)")
        }
    }

    /// The folder of a model that reads pictures too, with weights that predict several tokens.
    private func outerFolder(_ change: (inout JSONObject) -> Void = { _ in }) throws -> String {
        let folder = try Paths.temporaryFolder() + "/model"
        try FileManager.default.copyItem(atPath: FamilyTests.path("qwen3_5"), toPath: folder)
        let inner = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/config.json")))
        var outer: JSONObject = [
            "architectures": ["Qwen3_5ForConditionalGeneration"], "model_type": "qwen3_5", "text_config": inner,
            "vision_config": ["depth": 2], "image_token_id": 40, "tie_word_embeddings": false,
        ]
        change(&outer)
        try write(JSON.object(outer).serialized, to: folder + "/config.json")
        let tensors = try TensorFile.read(folder + "/model.safetensors")
        var renamed = StateDictionary()
        for name in tensors.names {
            let isInner = name.hasPrefix("model.")
            renamed[isInner ? "model.language_model." + name.dropFirst("model.".count) : name] = tensors[name]
        }
        renamed["mtp.fc.weight"] = tensors["model.norm.weight"]
        renamed["model.visual.blocks.0.norm1.weight"] = tensors["model.norm.weight"]
        try SafetensorsFile.write(renamed, to: folder + "/model.safetensors")
        return folder
    }

    @Test("The texts of a model of pictures are read alone")
    func outer() throws {
        let (file, plain) = (try ModelFile.open(outerFolder()), try ModelFile.open(FamilyTests.path("qwen3_5")))
        #expect(file.configuration == plain.configuration && file.kind == plain.kind && file.tokens == plain.tokens)
        let tokens: [Int32] = [3, 17, 46, 5]
        #expect(try LanguageModel(file).scores(tokens) == LanguageModel(plain).scores(tokens))

        let refused: [((inout JSONObject) -> Void, String)] = [
            ({ $0["text_config"] = nil }, "'text_config'"),
            ({ $0["text_config"] = ["model_type": "qwen3_5_moe_text"] }, "qwen3_5_moe_text"),
            ({ $0["quantization_config"] = ["quant_method": "gptq"] }, "gptq"),
        ]
        for (change, words) in refused {
            let error = #expect(throws: ModelError.self) { try ModelFile.open(outerFolder(change)) }
            #expect("\(try #require(error))".contains(words))
        }
        // What nobody has a use for is known by name: other weights are strangers.
        let folder = try outerFolder()
        var tensors = try TensorFile.read(folder + "/model.safetensors")
        tensors["model.other.weight"] = tensors["lm_head.weight"]
        try SafetensorsFile.write(tensors, to: folder + "/model.safetensors")
        let error = #expect(throws: ModelError.self) { try LanguageModel(contentsOf: folder) }
        #expect("\(try #require(error))".contains("model.other.weight"))
    }

    @Test("Rows of queries take their gates along into another layout of heads")
    func layouts() throws {
        let configuration = try ModelFile.open(FamilyTests.path("qwen3_5")).configuration
        let place = ParameterPlace.layer(3, .linear(.query, nil))
        let order = try #require(configuration.rowOrder(of: place, from: .rotateHalf, to: .interleaved))
        #expect(order.prefix(6) == [0, 2, 1, 3, 4, 5] && order[32..<36] == [32, 34, 33, 35] && order.count == 128)
        let back = try #require(configuration.rowOrder(of: place, from: .interleaved, to: .rotateHalf))
        #expect(order.map { back[Int($0)] } == (0..<128).map { Int32($0) })
    }
}
