import Foundation
import Tensor

extension ModelFamily {
    /// Gemma 1 (Gemma Team 2024): norms of `1 + w`, a tanh-GELU gate, and rows of the embedding times `sqrt(dim)`.
    static let gemma: ModelFamily = ModelFamily(
        name: "Gemma",
        huggingFace: HuggingFace(modelType: "gemma", className: "GemmaForCausalLM") { fields throws(ModelError) in
            try fields.refuseBidirectionalAttention()
            var model = try fields.model(
                .gemma, keyValueHeadCount: 16, headDim: 256, contextLength: 8192, tiesEmbedding: true, activation: .tanhGELU)
            // The class takes the exact function for the approximation that was meant by it.
            if model.activation == .gelu { model.activation = .tanhGELU }
            try fields.readAttentionBias(into: &model)
            model.setGemma()
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            json["hidden_activation"] = .string(model.activation.huggingFaceName)
            try model.writeAttentionBias(to: &json)
        },
        gguf: GGUF(architecture: "gemma", rotaryLayout: .rotateHalf) { fields, _, model throws(ModelError) in
            model.activation = .tanhGELU
            model.setGemma()
        })
}

extension ModelFamily {
    /// Gemma 3, of texts alone (Gemma Team 2025): norms before and after, of queries and keys too, and a window in five of
    /// six layers, which have a rotary base of their own.
    static let gemma3: ModelFamily = ModelFamily(
        name: "Gemma 3",
        huggingFace: HuggingFace(
            modelType: "gemma3_text", className: "Gemma3ForCausalLM",
            naming: .huggingFaceWithOutputNorms
        ) { fields throws(ModelError) in
            try fields.refuseBidirectionalAttention()
            if fields["attn_logit_softcapping"] != nil {
                throw .unsupported("'attn_logit_softcapping' is set, which transformers does not compute in a Gemma 3")
            }
            let (full, windowedTheta) = try fields.rotaryByLayer()
            var model = try fields.model(
                .gemma3, keyValueHeadCount: 4, headDim: 256, contextLength: 131072, ropeTheta: 1e6, tiesEmbedding: true,
                activation: .tanhGELU, activationKey: "hidden_activation", hasWindows: true, rotary: full)
            try fields.readGemma2(into: &model)
            model.queryKeyNorm = .perHead
            model.logitsSoftCap = try fields.number("final_logit_softcapping")
            let interval = max(try fields.integer("sliding_window_pattern") ?? 6, 1)
            try fields.readWindows(into: &model, width: 4096) { ($0 + 1) % interval != 0 }
            let olderTheta = try fields.number("rope_local_base_freq")
            model.windowedRopeTheta = windowedTheta ?? olderTheta ?? 10000
            return model
        } write: { model, json throws(ModelError) in
            try model.writeGemma2(to: &json)
            json["rope_local_base_freq"] = .number((model.windowedRopeTheta ?? model.ropeTheta).shortest)
        },
        gguf: GGUF(architecture: "gemma3", rotaryLayout: .rotateHalf, hasWindows: true, foldsAttentionScale: true) {
            fields, _, model throws(ModelError) in
            model.activation = .tanhGELU
            model.setGemma2()
            model.queryKeyNorm = .perHead
            if let window = try fields.integer("attention.sliding_window"), window > 0 {
                model.windows = (0..<model.layerCount).map { ($0 + 1) % 6 == 0 ? nil : window }
            }
            model.windowedRopeTheta = try fields.number("rope.freq_base_swa") ?? 10000
        } write: { model, fields throws(ModelError) in
            guard model.windowedRopeTheta == 10000 else {
                throw .unsupported("llama.cpp has a rotary base of 10000 in Gemma 3's layers with a window; write a Hugging Face folder")
            }
            if let window = model.windows.compactMap({ $0 }).first { fields.set("attention.sliding_window", window) }
        })

    /// Gemma 2 (Gemma Team 2024): norms before and after, a window in every other layer, and soft caps of scores and logits.
    static let gemma2: ModelFamily = ModelFamily(
        name: "Gemma 2",
        huggingFace: HuggingFace(
            modelType: "gemma2", className: "Gemma2ForCausalLM", naming: .huggingFaceWithOutputNorms
        ) { fields throws(ModelError) in
            try fields.refuseBidirectionalAttention()
            var model = try fields.model(
                .gemma2, keyValueHeadCount: 4, headDim: 256, contextLength: 8192, tiesEmbedding: true, activation: .tanhGELU,
                activationKey: "hidden_activation", hasWindows: true)
            try fields.readGemma2(into: &model)
            // What is missing has the published cap; what is null has none.
            let (scores, logits) = (try fields.number("attn_logit_softcapping"), try fields.number("final_logit_softcapping"))
            model.attentionSoftCap = scores ?? (fields.isNull("attn_logit_softcapping") ? nil : 50)
            model.logitsSoftCap = logits ?? (fields.isNull("final_logit_softcapping") ? nil : 30)
            try fields.readWindows(into: &model, width: 4096) { $0 % 2 == 0 }
            return model
        } write: { model, json throws(ModelError) in
            try model.writeGemma2(to: &json)
            json["attn_logit_softcapping"] = model.attentionSoftCap.map { .number($0.shortest) } ?? .null
        },
        gguf: GGUF(architecture: "gemma2", rotaryLayout: .rotateHalf, hasWindows: true, foldsAttentionScale: true) {
            fields, _, model throws(ModelError) in
            model.activation = .tanhGELU
            model.setGemma2()
            model.attentionSoftCap = try fields.number("attn_logit_softcapping") ?? 50
            model.logitsSoftCap = try fields.number("final_logit_softcapping") ?? 30
            let window = try fields.integer("attention.sliding_window") ?? 4096
            if window > 0 { model.windows = (0..<model.layerCount).map { $0 % 2 == 0 ? window : nil } }
        } write: { model, fields throws(ModelError) in
            if let cap = model.attentionSoftCap { fields.set("attn_logit_softcapping", cap) }
            if let cap = model.logitsSoftCap { fields.set("final_logit_softcapping", cap) }
            if let window = model.windows.compactMap({ $0 }).first { fields.set("attention.sliding_window", window) }
        })
}

extension ModelConfiguration {
    /// Writes what Gemma 2 and 3 have in common.
    fileprivate func writeGemma2(to json: inout JSONObject) throws(ModelError) {
        try writeAttention(to: &json)
        try writeAttentionBias(to: &json)
        try writeWindows(to: &json)
        json["hidden_activation"] = .string(activation.huggingFaceName)
        json["final_logit_softcapping"] = logitsSoftCap.map { .number($0.shortest) } ?? .null
        let scale = Double(scaleOfAttention)
        let scalar = 1 / (scale * scale)
        // A whole number in all published settings, which some readers ask for.
        json["query_pre_attn_scalar"] =
            abs(scalar - scalar.rounded()) < 1e-4 * scalar ? .integer(Int(scalar.rounded())) : .number(scalar)
    }

    /// What all models of the family have from Gemma 2 on.
    fileprivate mutating func setGemma2() {
        setGemma()
        normPlaces = .both
    }

    /// What all models of the family have.
    fileprivate mutating func setGemma() {
        normOffset = 1
        embeddingMultiplier = Float(dim).squareRoot()
    }
}

extension ConfigurationFields {
    /// Reads what Gemma 2 and 3 have in common.
    fileprivate func readGemma2(into model: inout ModelConfiguration) throws(ModelError) {
        try readAttentionBias(into: &model)
        model.setGemma2()
        model.attentionScale = 1 / (try number("query_pre_attn_scalar") ?? 256).squareRoot()
    }
}
