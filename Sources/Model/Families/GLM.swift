import Tensor

extension ModelFamily {
    /// GLM-4-9B and GLM-Edge (GLM Team 2024): gate and up are one product, and neighbouring values of half a head turn.
    static let glm: ModelFamily = ModelFamily(
        name: "GLM",
        huggingFace: HuggingFace(
            modelType: "glm", className: "GlmForCausalLM", rotaryLayout: .interleaved, hasPartialRotation: true
        ) { fields throws(ModelError) in
            var model = try fields.model(
                .glm, keyValueHeadCount: 2, headDim: 128, contextLength: 131072, normEpsilon: 1.5625e-7)
            model.rotaryLayout = .interleaved
            model.fusesGateUp = true
            if try fields.bool("attention_bias") ?? true { model.biases = [.query, .key, .value] }
            let settings = [fields, try fields.object("rope_parameters"), try fields.object("rope_scaling")]
            // What the class takes where nothing is said.
            if !settings.contains(where: { $0?["partial_rotary_factor"] != nil }) { model.rotaryDim = model.headDim / 2 }
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            if model.rotaryDim == nil { json["partial_rotary_factor"] = 1.0 }
            json["attention_bias"] = .bool(try model.hasBiases(on: [.query, .key, .value]))
        })
}
