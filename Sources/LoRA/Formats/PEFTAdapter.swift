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
        var whole: [PEFTKey] = []
        var embeddings = Set<String>()
        var adapterNames = Set<Substring>()
        for name in dictionary.names {
            guard let tensor = dictionary[name] else { continue }
            guard let key = PEFTKey(name) else { throw .unexpected(name) }
            if let adapterName = key.adapterName { adapterNames.insert(adapterName) }
            switch key.part {
            case .factor(let part): try factors.add(part, of: key.module, tensor)
            case .embeddingFactor(let part):
                // PEFT reads an embedding's factors the other way round: A `[rank, vocabulary]`, B `[dim, rank]`.
                guard let transposed = tensor.transposed else { throw .unexpectedKey(name) }
                embeddings.insert(key.module)
                try factors.add(part == .a ? .b : .a, of: key.module, transposed.reordered(nil))
            case .base, .rows, .whole: whole.append(key)
            case .untrained: continue
            }
        }
        guard adapterNames.count <= 1 else {
            throw .unsupported("\(adapterNames.count) adapters in one (\(adapterNames.sorted().prefix(3).joined(separator: ", ")))")
        }
        let naming = factors.naming([.huggingFace])
        var contents = AdapterContents(format: .peft, naming: naming, rotaryLayout: .rotateHalf)
        for module in factors.modules {
            let hasMagnitude = configuration?.usesDoRA ?? (factors[module, .magnitude] != nil)
            if hasMagnitude, embeddings.contains(module) { throw .unsupported("DoRA on an embedding ('\(module.prefix(120))')") }
            let (a, b, magnitude) = try checked(module, of: factors, hasMagnitude: hasMagnitude, isEmbedding: embeddings.contains(module))
            if magnitude != nil, !hasMagnitude { throw .unexpectedKey("\(module).lora_magnitude_vector") }
            let said = configuration?.rankAndScale(of: module)
            if let said, said.rank != a.shape[0] { throw .rank(module: module, found: a.shape[0], expected: said.rank) }
            contents.modules.append(
                AdapterContents.Module(
                    name: module, place: naming.place(of: module), a: a, b: b, magnitude: magnitude, scale: said?.scale))
        }
        try addWhole(whole, of: dictionary, to: &contents, configuration)
        if let configuration {
            contents.targets = .peft(configuration.targets)
            contents.usesRankStabilizedScale = configuration.usesRankStabilizedScale
            contents.dropout = configuration.dropout
            contents.start = configuration.start
            contents.baseName = configuration.baseName
            contents.tiesOutput = configuration.tiesOutput
        }
        return contents
    }

    /// The factors of a module; what is missing of an embedding is called as PEFT calls it.
    private static func checked(
        _ module: String, of factors: AdapterContents.Factors, hasMagnitude: Bool, isEmbedding: Bool
    ) throws(AdapterFileError) -> (a: StoredTensor, b: StoredTensor, magnitude: StoredTensor?) {
        do throws(AdapterFileError) {
            return try factors.checked(module, hasMagnitude: hasMagnitude)
        } catch .incomplete(let module, let missing) where isEmbedding {
            throw .incomplete(module: module, missing: missing == "A" ? "B" : "A")
        } catch {
            throw error
        }
    }

    /// Adds what is no factor: modules that were trained whole, rows of tokens, and the base's own weights that go along with an
    /// adapted or enlarged embedding.
    private static func addWhole(
        _ keys: [PEFTKey], of dictionary: StateDictionary, to contents: inout AdapterContents, _ configuration: PEFTConfiguration?
    ) throws(AdapterFileError) {
        let naming = contents.naming
        for key in keys {
            guard let values = dictionary[key.name] else { continue }
            if case .rows = key.part {
                guard let configuration else {
                    throw .configuration(
                        "nothing says which tokens the rows of '\(key.module.prefix(120))' are for; put the adapter_config.json beside them"
                    )
                }
                guard let tokens = configuration.trainedTokens(of: key.module) else {
                    throw .configuration("adapter_config.json has no 'trainable_token_indices' for the rows of '\(key.module.prefix(120))'")
                }
                contents.rows.append(
                    AdapterContents.Rows(module: key.module, place: naming.place(of: key.module), tokens: tokens, values: values))
                continue
            }
            let place = naming.parameterPlace(of: key.parameter)
            let isNamed = configuration?.modulesToSave.contains { key.module.hasSuffix($0) } ?? false
            let isTrained = key.part == .whole(isSaid: true) || key.part != .base && isNamed
            // A weight that nothing names goes along where it has a row for each token.
            guard isTrained || naming.place(of: key.module)?.isOfVocabulary ?? false else { throw .unexpected(key.name) }
            // PEFT writes an enlarged embedding that is trained whole under two names.
            if let index = contents.parameters.firstIndex(where: { $0.name == key.parameter }) {
                guard contents.parameters[index].values.hasSameElements(as: values) else { throw .repeated(module: key.parameter) }
                if isTrained { contents.parameters.remove(at: index) } else { continue }
            }
            contents.parameters.append(
                AdapterContents.Parameter(name: key.parameter, place: place, values: values, isTrained: isTrained))
        }
        if configuration?.trainsTokens == true, contents.rows.isEmpty {
            throw .configuration("adapter_config.json has trainable_token_indices, but the file has no rows of theirs; is it whole?")
        }
        for word in configuration?.modulesToSave ?? [] {
            let isTied = word.hasSuffix("lm_head") && configuration?.tiesOutput == true
            guard
                contents.parameters.contains(where: {
                    $0.isTrained && $0.name.split(separator: ".").dropLast().joined(separator: ".").hasSuffix(word)
                }) || isTied
            else {
                throw .configuration(
                    "adapter_config.json names '\(word.prefix(120))' among modules_to_save, but the file does not have it; is it whole?")
            }
        }
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
            if module.place == .embedding {
                dictionary[name + ".lora_embedding_A"] = module.b.transposed?.reordered(nil)
                dictionary[name + ".lora_embedding_B"] = module.a.transposed?.reordered(nil)
                continue
            }
            dictionary[name + ".lora_A.weight"] = module.a
            dictionary[name + ".lora_B.weight"] = module.b
            dictionary[name + ".lora_magnitude_vector"] = module.magnitude
        }
        for parameter in state.parameters {
            let place = parameter.place
            let isAdapted = modules.contains { $0.place == place } || state.rows.contains { $0.place == place }
            let ending = parameter.isTrained || !isAdapted ? "" : ".base_layer"
            let full = naming.parameterName(of: place)
            let module = naming.moduleName(of: place)
            dictionary[prefix + module + ending + full.dropFirst(module.count)] = parameter.values
            // PEFT has both of a pair that it ties.
            guard place == .embedding, state.tiesOutput, configuration.tiesEmbedding else { continue }
            dictionary[prefix + naming.parameterName(of: .output)] = parameter.values
        }
        for own in state.rows {
            dictionary[prefix + naming.moduleName(of: own.place) + ".token_adapter.trainable_tokens_delta"] = own.values
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
        let trained = state.parameters.filter(\.isTrained).map { naming.moduleName(of: $0.place) }
        var tokens = JSONObject()
        for own in state.rows { tokens[naming.moduleName(of: own.place)] = .array(own.tokens.map { .integer(Int($0)) }) }
        return [
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": baseName.map(JSON.string) ?? .null,
            "revision": .null, "inference_mode": true, "r": .integer(rank), "lora_alpha": number(alpha),
            "lora_dropout": .number(shortest(state.dropout)),
            "target_modules": .array(targets(names, configuration).map(JSON.string)),
            "rank_pattern": .object(patterns(names, ranks, besides: rank, JSON.integer)),
            "alpha_pattern": .object(patterns(names, alphas, besides: alpha, number)),
            "use_rslora": .bool(state.usesRankStabilizedScale), "use_dora": .bool(state.usesDoRA), "bias": "none",
            "fan_in_fan_out": false, "init_lora_weights": true,
            "modules_to_save": trained.isEmpty ? .null : .array(Set(trained).sorted().map(JSON.string)), "layers_to_transform": .null,
            "layers_pattern": .null, "ensure_weight_tying": .bool(state.tiesOutput && !trained.isEmpty),
            "trainable_token_indices": state.rows.isEmpty ? .null : .object(tokens),
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
            configuration.adaptedPlaces().map { naming.moduleName(of: $0.place) }.filter { !adapted.contains($0) }.map(
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
