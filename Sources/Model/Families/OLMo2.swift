import Tensor

extension ModelFamily {
    /// OLMo 2 (OLMo Team 2025): norms after attention and feed-forward layer, and of all queries and keys together.
    static let olmo2: ModelFamily = ModelFamily(
        name: "OLMo 2",
        huggingFace: HuggingFace(modelType: "olmo2", className: "Olmo2ForCausalLM", naming: .huggingFaceWithOutputNorms) {
            fields throws(ModelError) in
            var model = try fields.model(.olmo2, contextLength: 2048, normEpsilon: 1e-5)
            try fields.readAttentionBias(into: &model)
            model.normPlaces = .after
            model.queryKeyNorm = .wholeWidth
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeAttentionBias(to: &json)
        },
        gguf: GGUF(architecture: "olmo2", rotaryLayout: .rotateHalf, headsSpanModel: true, hasWindows: true) {
            fields, _, model throws(ModelError) in
            model.normPlaces = .after
            model.queryKeyNorm = .wholeWidth
            guard let window = try fields.integer("attention.sliding_window"), window > 0 else { return }
            model.family = .olmo3
            model.windows = (0..<model.layerCount).map { ($0 + 1) % 4 == 0 ? nil : window }
            model.windowedRopeTheta = model.ropeTheta
        } write: { model, fields throws(ModelError) in
            if let window = model.windows.compactMap({ $0 }).first { fields.set("attention.sliding_window", window) }
        })
}
