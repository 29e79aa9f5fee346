import Tensor

extension ModelFamily {
    /// Ernie 4.5 without experts: a Llama whose neighbouring values turn together.
    static let ernie45: ModelFamily = ModelFamily(
        name: "Ernie 4.5",
        huggingFace: HuggingFace(modelType: "ernie4_5", className: "Ernie4_5ForCausalLM", rotaryLayout: .interleaved) {
            fields throws(ModelError) in
            var model = try fields.model(
                .ernie45, keyValueHeadCount: 2, headDim: 128, contextLength: 131072, normEpsilon: 1e-5, ropeTheta: 5e5,
                tiesEmbedding: true)
            model.rotaryLayout = .interleaved
            if try fields.bool("use_bias") ?? false { model.biases = allRoles }
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            json["use_bias"] = .bool(try model.hasBiases(on: allRoles))
        },
        gguf: GGUF(architecture: "ernie4_5", rotaryLayout: .interleaved) { fields, tensors, model throws(ModelError) in
            model.rotaryLayout = .interleaved
            model.biases = tensors.biases(.gguf).intersection([.query, .key, .value, .output])
        })

    private static let allRoles: Set<LinearRole> = [.query, .key, .value, .output, .gate, .up, .down]
}
