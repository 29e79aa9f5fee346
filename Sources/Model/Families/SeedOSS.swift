import Tensor

extension ModelFamily {
    /// Seed-OSS: a Llama with biases on queries, keys and values.
    static let seedOSS: ModelFamily = ModelFamily(
        name: "Seed-OSS",
        huggingFace: HuggingFace(modelType: "seed_oss", className: "SeedOssForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(.seedOSS, keyValueHeadCount: 8, headDim: 128, contextLength: 524288)
            model.activation = try fields.activation("hidden_act")
            if try fields.bool("attention_bias") ?? true { model.biases.formUnion([.query, .key, .value]) }
            if try fields.bool("attention_out_bias") ?? false { model.biases.insert(.output) }
            if try fields.bool("mlp_bias") ?? false { model.biases.formUnion([.gate, .up, .down]) }
            return model
        } write: { model, json throws(ModelError) in
            json["head_dim"] = .integer(model.headDim)
            json["rope_scaling"] = try model.huggingFaceRotaryScaling()
            json["attention_bias"] = .bool(try model.hasBiases(on: [.query, .key, .value]))
            json["attention_out_bias"] = .bool(model.biases.contains(.output))
            json["mlp_bias"] = .bool(try model.hasBiases(on: [.gate, .up, .down]))
            json["attention_dropout"] = 0.0
            json["residual_dropout"] = 0.0
        },
        gguf: GGUF(
            architecture: "seed_oss", naming: .gguf.renaming([.feedForwardNorm: "post_attention_norm"]), rotaryLayout: .rotateHalf
        ) { fields, tensors, model throws(ModelError) in
            try fields.refuseExperts()
            model.biases = tensors.biases(.gguf).intersection([.query, .key, .value])
        } write: { _, _ throws(ModelError) in
        })
}
