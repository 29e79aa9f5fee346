import Tensor
import TestSupport
import Testing

@testable import Model

@Suite("config.json")
struct HuggingFaceConfigurationTests {
    static let kinds = [
        "default", "linear", "llama3", "yarn", "yarn-minimind", "yarn-unrounded", "yarn-wide", "minimind-64", "minimind-8",
        "minimind-2025-10",
    ]

    @Test("Rotary frequencies are those of the class", arguments: kinds)
    func frequencies(_ name: String) throws {
        let expected = try #require(try HuggingFaceFixture.json("rotary.json")[name])
        let model = try HuggingFaceConfiguration(try #require(expected["config"])).model
        let list = try #require(expected["frequencies"]?.array)
        let frequencies = list.compactMap(\.number)
        let ours = model.rotaryFrequencies
        #expect(ours.count == frequencies.count)
        for (ours, theirs) in zip(ours, frequencies) { #expect(abs(Double(ours) / theirs - 1) < 1e-6) }
        let attention = try #require(expected["attention"]?.number)
        #expect(abs(Double(model.ropeScaling?.amplitude ?? 1) - attention) < 1e-6)
    }

    @Test("What transformers 4 calls rope_scaling and 5 rope_parameters is one")
    func versions() throws {
        let old = try Self.llama(["rope_theta": 500_000, "rope_scaling": ["type": "linear", "factor": 2.0]])
        let new = try Self.llama(["rope_parameters": ["rope_type": "linear", "rope_theta": 500_000, "factor": 2.0]])
        #expect(old == new && old.model.ropeScaling == .linear(factor: 2) && old.model.ropeTheta == 500_000)
        #expect(try Self.llama(["rope_scaling": nil]).model.ropeTheta == 10000)
    }

    @Test("What is left out has the class's value")
    func defaults() throws {
        let model = try Self.llama([:]).model
        #expect(model.generation == .v2 && model.keyValueHeadCount == 4 && model.headDim == 8 && !model.tiesEmbedding)
        #expect(model.normEpsilon == 1e-6 && model.ropeTheta == 10000 && model.contextLength == 2048 && model.ropeScaling == nil)
        let qwen = try Self.llama(["model_type": "qwen3", "num_key_value_heads": nil]).model
        #expect(qwen.generation == .v3 && qwen.headDim == 128 && qwen.keyValueHeadCount == 4 && qwen.normalizesHeads)
        let mixture = try Self.llama(["model_type": "qwen3_moe", "num_key_value_heads": 2]).model
        let experts = ExpertConfiguration(
            count: 128, perToken: 8, sharedCount: 0, hiddenDim: 768, normalizesWeights: false, normalizesSingleWeight: true,
            balance: .overBatch, auxiliaryCoefficient: 0)
        #expect(mixture.experts == experts && mixture.headDim == 8)
        let balanced = try Self.llama(["model_type": "qwen3_moe", "num_key_value_heads": 2, "output_router_logits": true]).model
        // The class has one such loss for all of its layers.
        #expect(balanced.experts?.auxiliaryCoefficient == 0.001 && balanced.experts?.balance == .overLayers)
        let silent = try Self.llama([
            "model_type": "qwen3_moe", "num_key_value_heads": 2, "output_router_logits": false, "router_aux_loss_coef": 0.01,
        ]).model
        #expect(silent.experts?.auxiliaryCoefficient == 0)
    }

    @Test("More layers than any model has are refused before facts of each of them are kept")
    func layers() throws {
        for type in ["llama", "qwen3", "qwen3_moe", "gemma3_text", "mistral", "lfm2"] {
            let error = #expect(throws: ModelError.self) {
                try Self.llama(["model_type": .string(type), "num_hidden_layers": .integer(Int(Int32.max)), "num_key_value_heads": 2])
            }
            #expect("\(try #require(error))".contains("beyond all bounds"), "\(type)")
        }
    }

    @Test("An LFM2's layers, and the width of its feed-forward layer, are those of the class")
    func lfm2() throws {
        func model(_ changes: JSONObject) throws -> ModelConfiguration {
            var fields: JSONObject = ["model_type": "lfm2", "num_key_value_heads": 2]
            for (key, value) in changes { fields[key] = value }
            return try Self.llama(fields).model
        }
        let plain = try model([:])
        #expect(plain.layerKinds.isEmpty && plain.tiesEmbedding && plain.normEpsilon == 1e-5 && plain.ropeTheta == 1e6)
        #expect(plain.hiddenDim == 256 && plain.contextLength == 128_000 && plain.queryKeyNorm == .perHead)
        let convolution = LayerKind.shortConvolution(kernelLength: 3, hasBias: false)
        #expect(try model(["full_attn_idxs": [1, 7]]).layerKinds == [convolution, .attention])
        #expect(try model(["full_attn_idxs": []]).layerKinds == [convolution, convolution])
        // What the layers are called goes before their numbers.
        let named = try model(["full_attn_idxs": [0], "layer_types": ["conv", "full_attention"], "conv_L_cache": 4, "conv_bias": true])
        #expect(named.layerKinds == [.shortConvolution(kernelLength: 4, hasBias: true), .attention])
        #expect(named.biases == [.convolutionInput, .convolutionOutput])
        #expect(try model(["conv_bias": true]).biases.isEmpty)
        #expect(try !model(["tie_embedding": false]).tiesEmbedding && !model(["tie_word_embeddings": false]).tiesEmbedding)
        // By transformers 5: int(2 * width / 3), int(multiplier * that), and up to the next multiple.
        let widths: [(JSONObject, Int)] = [
            (["block_auto_adjust_ff_dim": false], 64), (["block_multiple_of": 8], 48), (["block_multiple_of": 1], 42),
            (["block_multiple_of": 1, "block_ffn_dim_multiplier": 1.3], 54), (["block_ff_dim": 12288], 8192),
            (["block_ff_dim": 600, "block_multiple_of": 7], 406),
            (["block_ff_dim": 100, "block_ffn_dim_multiplier": .null], 66),
        ]
        for (changes, width) in widths { #expect(try model(changes).hiddenDim == width, "\(changes)") }
    }

    @Test("MiniMind's own, as published")
    func minimind() throws {
        func model(_ fields: JSON) throws -> ModelConfiguration { try HuggingFaceConfiguration(fields).model }
        #expect(try model(["model_type": "minimind", "hidden_size": 512]) == ModelConfiguration(generation: .v2))
        let third = try model(["model_type": "minimind", "hidden_size": 768, "head_dim": 96, "num_key_value_heads": 4])
        #expect(try third == ModelConfiguration(generation: .v3))
        #expect(try model(["model_type": "minimind", "dim": 512, "n_layers": 8]) == ModelConfiguration())
        #expect(try model(["model_type": "minimind", "hidden_size": 512, "num_key_value_heads": nil]).keyValueHeadCount == 8)

        let mixture = try model([
            "model_type": "minimind", "hidden_size": 512, "use_moe": true, "n_routed_experts": 6, "num_experts_per_tok": 1,
            "n_shared_experts": true, "aux_loss_alpha": 0.01, "seq_aux": false,
        ])
        #expect(
            mixture.experts
                == ExpertConfiguration(count: 6, perToken: 1, balance: .overBatchByShares, auxiliaryCoefficient: 0.01))
        #expect(!mixture.dividesExpertWeights)
        // Of the first class everything that is said stands for one shared expert.
        for (said, shared) in [(JSON.bool(false), 1), (.bool(true), 1), (.integer(0), 1), (.integer(2), 1), (.null, 0)] {
            let classic = try model(["model_type": "minimind", "dim": 512, "use_moe": true, "n_shared_experts": said])
            #expect(classic.experts?.sharedCount == shared && classic.experts?.balance == .perSequence)
        }
        #expect(try model(["model_type": "minimind", "dim": 512, "use_moe": true]).experts == ExpertConfiguration())
        let switched = try model(["model_type": "minimind", "hidden_size": 768, "use_moe": true, "num_experts": 4])
        #expect(switched.experts?.perToken == 1 && switched.experts?.normalizesWeights == true && switched.experts?.sharedCount == 0)
        let short = try model(["model_type": "minimind", "inference_rope_scaling": true, "max_position_embeddings": 2048])
        #expect(short.ropeScaling == nil)
        let long = try model(["model_type": "minimind", "inference_rope_scaling": true])
        #expect(long.ropeScaling == .yarn(.minimind))
    }

    @Test("What would be another model is refused by name")
    func refusals() throws {
        let cases: [(JSONObject, String)] = [
            (["model_type": "mamba"], "'mamba'"),
            (["model_type": nil], "'model_type'"),
            (["model_type": 3], "'model_type' is 3"),
            (["hidden_act": "relu"], "'relu'"),
            (["is_causal": false], "'is_causal'"),
            (["layer_types": ["full_attention", "sliding_attention"]], "'sliding_attention'"),
            (["quantization_config": ["quant_method": "hqq"]], "'hqq'"),
            (["quantization_config": ["quant_method": "gptq"]], "'bits'"),
            (["partial_rotary_factor": 0.5], "'partial_rotary_factor'"),
            (["rope_scaling": ["rope_type": "proportional", "factor": 2.0]], "'proportional'"),
            (["rope_scaling": ["rope_type": "dynamic"]], "'factor'"),
            (["rope_scaling": ["rope_type": "longrope", "short_factor": [1.0]]], "'longrope'"),
            (["model_type": "phi3", "rope_scaling": ["rope_type": "linear", "factor": 2.0]], "'longrope'"),
            (["rope_scaling": ["rope_type": "linear"]], "'factor'"),
            (["rope_scaling": ["rope_type": "linear", "factor": 0]], "make no sense"),
            (["rope_scaling": ["rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 4.0]], "make no sense"),
            (["rope_scaling": 5], "'rope_scaling' is 5"),
            (["rope_theta": 0], "rotary angles"),
            (["rms_norm_eps": -1], "epsilon"),
            (["hidden_size": nil], "'hidden_size' is missing"),
            (["hidden_size": "64"], "not a whole number"),
            (["hidden_size": 33], "does not divide"),
            (["num_attention_heads": 0], "at least 1"),
            (["num_hidden_layers": .integer(.max)], "bounds"),
            (["max_position_embeddings": -4], "positions"),
            (["model_type": "qwen3", "layer_types": ["full_attention", "sliding_attention"]], "switched off"),
            (["model_type": "qwen3", "layer_types": ["full_attention", "chunked_attention"]], "'chunked_attention'"),
            (["model_type": "qwen3", "layer_types": ["full_attention"]], "1 texts for 2 layers"),
            (["model_type": "mistral", "num_key_value_heads": 2, "sliding_window": 0], "windows of attention"),
            (["model_type": "gemma3_text", "use_bidirectional_attention": true], "'use_bidirectional_attention'"),
            (["model_type": "granite", "logits_scaling": 0.0], "'logits_scaling'"),
            (["model_type": "granite", "embedding_multiplier": -1], "multiplier of the embedding"),
            (["model_type": "smollm3", "no_rope_layers": [1]], "'no_rope_layers'"),
            (["model_type": "lfm2_moe"], "'lfm2_moe'"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "layer_types": ["conv", "sliding_attention"]], "'sliding_attention'"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "layer_types": ["conv"]], "1 texts for 2 layers"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "full_attn_idxs": "all"], "'full_attn_idxs'"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "full_attn_idxs": [0], "conv_L_cache": 0], "over 0 tokens"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "hidden_act": "gelu"], "'hidden_act'"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "use_pos_enc": false], "'use_pos_enc'"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "block_use_swiglu": false], "'block_use_swiglu'"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "block_multiple_of": 0], "multiples of 0"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "block_ffn_dim_multiplier": 1e30], "'block_ffn_dim_multiplier'"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "block_ffn_dim_multiplier": 0], "at least 1"),
            (["model_type": "lfm2", "num_key_value_heads": 2, "intermediate_size": nil], "'intermediate_size' is missing"),
            (["model_type": "smollm3", "no_rope_layer_interval": 0], "'no_rope_layer_interval'"),
            (["model_type": "qwen3_moe", "num_key_value_heads": 2, "decoder_sparse_step": 0], "'decoder_sparse_step'"),
            (["model_type": "qwen3_moe", "num_key_value_heads": 2, "mlp_only_layers": [0, 1]], "no layer with experts"),
            (["model_type": "qwen3_moe", "num_experts": 0], "experts"),
            (["model_type": "minimind", "use_moe": true, "scoring_func": "sigmoid"], "'sigmoid'"),
            (["model_type": "minimind", "dim": 0], "'dim' 0"),
            (["model_type": "minimind", "attention_bias": true], "'attention_bias'"),
            (["model_type": "minimind", "hidden_act": "relu"], "'relu'"),
            (["model_type": "minimind", "layer_types": ["sliding_attention"]], "'sliding_attention'"),
            (
                [
                    "model_type": "minimind", "hidden_size": 2_000_000_000, "num_attention_heads": 1, "num_key_value_heads": 1,
                    "inference_rope_scaling": true, "rope_scaling": ["factor": 4],
                ], "heads of 2000000000"
            ),
        ]
        for (change, message) in cases {
            let error = #expect(throws: ModelError.self, "\(change)") { try Self.llama(change) }
            let text = "\(try #require(error))"
            #expect(text.contains(message) && !text.contains("\n"), "\(text)")
        }
        #expect(throws: ModelError.self) { try HuggingFaceConfiguration([1, 2]) }
        // A window may begin after the last layer.
        let windowed: JSONObject = ["model_type": "qwen3", "use_sliding_window": true, "sliding_window": 128]
        #expect(try Self.llama(windowed).model.windows.isEmpty)
        #expect(
            try Self.llama(
                {
                    var fields = windowed
                    fields["max_window_layers"] = 1
                    return fields
                }()
            ).model.windows == [nil, 128])
    }

    /// A Llama's configuration with some fields changed.
    private static func llama(_ changes: JSONObject) throws -> HuggingFaceConfiguration {
        var fields: JSONObject = [
            "model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "vocab_size": 96,
        ]
        for (key, value) in changes { fields[key] = value }
        return try HuggingFaceConfiguration(.object(fields))
    }
}
