import Tensor

extension ModelFamily {
    /// Granite 3 and 4 without experts: a Llama whose embedding, attention, residual sums and logits have multipliers.
    static let granite: ModelFamily = ModelFamily(
        name: "Granite",
        huggingFace: HuggingFace(modelType: "granite", className: "GraniteForCausalLM") { fields throws(ModelError) in
            var model = try fields.model(.granite, contextLength: 2048)
            try fields.readAttentionBias(into: &model)
            try fields.readFeedForwardBias(into: &model)
            model.embeddingMultiplier = try fields.number("embedding_multiplier") ?? 1
            model.residualMultiplier = try fields.number("residual_multiplier") ?? 1
            model.attentionScale = try fields.number("attention_multiplier") ?? 1
            let divisor = try fields.number("logits_scaling") ?? 1
            guard divisor > 0 else { throw .configuration("'logits_scaling' is \(divisor); it is above 0") }
            model.logitsMultiplier = 1 / divisor
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeAttentionBias(to: &json)
            try model.writeFeedForwardBias(to: &json)
            json["embedding_multiplier"] = .number(model.embeddingMultiplier.shortest)
            json["residual_multiplier"] = .number(model.residualMultiplier.shortest)
            json["attention_multiplier"] = .number(model.scaleOfAttention.shortest)
            json["logits_scaling"] = .number((1 / model.logitsMultiplier).shortest)
        },
        gguf: GGUF(architecture: "granite", rotaryLayout: .interleaved, hasFrequencyDivisors: true) {
            fields, tensors, model throws(ModelError) in
            model.biases = tensors.biases(.gguf)
            model.embeddingMultiplier = try fields.multiplier("embedding_scale") ?? 1
            model.residualMultiplier = try fields.multiplier("residual_scale") ?? 1
            model.attentionScale = try fields.multiplier("attention.scale") ?? model.scaleOfAttention
            model.logitsMultiplier = 1 / (try fields.multiplier("logit_scale") ?? 1)
        } write: { model, fields throws(ModelError) in
            fields.set("embedding_scale", model.embeddingMultiplier)
            fields.set("residual_scale", model.residualMultiplier)
            fields.set("attention.scale", model.scaleOfAttention)
            fields.set("logit_scale", 1 / model.logitsMultiplier)
        })
}

extension GGUFFields {
    /// A factor; 0 stands for none, as llama.cpp has it.
    fileprivate func multiplier(_ key: String) throws(ModelError) -> Float? {
        let value = try number(key)
        return value == 0 ? nil : value
    }
}
