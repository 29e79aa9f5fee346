import Tensor

extension ModelFamily {
    /// Mistral: a Llama with a window in every layer (Jiang et al. 2023), or, in later models, in none.
    static let mistral: ModelFamily = mistral(name: "Mistral", modelType: "mistral", className: "MistralForCausalLM", hasTypes: false)

    /// Ministral: a Mistral that says layer by layer which have a window.
    static let ministral: ModelFamily = mistral(
        name: "Ministral", modelType: "ministral", className: "MinistralForCausalLM", hasTypes: true)

    private static func mistral(name: String, modelType: String, className: String, hasTypes: Bool) -> ModelFamily {
        ModelFamily(
            name: name,
            huggingFace: HuggingFace(modelType: modelType, className: className) { fields throws(ModelError) in
                var model = try fields.model(
                    hasTypes ? .ministral : .mistral, keyValueHeadCount: 8, contextLength: 131072, hasWindows: true)
                try fields.readWindows(into: &model, width: 4096) { _ in true }
                return model
            } write: { model, json throws(ModelError) in
                try model.writeAttention(to: &json)
                try model.writeWindows(to: &json)
                // The class has one window for all layers, and a warning for who says it layer by layer.
                if !hasTypes { json["layer_types"] = nil }
            },
            // llama.cpp has the models without a window as Llamas.
            gguf: ModelFamily.llama.gguf)
    }
}
