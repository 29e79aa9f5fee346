import Tensor

extension ModelFamily {
    /// Qwen3.5 (Qwen 2026), dense and of texts alone: three layers of linear attention to one of attention, whose heads have gates
    /// and turn in part, and norms of `1 + w`. The class has no use for the weights that predict several tokens, and for those
    /// that read pictures.
    static let qwen35: ModelFamily = ModelFamily(
        name: "Qwen3.5",
        huggingFace: HuggingFace(
            modelType: "qwen3_5_text", className: "Qwen3_5ForCausalLM", outerModelType: "qwen3_5",
            ignoredPrefixes: ["mtp.", "model.visual."],
            naming: .huggingFace.renaming([.convolution: "linear_attn.conv1d"]), hasPartialRotation: true
        ) { fields throws(ModelError) in
            if try fields.bool("attn_output_gate") == false {
                throw .unsupported("'attn_output_gate' is false, which transformers does not compute in a Qwen3.5")
            }
            var model = try fields.model(
                .qwen35, keyValueHeadCount: 4, headDim: 256, contextLength: 32768, hasWindows: true, defaultRotation: 0.25)
            try fields.readAttentionBias(into: &model)
            model.setQwen35()
            try fields.readLinearAttention(into: &model)
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeAttentionBias(to: &json)
            json["partial_rotary_factor"] = .number(model.part(model.turnedDim))
            let net = model.linearAttention ?? published
            json["linear_conv_kernel_dim"] = .integer(net.kernelLength)
            json["linear_key_head_dim"] = .integer(net.heads.keyDim)
            json["linear_value_head_dim"] = .integer(net.heads.valueDim)
            json["linear_num_key_heads"] = .integer(net.heads.keyHeads)
            json["linear_num_value_heads"] = .integer(net.heads.valueHeads)
            json["layer_types"] = model.layerTypes(besidesAttention: ConfigurationFields.linear)
        },
        gguf: GGUF(
            architecture: "qwen35",
            naming: .gguf.renaming([
                .convolution: "ssm_conv1d", .linear(.deltaInput, nil): "attn_qkv", .feedForwardNorm: "post_attention_norm",
            ]), rotaryLayout: .rotateHalf, hasPartialRotation: true
        ) { fields, _, model throws(ModelError) in
            let predicting = try fields.integer("nextn_predict_layers") ?? 0
            guard (0..<model.layerCount).contains(predicting) else {
                throw .configuration("'qwen35.nextn_predict_layers' is \(predicting) of \(model.layerCount) layers, which leaves none")
            }
            model.layerCount -= predicting
            model.setQwen35()
            try fields.readLinearAttention(into: &model)
            // What is in no section does not turn with the text.
            if let sections = fields.integers("rope.dimension_sections"), sections != model.rotarySections {
                throw .unsupported("'rope.dimension_sections' is \(sections); \(model.rotarySections) is supported")
            }
        } write: { model, fields throws(ModelError) in
            // It ends the process where its memory for either kind has no layer.
            guard let net = model.linearAttention, let interval = model.layerKinds.firstIndex(of: .attention).map({ $0 + 1 }) else {
                throw .unsupported(
                    "llama.cpp needs layers of both kinds in a Qwen3.5, attention and linear attention; write a Hugging Face folder")
            }
            guard net.heads.keyDim == net.heads.valueDim else {
                throw .unsupported(
                    "llama.cpp has keys as wide as values in the linear attention of a Qwen3.5, not \(net.heads.keyDim) and \(net.heads.valueDim); write a Hugging Face folder"
                )
            }
            guard net.kernelLength > 1 else {
                throw .unsupported("llama.cpp has no convolution over a single token; write a Hugging Face folder")
            }
            fields.set("full_attention_interval", interval)
            fields.set("ssm.conv_kernel", net.kernelLength)
            fields.set("ssm.state_size", net.heads.keyDim)
            fields.set("ssm.group_count", net.heads.keyHeads)
            fields.set("ssm.time_step_rank", net.heads.valueHeads)
            fields.set("ssm.inner_size", net.heads.valueWidth)
            fields.set("rope.dimension_sections", .array(.int32(model.rotarySections.map { Int32(clamping: $0) })))
        })

    /// What the class has where the settings say nothing.
    fileprivate static let published = (heads: DeltaHeads(keyHeads: 16, valueHeads: 32, keyDim: 128, valueDim: 128), kernelLength: 4)
}

extension ModelConfiguration {
    /// What all models of the family have.
    fileprivate mutating func setQwen35() {
        normOffset = 1
        queryKeyNorm = .perHead
        gatesAttention = true
    }

    /// How many pairs of a head turn by each of the coordinates of llama.cpp, which are one and the same in a text but for the
    /// last, which stands still; it takes one after the other of the first three.
    fileprivate var rotarySections: [Int] { (0..<3).map { (turnedDim / 2 + 2 - $0) / 3 } + [0] }

    /// The heads of the first layer of linear attention, and the kernel before it; `nil` where no layer is one.
    fileprivate var linearAttention: (heads: DeltaHeads, kernelLength: Int)? {
        layerKinds.lazy.compactMap { if case .gatedDeltaNet(let heads, let length) = $0 { (heads, length) } else { nil } }.first
    }
}

extension ConfigurationFields {
    fileprivate static let linear = "linear_attention"

    /// Which layers have linear attention, and what it is like.
    fileprivate func readLinearAttention(into model: inout ModelConfiguration) throws(ModelError) {
        let published = ModelFamily.published
        let net = LayerKind.gatedDeltaNet(
            DeltaHeads(
                keyHeads: try integer("linear_num_key_heads") ?? published.heads.keyHeads,
                valueHeads: try integer("linear_num_value_heads") ?? published.heads.valueHeads,
                keyDim: try integer("linear_key_head_dim") ?? published.heads.keyDim,
                valueDim: try integer("linear_value_head_dim") ?? published.heads.valueDim),
            kernelLength: try integer("linear_conv_kernel_dim") ?? published.kernelLength)
        let interval = try integer("full_attention_interval") ?? 4
        guard interval > 0 else { throw .configuration("'full_attention_interval' is \(interval); it is at least 1") }
        let types = try layerTypes(model.layerCount) ?? (0..<model.layerCount).map { ($0 + 1) % interval == 0 ? Self.full : Self.linear }
        model.layerKinds = try layerKinds(types, Self.linear, net)
    }
}

extension GGUFFields {
    /// Which layers have linear attention, and what it is like.
    fileprivate func readLinearAttention(into model: inout ModelConfiguration) throws(ModelError) {
        let width = try needed("ssm.state_size")
        let heads = DeltaHeads(
            keyHeads: try needed("ssm.group_count"), valueHeads: try needed("ssm.time_step_rank"), keyDim: width, valueDim: width)
        let net = LayerKind.gatedDeltaNet(heads, kernelLength: try needed("ssm.conv_kernel"))
        let (valueWidth, overflows) = heads.valueHeads.multipliedReportingOverflow(by: width)
        if let inner = try integer("ssm.inner_size"), overflows || inner != valueWidth {
            throw .unsupported("'ssm.inner_size' is \(inner), not \(heads.valueHeads) heads of \(width)")
        }
        let interval = try integer("full_attention_interval") ?? 4
        guard interval > 0 else { throw .configuration("'\(architecture).full_attention_interval' is \(interval); it is at least 1") }
        let isLinear = try flags("attention.recurrent_layers") ?? (0..<model.layerCount).map { ($0 + 1) % interval != 0 }
        guard isLinear.count >= model.layerCount else {
            throw .configuration("'\(architecture).attention.recurrent_layers' is of \(isLinear.count) layers, not of \(model.layerCount)")
        }
        let kinds = isLinear.prefix(model.layerCount).map { $0 ? net : .attention }
        model.layerKinds = kinds.contains(net) ? kinds : []
    }
}
