import Tensor

extension ModelFamily {
    /// LFM2 (Liquid AI 2025): layers of attention among layers of short convolutions.
    static let lfm2: ModelFamily = ModelFamily(
        name: "LFM2",
        huggingFace: HuggingFace(
            modelType: "lfm2", className: "Lfm2ForCausalLM",
            naming: .huggingFace.renaming(
                [
                    .attentionNorm: "operator_norm", .feedForwardNorm: "ffn_norm", .queryNorm: "self_attn.q_layernorm",
                    .keyNorm: "self_attn.k_layernorm", .linear(.output, nil): "self_attn.out_proj",
                    .linear(.gate, nil): "feed_forward.w1", .linear(.up, nil): "feed_forward.w3",
                    .linear(.down, nil): "feed_forward.w2",
                ], norm: "model.embedding_norm")
        ) { fields throws(ModelError) in
            for key in ["block_use_swiglu", "use_pos_enc"] where try fields.bool(key) == false {
                throw .unsupported("'\(key)' is false, which transformers does not compute in an LFM2")
            }
            var model = try fields.model(
                .lfm2, keyValueHeadCount: 8, hiddenDim: try fields.feedForwardWidth(), contextLength: 128_000, ropeTheta: 1e6,
                tiesEmbedding: true, hasWindows: true)
            guard model.activation == .silu else {
                throw .unsupported("'hidden_act' is '\(model.activation.huggingFaceName)'; transformers computes silu in an LFM2")
            }
            model.normEpsilon = try fields.number("norm_eps") ?? 1e-5
            model.queryKeyNorm = .perHead
            // Older settings say it so.
            model.tiesEmbedding = try fields.bool("tie_embedding") ?? model.tiesEmbedding
            try fields.readConvolutions(into: &model)
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            json["norm_eps"] = .number(model.normEpsilon.shortest)
            json["block_dim"] = .integer(model.dim)
            json["block_ff_dim"] = .integer(model.hiddenDim)
            json["block_auto_adjust_ff_dim"] = false
            json["block_ffn_dim_multiplier"] = 1.0
            json["block_multiple_of"] = 256
            json["conv_bias"] = .bool(try model.hasBiases(on: [.convolutionInput, .convolutionOutput]))
            json["conv_L_cache"] = .integer(model.kernelLength ?? 3)
            let attention = (0..<model.layerCount).filter { model.kind(ofLayer: $0) == .attention }
            json["full_attn_idxs"] = .array(attention.map(JSON.integer))
            json["layer_types"] = model.layerTypes(besidesAttention: ConfigurationFields.convolution)
        },
        gguf: GGUF(
            architecture: "lfm2", naming: .gguf.renaming([:], norm: "token_embd_norm"), rotaryLayout: .rotateHalf, headsSpanModel: true,
            hasLayerKinds: true
        ) { fields, _, model throws(ModelError) in
            model.queryKeyNorm = .perHead
            let length = try fields.needed("shortconv.l_cache")
            let kinds = (fields.integers("attention.head_count_kv") ?? []).map {
                $0 == 0 ? LayerKind.shortConvolution(kernelLength: length, hasBias: false) : .attention
            }
            model.layerKinds = kinds.allSatisfy { $0 == .attention } ? [] : kinds
        } write: { model, fields throws(ModelError) in
            // It ends the process where its memory for either kind has no layer.
            guard model.layerKinds.contains(.attention), let kernelLength = model.kernelLength else {
                throw .unsupported(
                    "llama.cpp needs layers of both kinds in an LFM2, attention and convolution; write a Hugging Face folder")
            }
            guard !model.layerKinds.contains(where: { if case .shortConvolution(_, true) = $0 { true } else { false } }) else {
                throw .unsupported("llama.cpp has no biases in the convolutions of an LFM2; write a Hugging Face folder")
            }
            guard kernelLength > 1 else {
                throw .unsupported("llama.cpp has no convolution over a single token; write a Hugging Face folder")
            }
            fields.set("shortconv.l_cache", kernelLength)
            fields.set(
                "attention.head_count_kv",
                .array(
                    .int32(
                        (0..<model.layerCount).map { model.kind(ofLayer: $0) == .attention ? Int32(clamping: model.keyValueHeadCount) : 0 })
                ))
        })
}

extension ModelConfiguration {
    /// How many tokens the first convolution reads; `nil` where no layer is one.
    fileprivate var kernelLength: Int? {
        layerKinds.lazy.compactMap { if case .shortConvolution(let length, _) = $0 { length } else { nil } }.first
    }
}

extension ConfigurationFields {
    fileprivate static let convolution = "conv"

    /// Which layers are convolutions, and what they are like.
    fileprivate func readConvolutions(into model: inout ModelConfiguration) throws(ModelError) {
        let hasBias = try bool("conv_bias") ?? false
        let convolution = LayerKind.shortConvolution(kernelLength: try integer("conv_L_cache") ?? 3, hasBias: hasBias)
        let attention = self["full_attn_idxs"] == nil ? nil : Set(try integers("full_attn_idxs"))
        let types =
            try layerTypes(model.layerCount)
            ?? (0..<model.layerCount).map { attention?.contains($0) ?? true ? Self.full : Self.convolution }
        model.layerKinds = try layerKinds(types, Self.convolution, convolution)
        if !model.layerKinds.isEmpty, hasBias { model.biases.formUnion([.convolutionInput, .convolutionOutput]) }
    }

    /// The width of the feed-forward layer, which the class makes of the settings' unless it is told to take that.
    fileprivate func feedForwardWidth() throws(ModelError) -> Int {
        // The older word goes before the one that all classes have.
        let older = try integer("block_ff_dim")
        var width = older ?? 0
        if older == nil { width = try needed("intermediate_size") }
        guard try bool("block_auto_adjust_ff_dim") ?? true else { return width }
        let multiple = try integer("block_multiple_of") ?? 256
        guard (1..<1 << 31).contains(width), (1..<1 << 31).contains(multiple) else {
            throw .configuration("a feed-forward layer of \(width), in multiples of \(multiple), is not possible")
        }
        width = 2 * width / 3
        // The class takes a multiplier of null for none, and then rounds nothing.
        if isNull("block_ffn_dim_multiplier") { return width }
        let multiplied = (try number("block_ffn_dim_multiplier") ?? 1).shortest * Double(width)
        guard multiplied >= 0, multiplied < 0x1p31 else {
            throw .configuration("'block_ffn_dim_multiplier' makes a feed-forward layer of \(multiplied), which is not possible")
        }
        return (Int(multiplied) + multiple - 1) / multiple * multiple
    }
}
