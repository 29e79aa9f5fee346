import Model
import Tensor

/// Adapters as MiniMind saves them: `<module>.lora.A.weight` and `<module>.lora.B.weight`, scaled by 1. DoRA's magnitude
/// has no key there; `<module>.lora.magnitude` is our own, which MiniMind refuses to load.
enum MiniMindAdapter {
    private static let suffixes: [(String, AdapterContents.Factors.Part)] = [
        (".lora.A.weight", .a), (".lora.B.weight", .b), (".lora.magnitude", .magnitude),
    ]

    static func read(_ dictionary: StateDictionary) throws(AdapterFileError) -> AdapterContents {
        var factors = AdapterContents.Factors()
        for key in dictionary.names {
            guard let tensor = dictionary[key] else { continue }
            let name = key.withoutWrapperPrefixes
            guard let (suffix, part) = suffixes.first(where: { name.hasSuffix($0.0) }) else { throw .unexpected(key) }
            try factors.add(part, of: String(name.dropLast(suffix.count)), tensor)
        }
        guard !factors.modules.isEmpty else { throw .notAnAdapter("there is no adapter in it (no keys ending in .lora.A.weight)") }
        let naming = factors.naming([.classic, .huggingFace])
        var contents = AdapterContents(format: .minimind, naming: naming, rotaryLayout: naming == .classic ? .interleaved : .rotateHalf)
        for module in factors.modules {
            let (a, b, magnitude) = try factors.checked(module, hasMagnitude: false)
            contents.modules.append(
                AdapterContents.Module(name: module, place: naming.place(of: module), a: a, b: b, magnitude: magnitude, scale: 1))
        }
        return contents
    }

    static func write(
        _ modules: [AdapterState.Module], of state: AdapterState, to path: String, _ configuration: ModelConfiguration
    ) throws(TensorFileError) {
        var dictionary = self.dictionary(modules, configuration)
        dictionary.metadata[StateDictionary.provenanceKey] = state.provenance.map { JSON.object($0).serialized }
        try PyTorchFile.write(dictionary, to: path)
    }

    static func dictionary(_ modules: [AdapterState.Module], _ configuration: ModelConfiguration) -> StateDictionary {
        var dictionary = StateDictionary()
        for module in modules {
            let name = configuration.naming.moduleName(of: module.place)
            dictionary[name + ".lora.A.weight"] = module.a
            dictionary[name + ".lora.B.weight"] = module.b
            dictionary[name + ".lora.magnitude"] = module.magnitude
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
        let (modules, _) = try AdapterFile.written(self, as: .minimind, for: configuration, elementType: nil)
        return MiniMindAdapter.dictionary(modules, configuration)
    }
}
