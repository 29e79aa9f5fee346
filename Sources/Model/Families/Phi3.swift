import Tensor

extension ModelFamily {
    /// Phi-3 and Phi-4-mini (Abdin et al. 2024): a Llama whose queries, keys and values are one product, as gate and up are,
    /// with a window in every layer or in none, and in Phi-4-mini heads of which three quarters turn.
    static let phi3: ModelFamily = ModelFamily(
        name: "Phi-3",
        huggingFace: HuggingFace(modelType: "phi3", className: "Phi3ForCausalLM", hasPartialRotation: true) {
            fields throws(ModelError) in
            var model = try fields.model(.phi3, contextLength: 4096, normEpsilon: 1e-5, originalPositions: 4096)
            try model.checkPhi3Scaling()
            model.setPhi3(window: try fields.integer("sliding_window"))
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeWindows(to: &json)
            // The class has one window for all layers, or none.
            json["layer_types"] = nil
            try model.writePhi3Scaling(to: &json)
            json["resid_pdrop"] = 0.0
            json["embd_pdrop"] = 0.0
        },
        gguf: GGUF(
            architecture: "phi3", naming: .gguf.renaming([.linear(.gateUp, nil): "ffn_up"]), rotaryLayout: .rotateHalf,
            headsSpanModel: true, hasPartialRotation: true, hasLengthDivisors: true, hasWindows: true
        ) { fields, _, model throws(ModelError) in
            let window = try fields.integer("attention.sliding_window")
            model.setPhi3(window: window == 0 ? nil : window)
        } write: { model, fields throws(ModelError) in
            fields.set("attention.sliding_window", model.windows.compactMap { $0 }.min() ?? 0)
        } warning: { model in
            // The architecture is told of a window and computes none, as its converter's users know.
            guard let window = model.windows.compactMap({ $0 }).min(), window < model.contextLength else { return nil }
            return
                "llama.cpp computes no window in this architecture: it reads texts of more than \(window) tokens otherwise than the model"
        })
}

extension ModelConfiguration {
    /// Refuses what the class does not scale its angles by.
    ///
    /// - Throws: ``ModelError/unsupported(_:)``
    fileprivate func checkPhi3Scaling() throws(ModelError) {
        switch ropeScaling {
        case nil, .longRoPE, .divisors: return
        case .linear, .yarn, .llama3, .dynamic:
            throw .unsupported("the class Phi3ForCausalLM of transformers has no rotary scaling but 'longrope'")
        }
    }

    /// Writes the scaling as the class wants it in transformers 4: three fields, and what it is trained for beside them.
    fileprivate func writePhi3Scaling(to json: inout JSONObject) throws(ModelError) {
        try checkPhi3Scaling()
        guard case .longRoPE(let scaling)? = ropeScaling else {
            json["original_max_position_embeddings"] = .integer(contextLength)
            return
        }
        let rope = json["rope_scaling"]
        var fields: JSONObject = [
            "type": "longrope", "short_factor": rope?["short_factor"] ?? .null, "long_factor": rope?["long_factor"] ?? .null,
        ]
        let factor = Double(contextLength) / Double(scaling.originalPositions)
        let usual = RotaryScaling.LongRoPE.attentionFactor(factor, originalPositions: scaling.originalPositions)
        if scaling.attentionFactor != usual { fields["attention_factor"] = rope?["attention_factor"] ?? .null }
        json["rope_scaling"] = .object(fields)
    }

    /// What all models of the family have.
    ///
    /// - Parameter window: of every layer; `nil` for none
    fileprivate mutating func setPhi3(window: Int?) {
        fusesQueryKeyValue = true
        fusesGateUp = true
        windows = window.map { Array(repeating: $0, count: layerCount) } ?? []
    }
}
