import Model
import Tensor

/// Adapters as MiniMind saves them: `<module>.lora.A.weight` and `<module>.lora.B.weight`, scaled by 1.
///
/// More has no key there, and MiniMind does not load it; these are our own: `<module>.lora.magnitude` of DoRA; a parameter that is
/// trained whole under its name in the model, `norm.weight`, and one that goes along under `<module>.base_layer.weight`; rows of tokens
/// under `<module>.lora.rows`, and whose they are under `<module>.lora.tokens`. An embedding's A is `[rank, dim]`, its B
/// `[vocabulary, rank]`.
enum MiniMindAdapter {
    private static let suffixes: [(String, AdapterContents.Factors.Part)] = [
        (".lora.A.weight", .a), (".lora.B.weight", .b), (".lora.magnitude", .magnitude),
    ]

    static let rowsSuffix = ".lora.rows"
    private static let tokensSuffix = ".lora.tokens"
    private static let baseSuffix = ".base_layer.weight"

    /// - Parameter trainedTokens: whose the rows are, where the file does not say it
    static func read(_ dictionary: StateDictionary, trainedTokens: [Int32]? = nil) throws(AdapterFileError) -> AdapterContents {
        var factors = AdapterContents.Factors()
        var others: [(name: String, tensor: StoredTensor)] = []
        for key in dictionary.names {
            guard let tensor = dictionary[key] else { continue }
            let name = key.withoutWrapperPrefixes
            if let (suffix, part) = suffixes.first(where: { name.hasSuffix($0.0) }) {
                try factors.add(part, of: String(name.dropLast(suffix.count)), tensor)
            } else if [rowsSuffix, tokensSuffix, ".weight", ".bias"].contains(where: name.hasSuffix) {
                others.append((String(name), tensor))
            } else {
                throw .unexpected(key)
            }
        }
        let naming = factors.naming([.classic, .huggingFace])
        var contents = AdapterContents(format: .minimind, naming: naming, rotaryLayout: naming == .classic ? .interleaved : .rotateHalf)
        for module in factors.modules {
            let (a, b, magnitude) = try factors.checked(module, hasMagnitude: false)
            contents.modules.append(
                AdapterContents.Module(name: module, place: naming.place(of: module), a: a, b: b, magnitude: magnitude, scale: 1))
        }
        try add(others, to: &contents, trainedTokens)
        guard !contents.modules.isEmpty || !contents.rows.isEmpty || !contents.parameters.isEmpty else {
            throw .notAnAdapter("there is no adapter in it (no keys ending in .lora.A.weight)")
        }
        return contents
    }

    private static func add(
        _ others: [(name: String, tensor: StoredTensor)], to contents: inout AdapterContents, _ trainedTokens: [Int32]?
    ) throws(AdapterFileError) {
        for (name, tensor) in others where !name.hasSuffix(tokensSuffix) {
            if name.hasSuffix(rowsSuffix) {
                let module = String(name.dropLast(rowsSuffix.count))
                let stored = others.first { $0.name == module + tokensSuffix }?.tensor
                guard let tokens = stored.flatMap({ $0.integers }) ?? trainedTokens else {
                    throw .incomplete(module: module, missing: "tokens")
                }
                contents.rows.append(
                    AdapterContents.Rows(module: module, place: contents.naming.place(of: module), tokens: tokens, values: tensor))
                continue
            }
            let isBase = name.hasSuffix(baseSuffix)
            let parameter = isBase ? name.dropLast(baseSuffix.count) + ".weight" : name
            guard let place = contents.naming.parameterPlace(of: parameter) else { throw .unexpected(name) }
            contents.parameters.append(
                AdapterContents.Parameter(name: parameter, place: place, values: tensor, isTrained: !isBase))
        }
    }

    static func write(
        _ modules: [AdapterState.Module], of state: AdapterState, to path: String, _ configuration: ModelConfiguration
    ) throws(TensorFileError) {
        var dictionary = self.dictionary(modules, state, configuration)
        dictionary.metadata[StateDictionary.provenanceKey] = state.provenance.map { JSON.object($0).serialized }
        try PyTorchFile.write(dictionary, to: path)
    }

    /// - Parameter rest: what the adapter has beside them
    static func dictionary(
        _ modules: [AdapterState.Module], _ rest: AdapterState, _ configuration: ModelConfiguration
    ) -> StateDictionary {
        var dictionary = StateDictionary()
        for module in modules {
            let name = configuration.naming.moduleName(of: module.place)
            dictionary[name + ".lora.A.weight"] = module.a
            dictionary[name + ".lora.B.weight"] = module.b
            dictionary[name + ".lora.magnitude"] = module.magnitude
        }
        for own in rest.rows {
            let name = configuration.naming.moduleName(of: own.place)
            dictionary[name + rowsSuffix] = own.values
            dictionary[name + tokensSuffix] = StoredTensor(shape: [own.tokens.count], integers: own.tokens.map { Int($0) })
        }
        for parameter in rest.parameters {
            let name = configuration.naming.parameterName(of: parameter.place)
            let module = configuration.naming.moduleName(of: parameter.place)
            dictionary[parameter.isTrained ? name : module + baseSuffix] = parameter.values
            guard parameter.place == .embedding, parameter.isTrained, rest.tiesOutput, configuration.tiesEmbedding else { continue }
            dictionary[configuration.naming.parameterName(of: .output)] = parameter.values
        }
        return dictionary
    }
}

extension AdapterState {
    /// Reads the state dict of a `.pth` of MiniMind. What distributed or compiled runs put before a key is passed over.
    ///
    /// - Throws: ``AdapterFileError`` for a key that is no part of an adapter, a layer that the model does not have, a
    ///   layer with half an adapter, or shapes that do not fit
    public init(_ dictionary: StateDictionary, for configuration: ModelConfiguration) throws(AdapterFileError) {
        self = try MiniMindAdapter.read(dictionary).state(for: configuration, bareScale: nil)
    }

    /// The state dict for a model. Another scale than 1 is multiplied into B, which is exact where the scale is a
    /// power of two, and otherwise rounds each value of B once, in float32.
    ///
    /// - Throws: ``AdapterFileError`` where shapes do not fit the configuration or values cannot be read
    public func stateDictionary(for configuration: ModelConfiguration) throws(AdapterFileError) -> StateDictionary {
        let (modules, _, rest) = try AdapterFile.written(self, as: .minimind, for: configuration, elementType: nil)
        return MiniMindAdapter.dictionary(modules, rest, configuration)
    }
}

extension StoredTensor {
    /// The values of a list of integers that are ids of tokens; `nil` for anything else.
    fileprivate var integers: [Int32]? {
        guard shape.count == 1, [.int64, .int32].contains(elementType), let values = try? floats() else { return nil }
        // Ids of tokens are far below what a float cannot say.
        let ids = values.map { Int32(exactly: $0) }
        return ids.contains { $0 == nil } ? nil : ids.compactMap { $0 }
    }
}
