import Tensor

extension ModelFamily {
    /// SmolLM3: a Llama that turns no queries and keys in every fourth layer.
    static let smolLM3: ModelFamily = ModelFamily(
        name: "SmolLM3",
        huggingFace: HuggingFace(modelType: "smollm3", className: "SmolLM3ForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(
                .smolLM3, keyValueHeadCount: 4, contextLength: 32768, ropeTheta: 2e6, tiesEmbedding: true,
                hasWindows: true)
            try fields.readAttentionBias(into: &model)
            try fields.readFeedForwardBias(into: &model)
            if let turned = try fields.numbers("no_rope_layers") {
                guard turned.count == model.layerCount else {
                    throw .configuration("'no_rope_layers' is for \(turned.count) layers, and the model has \(model.layerCount)")
                }
                model.unrotatedLayers = Set(turned.indices.filter { turned[$0] == 0 })
            } else {
                let interval = try fields.integer("no_rope_layer_interval") ?? 4
                guard interval > 0 else { throw .configuration("'no_rope_layer_interval' is \(interval); it is at least 1") }
                model.unrotatedLayers = everyLayer(interval, of: model.layerCount)
            }
            let unrotated = model.unrotatedLayers
            try fields.readWindows(into: &model, switchedBy: "use_sliding_window") { unrotated.contains($0) }
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeAttentionBias(to: &json)
            try model.writeFeedForwardBias(to: &json)
            json["no_rope_layers"] = .array((0..<model.layerCount).map { .integer(model.unrotatedLayers.contains($0) ? 0 : 1) })
            try model.writeWindows(to: &json, switchedBy: "use_sliding_window")
        },
        gguf: GGUF(architecture: "smollm3", rotaryLayout: .interleaved) { fields, tensors, model throws(ModelError) in
            model.unrotatedLayers = everyLayer(4, of: model.layerCount)
        })

    /// The last of each so many layers.
    private static func everyLayer(_ interval: Int, of count: Int) -> Set<Int> {
        Set((0..<count).filter { ($0 + 1) % interval == 0 })
    }
}
