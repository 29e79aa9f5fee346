import Tensor

extension ModelFamily {
    /// Llama 2 and 3, TinyLlama, SmolLM2.
    static let llama: ModelFamily = ModelFamily(
        name: "Llama",
        huggingFace: HuggingFace(modelType: "llama", className: "LlamaForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(.llama, contextLength: 2048)
            try fields.readAttentionBias(into: &model)
            try fields.readFeedForwardBias(into: &model)
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeAttentionBias(to: &json)
            try model.writeFeedForwardBias(to: &json)
        },
        // llama.cpp turns a Llama's values in neighbouring pairs.
        gguf: GGUF(architecture: "llama", rotaryLayout: .interleaved, hasFrequencyDivisors: true, hasLengthDivisors: true) {
            fields, tensors, model throws(ModelError) in
            // The biases that a GGUF of this architecture has are known by its tensors alone.
            model.biases = tensors.biases(.gguf)
        },
        generation: .v2)
}
