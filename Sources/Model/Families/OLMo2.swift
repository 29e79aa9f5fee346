import Tensor

extension ModelFamily {
    /// OLMo 2 (OLMo Team 2025): norms after attention and feed-forward layer, and of all queries and keys together.
    static let olmo2: ModelFamily = ModelFamily(
        name: "OLMo 2",
        huggingFace: HuggingFace(modelType: "olmo2", className: "Olmo2ForCausalLM", naming: .huggingFaceWithOutputNorms) {
            fields throws(ModelError) in
            var model = try fields.model(.olmo2, contextLength: 2048, normEpsilon: 1e-5)
            model.activation = try fields.activation("hidden_act")
            if try fields.bool("attention_bias") ?? false { model.biases = [.query, .key, .value, .output] }
            model.normPlaces = .after
            model.queryKeyNorm = .wholeWidth
            return model
        } write: { model, json throws(ModelError) in
            json["head_dim"] = .integer(model.headDim)
            json["rope_scaling"] = try model.huggingFaceRotaryScaling()
            json["attention_bias"] = .bool(try model.hasBiases(on: [.query, .key, .value, .output]))
            json["attention_dropout"] = 0.0
        },
        gguf: GGUF(architecture: "olmo2", rotaryLayout: .rotateHalf) { fields, _, model throws(ModelError) in
            try fields.refuseExperts()
            model.normPlaces = .after
            model.queryKeyNorm = .wholeWidth
        } write: { _, _ throws(ModelError) in
        })
}
