import Tensor

extension ModelFamily {
    /// Seed-OSS: a Llama with biases on queries, keys and values.
    static let seedOSS: ModelFamily = ModelFamily(
        name: "Seed-OSS",
        huggingFace: HuggingFace(modelType: "seed_oss", className: "SeedOssForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(.seedOSS, keyValueHeadCount: 8, headDim: 128, contextLength: 524288)
            if try fields.bool("attention_bias") ?? true { model.biases.formUnion([.query, .key, .value]) }
            if try fields.bool("attention_out_bias") ?? false { model.biases.insert(.output) }
            try fields.readFeedForwardBias(into: &model)
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            json["attention_bias"] = .bool(try model.hasBiases(on: [.query, .key, .value]))
            json["attention_out_bias"] = .bool(model.biases.contains(.output))
            try model.writeFeedForwardBias(to: &json)
            json["residual_dropout"] = 0.0
        },
        gguf: GGUF(
            architecture: "seed_oss", naming: .gguf.renaming([.feedForwardNorm: "post_attention_norm"]), rotaryLayout: .rotateHalf
        ) { fields, tensors, model throws(ModelError) in
            model.biases = tensors.biases(.gguf).intersection([.query, .key, .value])
        })
}
