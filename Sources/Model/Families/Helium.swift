import Tensor

extension ModelFamily {
    /// Helium: a Llama whose neighbouring values turn together. llama.cpp has no architecture for it.
    static let helium: ModelFamily = ModelFamily(
        name: "Helium",
        huggingFace: HuggingFace(modelType: "helium", className: "HeliumForCausalLM", rotaryLayout: .interleaved) {
            fields throws(ModelError) in
            var model = try fields.model(
                .helium, keyValueHeadCount: 20, headDim: 128, contextLength: 4096, normEpsilon: 1e-8, ropeTheta: 1e5)
            model.rotaryLayout = .interleaved
            if try fields.bool("attention_bias") ?? false { model.biases.formUnion([.query, .key, .value]) }
            try fields.readFeedForwardBias(into: &model)
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            json["attention_bias"] = .bool(try model.hasBiases(on: [.query, .key, .value]))
            try model.writeFeedForwardBias(to: &json)
        })
}
