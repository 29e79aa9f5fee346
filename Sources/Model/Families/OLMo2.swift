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
        gguf: GGUF(architecture: "olmo2", rotaryLayout: .rotateHalf) { fields, _, model throws(ModelError) in
            model.normPlaces = .after
            model.queryKeyNorm = .wholeWidth
        })
}
