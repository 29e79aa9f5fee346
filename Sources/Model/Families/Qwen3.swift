import Tensor

extension ModelFamily {
    /// Qwen3: a norm for each head's queries and keys.
    static let qwen3: ModelFamily = ModelFamily(
        name: "Qwen3",
        huggingFace: HuggingFace(modelType: "qwen3", className: "Qwen3ForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(.qwen3, headDim: 128, contextLength: 32768, hasWindows: true)
            let first = try fields.integer("max_window_layers") ?? 28
            try fields.readWindows(into: &model, switchedBy: "use_sliding_window", width: 4096) { $0 >= first }
            try fields.readAttentionBias(into: &model)
            model.normalizesHeads = true
            return model
        } write: { model, json throws(ModelError) in
            try writeQwen3(model, &json)
        },
        gguf: GGUF(architecture: "qwen3", rotaryLayout: .rotateHalf) { fields, _, model throws(ModelError) in
            model.normalizesHeads = true
        },
        generation: .v3)

    /// Qwen3 with experts, in every layer or in most.
    static let qwen3MoE: ModelFamily = ModelFamily(
        name: "Qwen3 MoE",
        huggingFace: HuggingFace(modelType: "qwen3_moe", className: "Qwen3MoeForCausalLM") { fields throws(ModelError) in
            let own = try fields.number(minimindBalance)
            let experts = ExpertConfiguration(
                count: try fields.integer("num_experts", "num_local_experts") ?? 128,
                perToken: try fields.integer("num_experts_per_tok") ?? 8, sharedCount: 0,
                hiddenDim: try fields.integer("moe_intermediate_size") ?? 768,
                normalizesWeights: try fields.bool("norm_topk_prob") ?? false, normalizesSingleWeight: true, balance: .overBatch,
                auxiliaryCoefficient: own ?? 0)
            // With experts in every layer nothing is as wide as the dense layers would be.
            var model = try fields.model(
                .qwen3MoE, keyValueHeadCount: 4, hiddenDim: try fields.integer("intermediate_size") ?? 6144, contextLength: 32768,
                experts: experts, hasWindows: true)
            try fields.readWindows(into: &model, switchedBy: "use_sliding_window", width: 4096) { _ in true }
            try fields.readAttentionBias(into: &model)
            model.normalizesHeads = true
            let step = try fields.integer("decoder_sparse_step") ?? 1
            let dense = Set(try fields.integers("mlp_only_layers"))
            guard step > 0 else { throw .configuration("'decoder_sparse_step' is \(step); it is at least 1") }
            model.denseLayers = Set((0..<model.layerCount).filter { dense.contains($0) || ($0 + 1) % step != 0 })
            guard model.denseLayers.count < model.layerCount else {
                throw .configuration("'decoder_sparse_step' or 'mlp_only_layers' leave no layer with experts")
            }
            // The class adds no such loss unless it is asked to.
            if own == nil, try fields.bool("output_router_logits") ?? false {
                model.experts?.balance = .overLayers
                model.experts?.auxiliaryCoefficient = try fields.number("router_aux_loss_coef") ?? 0.001
            }
            return model
        } write: { model, json throws(ModelError) in
            try writeQwen3(model, &json)
            guard let experts = model.experts else { return }
            json["num_experts"] = .integer(experts.count)
            json["num_experts_per_tok"] = .integer(experts.perToken)
            json["moe_intermediate_size"] = .integer(experts.hiddenDim ?? model.hiddenDim)
            json["norm_topk_prob"] = .bool(experts.normalizesWeights)
            json["router_aux_loss_coef"] = .number(experts.auxiliaryCoefficient.shortest)
            json["output_router_logits"] = .bool(experts.balance == .overLayers && experts.auxiliaryCoefficient > 0)
            if experts.balance != .overLayers { json[minimindBalance] = .number(experts.auxiliaryCoefficient.shortest) }
            json["decoder_sparse_step"] = 1
            json["mlp_only_layers"] = .array(model.denseLayers.sorted().map(JSON.integer))
        },
        gguf: GGUF(architecture: "qwen3moe", rotaryLayout: .rotateHalf, hasExperts: true) { fields, _, model throws(ModelError) in
            if let shared = try fields.integer("expert_shared_count"), shared > 0 {
                throw .unsupported("shared experts of the architecture 'qwen3moe' are not supported")
            }
            model.experts = ExpertConfiguration(
                count: try fields.needed("expert_count"), perToken: try fields.needed("expert_used_count"), sharedCount: 0,
                hiddenDim: try fields.needed("expert_feed_forward_length"),
                // llama.cpp divides by the sum for this architecture, whatever a file says.
                normalizesWeights: true, normalizesSingleWeight: true,
                // Ours alone: others, who only run the model, have no such keys.
                balance: try fields.bool(ggufPooledBalance) == true ? .overLayers : .overBatch,
                auxiliaryCoefficient: try fields.number(ggufBalance) ?? 0)
            model.normalizesHeads = true
        } write: { model, fields throws(ModelError) in
            guard let experts = model.experts else { return }
            guard model.dividesExpertWeights || experts.perToken == experts.count else {
                throw .unsupported("llama.cpp divides the weights of a token's experts by their sum, which this model does not")
            }
            fields.set("expert_count", experts.count)
            fields.set("expert_used_count", experts.perToken)
            fields.set("expert_feed_forward_length", experts.hiddenDim ?? model.hiddenDim)
            if experts.auxiliaryCoefficient > 0 { fields.set(ggufBalance, experts.auxiliaryCoefficient) }
            if experts.balance == .overLayers { fields.set(ggufPooledBalance, .bool(true)) }
        },
        generation: .v3)

    /// MiniMind's factor of the auxiliary loss, in a folder of a class that has such a loss only where it is asked to.
    private static let minimindBalance = "minimind_router_aux_loss_coef"
    /// The same in a GGUF.
    private static let ggufBalance = "router_aux_loss_coef"
    /// Whether it is of all layers together.
    private static let ggufPooledBalance = "router_aux_loss_over_layers"

    private static func writeQwen3(_ model: ModelConfiguration, _ json: inout JSONObject) throws(ModelError) {
        try model.writeAttention(to: &json)
        try model.writeAttentionBias(to: &json)
        try model.writeWindows(to: &json, switchedBy: "use_sliding_window")
    }
}
