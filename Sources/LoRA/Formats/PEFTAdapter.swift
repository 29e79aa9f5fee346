import Foundation
import Model
import Tensor

/// Adapters of Hugging Face's PEFT.
enum PEFTAdapter {
    static let weightsName = "adapter_model.safetensors"
    /// What PEFT wrote before safetensors.
    static let oldWeightsName = "adapter_model.bin"
    /// Before the names of the base's modules.
    private static let prefix = "base_model.model."

    /// - Parameter fields: of `adapter_config.json`; `nil` for factors alone, which have no scale
    static func read(_ dictionary: StateDictionary, _ fields: JSONObject?) throws(AdapterFileError) -> AdapterContents {
        let configuration = try fields.map { fields throws(AdapterFileError) in try PEFTConfiguration(fields) }
        var factors = AdapterContents.Factors()
        var adapterNames = Set<Substring>()
        for key in dictionary.names {
            guard let tensor = dictionary[key] else { continue }
            guard let (module, part, adapterName) = parts(of: key) else {
                throw .unexpected(key)
            }
            adapterNames.insert(adapterName)
            try factors.add(part, of: module, tensor)
        }
        guard adapterNames.count <= 1 else {
            throw .unsupported("\(adapterNames.count) adapters in one (\(adapterNames.sorted().prefix(3).joined(separator: ", ")))")
        }
        let naming = factors.naming([.huggingFace])
        var contents = AdapterContents(format: .peft, naming: naming, rotaryLayout: .rotateHalf)
        for module in factors.modules {
            let hasMagnitude = configuration?.usesDoRA ?? (factors[module, .magnitude] != nil)
            let (a, b, magnitude) = try factors.checked(module, hasMagnitude: hasMagnitude)
            if magnitude != nil, !hasMagnitude { throw .unexpectedKey("\(module).lora_magnitude_vector") }
            let said = configuration?.rankAndScale(of: module)
            if let said, said.rank != a.shape[0] { throw .rank(module: module, found: a.shape[0], expected: said.rank) }
            contents.modules.append(
                AdapterContents.Module(
                    name: module, place: naming.place(of: module), a: a, b: b, magnitude: magnitude, scale: said?.scale))
        }
        if let configuration {
            contents.targets = .peft(configuration.targets)
            contents.usesRankStabilizedScale = configuration.usesRankStabilizedScale
            contents.dropout = configuration.dropout
            contents.start = configuration.start
            contents.baseName = configuration.baseName
        }
        return contents
    }

    /// The module, the part, and the adapter's name where it is still there: `….lora_A.weight` in a file,
    /// `….lora_A.default.weight` in a model.
    private static func parts(of key: String) -> (module: String, part: AdapterContents.Factors.Part, adapterName: Substring)? {
        let words = key.withoutWrapperPrefixes.split(separator: ".", omittingEmptySubsequences: false)
        guard let place = words.lastIndex(where: { ["lora_A", "lora_B", "lora_magnitude_vector"].contains($0) }), place > 0 else {
            return nil
        }
        let module = words[..<place].joined(separator: ".")
        var rest = words[(place + 1)...]
        let isMagnitude = words[place] == "lora_magnitude_vector"
        if rest.last == "weight" {
            rest.removeLast()
        } else if !isMagnitude {
            return nil
        }
        guard rest.count <= 1 else { return nil }
        return (module, isMagnitude ? .magnitude : words[place] == "lora_A" ? .a : .b, rest.first ?? "")
    }

    /// Writes the folder.
    static func write(
        _ modules: [AdapterState.Module], of state: AdapterState, to folder: String, _ configuration: ModelConfiguration, baseName: String?
    ) throws(TensorFileError) {
        var dictionary = StateDictionary()
        dictionary.metadata["format"] = "pt"
        dictionary.metadata[StateDictionary.provenanceKey] = state.provenance.map { JSON.object($0).serialized }
        let naming = configuration.huggingFaceNaming
        for module in modules {
            let name = prefix + naming.moduleName(of: module.place)
            dictionary[name + ".lora_A.weight"] = module.a
            dictionary[name + ".lora_B.weight"] = module.b
            dictionary[name + ".lora_magnitude_vector"] = module.magnitude
        }
        let settings = settings(of: modules, state, configuration, baseName: baseName)
        try AdapterFile.writeFolder(folder, settings, weightsName, dictionary)
    }

    /// What `adapter_config.json` says.
    private static func settings(
        of modules: [AdapterState.Module], _ state: AdapterState, _ configuration: ModelConfiguration, baseName: String?
    ) -> JSONObject {
        let naming = configuration.huggingFaceNaming
        let names = modules.map { naming.moduleName(of: $0.place) }
        let ranks = modules.map(\.rank)
        let alphas = modules.map { roundAlpha($0, isRankStabilized: state.usesRankStabilizedScale) }
        let (rank, alpha) = (mostCommon(ranks) ?? 1, mostCommon(alphas) ?? 1)
        func number(_ value: Double) -> JSON { Int(exactly: value).map(JSON.integer) ?? .number(value) }
        return [
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": baseName.map(JSON.string) ?? .null,
            "revision": .null, "inference_mode": true, "r": .integer(rank), "lora_alpha": number(alpha),
            "lora_dropout": .number(shortest(state.dropout)),
            "target_modules": .array(targets(names, configuration).map(JSON.string)),
            "rank_pattern": .object(patterns(names, ranks, besides: rank, JSON.integer)),
            "alpha_pattern": .object(patterns(names, alphas, besides: alpha, number)),
            "use_rslora": .bool(state.usesRankStabilizedScale), "use_dora": .bool(state.usesDoRA), "bias": "none",
            "fan_in_fan_out": false, "init_lora_weights": true, "modules_to_save": .null, "layers_to_transform": .null,
            "layers_pattern": .null,
        ]
    }

    /// The roundest number that gives the module's very scale.
    private static func roundAlpha(_ module: AdapterState.Module, isRankStabilized: Bool) -> Double {
        let divisor = isRankStabilized ? Double(module.rank).squareRoot() : Double(module.rank)
        let exact = Double(module.scale) * divisor
        return [exact.rounded(), shortest(Float(exact))].first { Float($0 / divisor) == module.scale } ?? exact
    }

    private static func mostCommon<Value: Hashable>(_ values: [Value]) -> Value? {
        let counts = values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        let most = counts.values.max()
        return values.first { counts[$0] == most }
    }

    /// Values of their own: under the last word of a name where all modules of that word share one, else under
    /// whole names.
    private static func patterns<Value: Hashable>(
        _ names: [String], _ values: [Value], besides common: Value, _ json: (Value) -> JSON
    ) -> JSONObject {
        let byWord = zip(names, values).reduce(into: [:]) { $0[lastWord($1.0), default: Set<Value>()].insert($1.1) }
        var object = JSONObject()
        for (name, value) in zip(names, values) where value != common {
            let word = lastWord(name)
            object[byWord[word]?.count == 1 ? word : name] = json(value)
        }
        return object
    }

    /// Last words where every layer of the model with that word is adapted, else whole names.
    private static func targets(_ names: [String], _ configuration: ModelConfiguration) -> [String] {
        let (adapted, naming) = (Set(names), configuration.huggingFaceNaming)
        let missing = Set(
            configuration.linearPlaces.map { naming.moduleName(of: $0.place) }.filter { !adapted.contains($0) }.map(
                lastWord))
        var targets: [String] = []
        var listed = Set<String>()
        for name in names {
            let target = missing.contains(lastWord(name)) ? name : lastWord(name)
            if listed.insert(target).inserted { targets.append(target) }
        }
        return targets
    }

    private static func lastWord(_ name: String) -> String { String(name.split(separator: ".").last ?? "") }
}
