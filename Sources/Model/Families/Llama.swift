import Tensor

extension ModelFamily {
    /// Llama 2 and 3, TinyLlama, SmolLM2.
    static let llama: ModelFamily = ModelFamily(
        name: "Llama",
        huggingFace: HuggingFace(modelType: "llama", className: "LlamaForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(.llama, contextLength: 2048)
            model.activation = try fields.activation("hidden_act")
            try fields.readLlamaBiases(into: &model)
            return model
        } write: { model, json throws(ModelError) in
            json["head_dim"] = .integer(model.headDim)
            json["rope_scaling"] = try model.huggingFaceRotaryScaling()
            json["attention_dropout"] = 0.0
            try model.writeLlamaBiases(to: &json)
        },
        // llama.cpp turns a Llama's values in neighbouring pairs.
        gguf: GGUF(architecture: "llama", rotaryLayout: .interleaved, hasFrequencyDivisors: true) {
            fields, tensors, model throws(ModelError) in
            try fields.refuseExperts()
            // The biases that a GGUF of this architecture has are known by its tensors alone.
            model.biases = tensors.biases(.gguf)
        } write: { model, _ throws(ModelError) in
        },
        generation: .v2)
}
