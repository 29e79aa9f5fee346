import Foundation
import Model
import Tensor

/// Adapters of mlx-lm: factors transposed, `lora_a` `[in, rank]` and `lora_b` `[rank, out]`, and DoRA's magnitude `m`.
enum MLXAdapter {
    static let weightsName = "adapters.safetensors"
    private static let words: [Substring: AdapterContents.Factors.Part] = ["lora_a": .a, "lora_b": .b, "m": .magnitude]

    /// - Parameter fields: of `adapter_config.json`; `nil` for factors alone, which have no scale
    static func read(_ dictionary: StateDictionary, _ fields: JSONObject?) throws(AdapterFileError) -> AdapterContents {
        let settings = try fields.map { fields throws(AdapterFileError) in try Settings(fields) }
        var factors = AdapterContents.Factors()
        for key in dictionary.names {
            guard var tensor = dictionary[key] else { continue }
            guard let dot = key.lastIndex(of: "."), let part = words[key[key.index(after: dot)...]] else { throw .unexpected(key) }
            if part != .magnitude {
                guard let transposed = tensor.transposed else {
                    if tensor.shape.count == 3 { throw .unsupported("adapted experts in one tensor ('\(key.prefix(120))')") }
                    throw .unexpectedKey(key)
                }
                tensor = transposed
            }
            try factors.add(part, of: String(key[..<dot].withoutWrapperPrefixes), tensor)
        }
        let naming = factors.naming([.huggingFace])
        var contents = AdapterContents(format: .mlx, naming: naming, rotaryLayout: .rotateHalf)
        for module in factors.modules {
            let hasMagnitude = settings?.usesDoRA ?? (factors[module, .magnitude] != nil)
            var (a, b, magnitude) = try factors.checked(module, hasMagnitude: hasMagnitude)
            // mlx-lm reads an embedding's factors the other way round.
            if naming.place(of: module) == .embedding, let rows = a.transposed, let columns = b.transposed {
                if magnitude != nil { throw .unsupported("DoRA on an embedding ('\(module.prefix(120))')") }
                (a, b) = (columns.reordered(nil), rows.reordered(nil))
            }
            if magnitude != nil, !hasMagnitude { throw .unexpectedKey("\(module).m") }
            if let rank = settings?.rank, rank != a.shape[0] { throw .rank(module: module, found: a.shape[0], expected: rank) }
            contents.modules.append(
                AdapterContents.Module(
                    name: module, place: naming.place(of: module), a: a, b: b, magnitude: magnitude,
                    scale: settings?.scale))
        }
        if let settings {
            contents.targets = .mlx(settings.targets)
            contents.dropout = settings.dropout
            contents.baseName = fields?["model"]?.string
        }
        return contents
    }

    private struct Settings {
        let usesDoRA: Bool
        let rank: Int
        let scale: Float
        let dropout: Float
        let targets: MLXTargets

        init(_ fields: JSONObject) throws(AdapterFileError) {
            let kind = fields["fine_tune_type"]?.string ?? "lora"
            guard ["lora", "dora"].contains(kind) else { throw .unsupported("the fine_tune_type '\(kind.prefix(40))'") }
            usesDoRA = kind == "dora"
            guard let parameters = fields["lora_parameters"]?.object else {
                throw .configuration("adapter_config.json has no 'lora_parameters'")
            }
            guard let rank = parameters["rank"]?.integer, rank > 0 else {
                throw .configuration("'lora_parameters' of adapter_config.json has no 'rank' of 1 or more")
            }
            guard let scale = parameters["scale"]?.number else {
                throw .configuration("'lora_parameters' of adapter_config.json has no number 'scale'")
            }
            self.rank = rank
            self.scale = Float(scale)
            dropout = Float(parameters["dropout"]?.number ?? 0)
            guard dropout >= 0, dropout < 1 else {
                throw .configuration("adapter_config.json has a dropout of \(dropout), which is no share")
            }
            // The older word is lora_layers.
            guard let layers = (fields["num_layers"] ?? fields["lora_layers"])?.integer else {
                throw .configuration("adapter_config.json has no number 'num_layers'")
            }
            var keys: Set<String>?
            switch parameters["keys"] {
            case nil, .null?: keys = nil
            case .array(let names)? where names.allSatisfy({ $0.string != nil }): keys = Set(names.compactMap(\.string))
            default: throw .configuration("'keys' of adapter_config.json is no list of names")
            }
            targets = MLXTargets(layerCount: layers, keys: keys)
        }
    }

    static func write(
        _ modules: [AdapterState.Module], of state: AdapterState, to folder: String, _ configuration: ModelConfiguration, baseName: String?
    ) throws(AdapterFileError) {
        let rank = modules.map(\.rank).max() ?? 1
        var dictionary = StateDictionary()
        dictionary.metadata["format"] = "mlx"
        dictionary.metadata[StateDictionary.provenanceKey] = state.provenance.map { JSON.object($0).serialized }
        let naming = configuration.huggingFaceNaming
        for module in modules {
            if case .layer(_, .linear(_, _?)) = module.place {
                throw .cannotWrite(.mlx, "mlx-lm keeps the experts of a layer in one tensor; merge the adapter instead")
            }
            let name = naming.moduleName(of: module.place)
            let (a, b) = (module.a.padded(to: [rank, module.a.shape[1]]), module.b.padded(to: [module.b.shape[0], rank]))
            let isEmbedding = module.place == .embedding
            dictionary[name + ".lora_a"] = isEmbedding ? b : a.transposed?.reordered(nil)
            dictionary[name + ".lora_b"] = isEmbedding ? a : b.transposed?.reordered(nil)
            dictionary[name + ".m"] = module.magnitude
        }
        let targets = MLXTargets(covering: modules.map(\.place), of: configuration)
        var fields: JSONObject = [
            "fine_tune_type": state.usesDoRA ? "dora" : "lora", "num_layers": .integer(targets.layerCount),
            "lora_parameters": [
                "rank": .integer(rank), "scale": .number(shortest(modules.first?.scale ?? 1)), "dropout": .number(shortest(state.dropout)),
                "keys": .array((targets.keys ?? []).sorted().map(JSON.string)),
            ],
        ]
        fields["model"] = baseName.map(JSON.string)
        try AdapterFile.files { () throws(TensorFileError) in try AdapterFile.writeFolder(folder, fields, weightsName, dictionary) }
    }
}

/// The layers that mlx-lm adapts: those of some names in the last layers of the model. Those without factors
/// among them start with a B of zero, so they do nothing.
struct MLXTargets {
    /// Counted from the end; 0 and less stands for all.
    let layerCount: Int
    /// Names in a layer, such as `self_attn.q_proj`, or whole ones; `nil` for all.
    let keys: Set<String>?

    init(layerCount: Int, keys: Set<String>?) {
        self.layerCount = layerCount
        self.keys = keys
    }

    /// The fewest that have all of `places` among them.
    init(covering places: [ParameterPlace], of configuration: ModelConfiguration) {
        let first = places.compactMap { if case .layer(let index, _) = $0 { index } else { nil } }.min() ?? 0
        layerCount = configuration.layerCount - first
        keys = Set(places.map { Self.key($0, configuration) })
    }

    func contain(_ place: ParameterPlace, of configuration: ModelConfiguration) -> Bool {
        guard case .layer(let index, _) = place else {
            // Outside of the layers a name is a whole one.
            return keys?.contains(configuration.huggingFaceNaming.moduleName(of: place)) ?? false
        }
        guard let keys else { return layerCount <= 0 || index >= configuration.layerCount - layerCount }
        if keys.contains(configuration.huggingFaceNaming.moduleName(of: place)) { return true }
        return (layerCount <= 0 || index >= configuration.layerCount - layerCount) && keys.contains(Self.key(place, configuration))
    }

    private static func key(_ place: ParameterPlace, _ configuration: ModelConfiguration) -> String {
        let name = configuration.huggingFaceNaming.moduleName(of: place)
        return place.isOfVocabulary ? name : name.split(separator: ".").dropFirst(3).joined(separator: ".")
    }
}
