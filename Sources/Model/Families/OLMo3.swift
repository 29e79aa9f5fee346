import Tensor

extension ModelFamily {
    /// OLMo 3: OLMo 2 with a window in three of four layers, whose rotary angles are never scaled.
    static let olmo3: ModelFamily = ModelFamily(
        name: "OLMo 3",
        huggingFace: HuggingFace(modelType: "olmo3", className: "Olmo3ForCausalLM", naming: .huggingFaceWithOutputNorms) {
            fields throws(ModelError) in
            let nested = try fields.object("rope_parameters")
            let (full, local) = (try nested?.object("full_attention"), try nested?.object("sliding_attention"))
            var model = try fields.model(
                .olmo3, contextLength: 2048, normEpsilon: 1e-5, ropeTheta: 5e5, hasWindows: true, rotary: full)
            model.activation = try fields.activation("hidden_act")
            if try fields.bool("attention_bias") ?? false { model.biases = [.query, .key, .value, .output] }
            model.normPlaces = .after
            model.queryKeyNorm = .wholeWidth
            try fields.readWindows(into: &model, width: 4096) { ($0 + 1) % 4 != 0 }
            let localTheta = try local?.number("rope_theta")
            if let type = try local?.text("rope_type"), type != "default" {
                throw .unsupported("the rotary scaling '\(type.prefix(40))' in layers with a window is not supported")
            }
            model.windowedRopeTheta = localTheta ?? model.ropeTheta
            return model
        } write: { model, json throws(ModelError) in
            json["head_dim"] = .integer(model.headDim)
            json["rope_scaling"] = try model.huggingFaceRotaryScaling()
            guard model.windowedRopeTheta == nil || model.windowedRopeTheta == model.ropeTheta else {
                throw .unsupported("a rotary base of its own in layers with a window; write the model as a state dict")
            }
            json["attention_bias"] = .bool(try model.hasBiases(on: [.query, .key, .value, .output]))
            json["attention_dropout"] = 0.0
            try model.writeWindows(to: &json)
        })
}
