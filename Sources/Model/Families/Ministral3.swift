import Tensor

extension ModelFamily {
    /// Ministral 3: a Mistral whose queries grow with their position (2025).
    static let ministral3: ModelFamily = ModelFamily(
        name: "Ministral 3",
        huggingFace: HuggingFace(modelType: "ministral3", className: "Ministral3ForCausalLM") { fields throws(ModelError) in
            guard let rotary = try fields.object("rope_parameters") else {
                throw .configuration("there is no 'rope_parameters', which a Ministral 3 needs")
            }
            var model = try fields.model(
                .ministral3, keyValueHeadCount: 8, headDim: 128, contextLength: 262_144, normEpsilon: 1e-5, ropeTheta: 1e6,
                hasWindows: true)
            try fields.readWindows(into: &model) { _ in true }
            guard let scale = try rotary.number("llama_4_scaling_beta"),
                let positions = try rotary.integer("original_max_position_embeddings")
            else {
                throw .configuration(
                    "'rope_parameters' has no 'llama_4_scaling_beta' or no 'original_max_position_embeddings', which a Ministral 3 needs")
            }
            model.setTemperature(scale, positions)
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeWindows(to: &json)
            // The class has one window for all layers, and a warning for who says it layer by layer.
            json["layer_types"] = nil
            json["max_position_embeddings"] = .integer(model.contextLength)
            // It looks for all of this in one place.
            json["rope_scaling"] = nil
            var rotary = try model.huggingFaceRotaryScaling().object ?? ["rope_type": "default"]
            rotary["rope_theta"] = .number(model.ropeTheta.shortest)
            rotary["llama_4_scaling_beta"] = .number((model.attentionTemperature?.scale ?? 0).shortest)
            rotary["original_max_position_embeddings"] = .integer(model.originalPositions)
            json["rope_parameters"] = .object(rotary)
        },
        gguf: GGUF(architecture: "mistral3", rotaryLayout: .interleaved) { fields, _, model throws(ModelError) in
            model.setTemperature(
                try fields.number("attention.temperature_scale") ?? 0,
                try fields.integer("rope.scaling.original_context_length") ?? model.contextLength)
        } write: { model, fields throws(ModelError) in
            guard let temperature = model.attentionTemperature else { return }
            fields.set("attention.temperature_scale", temperature.scale)
            fields.set("rope.scaling.original_context_length", temperature.positions)
        })
}

extension ModelConfiguration {
    /// A factor of 1 at all positions is no factor.
    fileprivate mutating func setTemperature(_ scale: Float, _ positions: Int) {
        attentionTemperature = scale == 0 ? nil : AttentionTemperature(scale: scale, positions: positions)
    }

    /// The positions of the first training, by which the factor of queries goes.
    fileprivate var originalPositions: Int {
        if let attentionTemperature { return attentionTemperature.positions }
        if case .yarn(let yarn)? = ropeScaling { return yarn.originalPositions }
        return contextLength
    }
}
