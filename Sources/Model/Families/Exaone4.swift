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
        gguf: GGUF(architecture: "exaone4", rotaryLayout: .rotateHalf, hasFrequencyDivisors: true) { fields, _, model throws(ModelError) in
            model.normPlaces = .after
            model.queryKeyNorm = .perHead
            try checkWindows(model)
        } write: { model, _ throws(ModelError) in
            try checkWindows(model)
        })

    /// llama.cpp gives a model of 64 layers windows, and no other one, whatever the file says.
    private static func checkWindows(_ model: ModelConfiguration) throws(ModelError) {
        guard model.layerCount != 64 else {
            throw .unsupported(
                "an EXAONE 4 of 64 layers has windows in llama.cpp that are not read or written here; take a Hugging Face folder")
        }
    }
}
