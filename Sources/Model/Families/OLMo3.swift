import Tensor

extension ModelFamily {
    /// OLMo 3: OLMo 2 with a window in three of four layers, whose rotary angles are never scaled.
    static let olmo3: ModelFamily = ModelFamily(
        name: "OLMo 3",
        huggingFace: HuggingFace(modelType: "olmo3", className: "Olmo3ForCausalLM", naming: .huggingFaceWithOutputNorms) {
            fields throws(ModelError) in
            let (full, windowedTheta) = try fields.rotaryByLayer()
            var model = try fields.model(
                .olmo3, contextLength: 2048, normEpsilon: 1e-5, ropeTheta: 5e5, hasWindows: true, rotary: full)
            try fields.readAttentionBias(into: &model)
            model.normPlaces = .after
            model.queryKeyNorm = .wholeWidth
            try fields.readWindows(into: &model, width: 4096) { ($0 + 1) % 4 != 0 }
            model.windowedRopeTheta = windowedTheta ?? model.ropeTheta
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            guard model.windowedRopeTheta == nil || model.windowedRopeTheta == model.ropeTheta else {
                throw .unsupported("a rotary base of its own in layers with a window; write the model as a state dict")
            }
            try model.writeAttentionBias(to: &json)
            try model.writeWindows(to: &json)
        },
        // llama.cpp knows it from an OLMo 2 by its window.
        gguf: ModelFamily.olmo2.gguf)
}
