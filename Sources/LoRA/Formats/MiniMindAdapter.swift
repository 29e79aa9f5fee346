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
            var name = key[...]
            // What distributed or compiled runs put before each name.
            while let run = ["module.", "_orig_mod."].first(where: { name.hasPrefix($0) }) { name = name.dropFirst(run.count) }
            guard let (suffix, part) = suffixes.first(where: { name.hasSuffix($0.0) }) else { throw .strangeKey(key) }
            try factors.add(part, of: String(name.dropLast(suffix.count)), tensor)
        }
        let namings = [WeightNaming.classic, .huggingFace]
        let naming = namings.first { naming in factors.modules.contains { naming.place(of: $0) != nil } } ?? .huggingFace
        var contents = AdapterContents(format: .minimind, rotaryLayout: naming == .classic ? .interleaved : .rotateHalf)
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
        var dictionary = StateDictionary()
        dictionary.metadata[StateDictionary.provenanceKey] = state.provenance.map { JSON.object($0).serialized }
        for module in modules {
            let name = configuration.generation.naming.name(of: module.place)
            dictionary[name + ".lora.A.weight"] = module.a
            dictionary[name + ".lora.B.weight"] = module.b
            dictionary[name + ".lora.magnitude"] = module.magnitude
        }
        try PyTorchFile.write(dictionary, to: path)
    }
}
