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
            ({ $0["quantization_config"] = ["quant_method": "aqlm"] }, "aqlm"),
        ]
        for (change, words) in refused {
            let error = #expect(throws: ModelError.self) { try ModelFile.open(outerFolder(change)) }
            #expect("\(try #require(error))".contains(words))
        }
        // What has no use is known by its name; other weights are refused.
        let folder = try outerFolder()
        var tensors = try TensorFile.read(folder + "/model.safetensors")
        tensors["model.other.weight"] = tensors["lm_head.weight"]
        try SafetensorsFile.write(tensors, to: folder + "/model.safetensors")
        let error = #expect(throws: ModelError.self) { try LanguageModel(contentsOf: folder) }
        #expect("\(try #require(error))".contains("model.other.weight"))
    }

    @Test("What llama.cpp's Qwen3.5 has no place for is said by name")
    func writing() throws {
        let path = try Paths.temporaryFolder() + "/a.gguf"
        let net: [String: JSON?] = [
            "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 8, "head_dim": 16,
        ]
        let refused: [([String: JSON?], String)] = [
            (["linear_value_head_dim": 6], "not 8 and 6"), (["linear_conv_kernel_dim": 1], "over a single token"),
            (["full_attention_interval": 1], "layers of both kinds"), (["full_attention_interval": 5], "layers of both kinds"),
            (["layer_types": ["full_attention", "linear_attention", "full_attention", "linear_attention"]], "layers of the kinds"),
            (["attention_bias": true], "biases on"), (["hidden_act": "gelu"], "the activation"),
        ]
        for (changes, words) in refused {
            let model = try LanguageModel(model(net.merging(changes) { $1 }), seed: 1)
            let error = #expect(throws: ModelError.self) { try model.writeGGUF(to: path, as: .float32) }
            #expect("\(try #require(error))".contains(words))
            try model.writeHuggingFaceFolder(to: path + "-folder", as: .float32)
            #expect(try ModelFile.open(path + "-folder").configuration.differenceInComputation(from: model.configuration) == nil)
        }
    }

    /// The tensors of a GGUF of the fixture.
    private func gguf() throws -> (model: LanguageModel, file: GGUFFile) {
        let path = try Paths.temporaryFolder() + "/a.gguf"
        let model = try LanguageModel(contentsOf: FamilyTests.path("qwen3_5"))
        try model.writeGGUF(to: path, as: .float32)
        return (model, try GGUFFile.read(path))
    }

    @Test("In a GGUF heads of values are tiled, rates are what they multiply by, and norms hold their 1 but for those of heads")
    func tiles() throws {
        let (model, file) = try gguf()
        func own(_ name: String) throws -> [Float] {
            try #require(model.parameters.first { $0.name == "model.layers.0." + name }).tensor.values
        }
        func written(_ name: String) throws -> [Float] { try #require(file.tensors["blk.0." + name]).floats() }
        // Two heads of keys serve two heads of values each, 8 wide.
        let order = [0, 2, 1, 3]
        let rates = try own("linear_attn.A_log")
        #expect(try written("ssm_a") == order.map { -exp(rates[$0]) })
        let biases = try own("linear_attn.dt_bias")
        #expect(try written("ssm_dt.bias") == order.map { biases[$0] })
        #expect(try written("ssm_norm.weight") == own("linear_attn.norm.weight"))
        #expect(try written("attn_norm.weight") == own("input_layernorm.weight").map { $0 + 1 })
        for (name, theirs, first, width) in [
            ("linear_attn.in_proj_qkv", "attn_qkv", 32, 8), ("linear_attn.in_proj_z", "attn_gate", 0, 8),
            ("linear_attn.in_proj_b", "ssm_beta", 0, 1), ("linear_attn.in_proj_a", "ssm_alpha", 0, 1),
        ] {
            let values = try own(name + ".weight")
            let rows = Array(0..<first) + order.flatMap { head in (0..<width).map { first + head * width + $0 } }
            #expect(try written(theirs + ".weight") == rows.flatMap { values[$0 * 32..<$0 * 32 + 32] }, "\(name)")
        }
        let output = try own("linear_attn.out_proj.weight")
        let columns = order.flatMap { head in (0..<8).map { head * 8 + $0 } }
        #expect(try written("ssm_out.weight") == (0..<32).flatMap { row in columns.map { output[row * 32 + $0] } })
        #expect(file.tensors["blk.0.ssm_conv1d.weight"]?.shape == [64, 4])
        #expect(file.metadata["qwen35.rope.dimension_sections"]?.ints == [1, 1, 0, 0])
    }

    @Test("A GGUF that predicts several tokens is read without that, and other sections are refused")
    func reading() throws {
        let (model, file) = try gguf()
        let path = try Paths.temporaryFolder() + "/b.gguf"
        func open(_ changes: [String: GGUFValue], rates: Float? = nil) throws -> ModelFile {
            var metadata = file.metadata
            for (key, value) in changes { metadata["qwen35." + key] = value }
            var writer = GGUFWriter(metadata: metadata)
            for name in file.tensors.names {
                guard let tensor = file.tensors[name] else { continue }
                let isRate = name == "blk.0.ssm_a"
                writer.add(name, isRate ? rates.map { StoredTensor(shape: [4], floats: [$0, -1, -1, -1]) } ?? tensor : tensor)
            }
            writer.add(
                "blk.4.nextn.eh_proj.weight", try #require(file.tensors["blk.0.ffn_norm.weight"] ?? file.tensors["output_norm.weight"]))
            try writer.write(to: path)
            return try ModelFile.open(path)
        }
        let tokens: [Int32] = [3, 17, 46, 5]
        let read = try open(["block_count": .uint32(5), "nextn_predict_layers": .uint32(1)])
        #expect(read.configuration == model.configuration)
        #expect(relativeError(try LanguageModel(read).scores(tokens), try model.scores(tokens)) < 1e-6)
        // Kinds that are said go before the interval.
        let kinds = GGUFValue.array(.bool([true, true, true, false, false]))
        let named = try open([
            "block_count": .uint32(5), "nextn_predict_layers": .uint32(1), "attention.recurrent_layers": kinds,
            "full_attention_interval": .uint32(2),
        ])
        #expect(named.configuration == model.configuration)
        #expect(throws: ModelError.self) { try LanguageModel(open([:])) }
        let refused: [([String: GGUFValue], String)] = [
            (["rope.dimension_sections": .array(.int32([2, 0, 0, 0]))], "'rope.dimension_sections'"),
            (["ssm.inner_size": .uint32(64)], "'ssm.inner_size'"), (["full_attention_interval": .uint32(0)], "full_attention_interval"),
            (["nextn_predict_layers": .uint32(4)], "leaves none"), (["nextn_predict_layers": .int64(.min)], "leaves none"),
            (["attention.recurrent_layers": .array(.bool([true]))], "of 1 layers"),
            (["attention.recurrent_layers": .string("all")], "no list"), (["ssm.group_count": .uint32(3)], "cannot share 3 heads"),
            (["ssm.state_size": .uint64(1 << 62)], "'ssm.inner_size'"),
        ]
        for (changes, words) in refused {
            let error = #expect(throws: ModelError.self) { try open(changes) }
            #expect("\(try #require(error))".contains(words), "\(changes)")
        }
        let error = #expect(throws: ModelError.self) {
            try LanguageModel(open(["block_count": .uint32(5), "nextn_predict_layers": .uint32(1)], rates: 0))
        }
        #expect("\(try #require(error))".contains("does not decay"))
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
