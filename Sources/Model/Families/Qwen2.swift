import Tensor

extension ModelFamily {
    /// Qwen2, Qwen2.5, Qwen2.5-Coder, and what was distilled into them.
    static let qwen2: ModelFamily = ModelFamily(
        name: "Qwen2",
        huggingFace: HuggingFace(modelType: "qwen2", className: "Qwen2ForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(.qwen2, keyValueHeadCount: 32, contextLength: 32768, hasWindows: true)
            let first = try fields.integer("max_window_layers") ?? 28
            try fields.readWindows(into: &model, switchedBy: "use_sliding_window", width: 4096) { $0 >= first }
            model.biases = [.query, .key, .value]
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeWindows(to: &json, switchedBy: "use_sliding_window")
        },
        gguf: GGUF(architecture: "qwen2", rotaryLayout: .rotateHalf, headsSpanModel: true) { fields, _, model throws(ModelError) in
            model.biases = [.query, .key, .value]
        })
}
