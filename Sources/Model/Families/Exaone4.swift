import Tensor

extension ModelFamily {
    /// EXAONE 4: norms after attention and feed-forward layer and of each head's queries and keys, and where it has windows,
    /// layers without one that turn nothing.
    static let exaone4: ModelFamily = ModelFamily(
        name: "EXAONE 4",
        huggingFace: HuggingFace(modelType: "exaone4", className: "Exaone4ForCausalLM", naming: .huggingFaceWithOutputNorms) {
            fields throws(ModelError) in
            var model = try fields.model(
                .exaone4, keyValueHeadCount: 32, contextLength: 2048, normEpsilon: 1e-5, hasWindows: true)
            model.normPlaces = .after
            model.queryKeyNorm = .perHead
            // "LLLG" in the first settings stands for 4.
            let text = fields["sliding_window_pattern"]?.string
            var pattern = text.map(\.count)
            if pattern == nil { pattern = try fields.integer("sliding_window_pattern") ?? 4 }
            let interval = max(pattern ?? 4, 1)
            try fields.readWindows(into: &model, width: 4096) { ($0 + 1) % interval != 0 }
            if !model.windows.isEmpty { model.unrotatedLayers = Set(model.windows.indices.filter { model.windows[$0] == nil }) }
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeWindows(to: &json)
        },
        gguf: GGUF(architecture: "exaone4", rotaryLayout: .rotateHalf, headsSpanModel: true, hasFrequencyDivisors: true, hasWindows: true) {
            fields, _, model throws(ModelError) in
            model.normPlaces = .after
            model.queryKeyNorm = .perHead
            // llama.cpp gives a model of so many layers windows, and no other one, whatever the file says.
            guard model.layerCount == 64 else { return }
            let window = try fields.integer("attention.sliding_window") ?? 4096
            model.windows = (0..<model.layerCount).map { ($0 + 1) % 4 == 0 ? nil : window }
            model.unrotatedLayers = Set(model.windows.indices.filter { model.windows[$0] == nil })
        } write: { model, fields throws(ModelError) in
            if let window = model.windows.compactMap({ $0 }).first { fields.set("attention.sliding_window", window) }
        })
}
