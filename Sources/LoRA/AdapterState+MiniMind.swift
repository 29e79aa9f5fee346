import Model
import Tensor

/// MiniMind's adapter file: keys `<module>.lora.A.weight` and `<module>.lora.B.weight` in the naming of the model's
/// generation, and a scale of 1. DoRA's magnitude has no key there; `<module>.lora.magnitude` is our own.
extension AdapterState {
    private static let suffixes = (a: ".lora.A.weight", b: ".lora.B.weight", magnitude: ".lora.magnitude")

    /// Reads a state dict. What distributed or compiled runs put before a key is passed over.
    ///
    /// - Throws: ``LoRAError`` for a key that is no part of an adapter, a layer that the model does not have, or a
    ///   layer with half an adapter
    public init(_ dictionary: StateDictionary, for model: MiniMind) throws(LoRAError) {
        let plain = dictionary.withoutRunPrefixes
        // Two keys that differ by the prefix alone would hide each other.
        if plain.count != dictionary.count, let key = dictionary.names.first(where: { plain[$0] == nil }) { throw .strangeKey(key) }
        typealias Parts = (a: StoredTensor?, b: StoredTensor?, magnitude: StoredTensor?)
        var parts: [String: Parts] = [:]
        for key in plain.names {
            func module(_ suffix: String) -> String? { key.hasSuffix(suffix) ? String(key.dropLast(suffix.count)) : nil }
            if let name = module(Self.suffixes.a) {
                parts[name, default: (nil, nil, nil)].a = plain[key]
            } else if let name = module(Self.suffixes.b) {
                parts[name, default: (nil, nil, nil)].b = plain[key]
            } else if let name = module(Self.suffixes.magnitude) {
                parts[name, default: (nil, nil, nil)].magnitude = plain[key]
            } else {
                throw .strangeKey(key)
            }
        }
        guard !parts.isEmpty else { throw .empty }
        var modules: [Module] = []
        for linear in model.linears {
            guard let found = parts.removeValue(forKey: linear.name) else { continue }
            guard let a = found.a, let b = found.b else { throw .incomplete(module: linear.name) }
            modules.append(Module(place: linear.place, a: a, b: b, magnitude: found.magnitude))
        }
        if let stranger = parts.keys.min() { throw .unknownModule(stranger) }
        self.init(modules: modules, rotaryLayout: model.configuration.rotaryLayout)
    }

    /// The state dict for a model. Another scale than 1 is multiplied into B, which is exact where the scale is a
    /// power of two, and otherwise rounds each value of B once, in float32.
    ///
    /// - Throws: ``LoRAError`` where rows do not fit the configuration or values cannot be read
    public func stateDictionary(for configuration: ModelConfiguration) throws(LoRAError) -> StateDictionary {
        let state = try turned(to: configuration.rotaryLayout, configuration)
        var dictionary = StateDictionary()
        for module in state.modules {
            let name = configuration.generation.naming.name(of: module.place)
            dictionary[name + Self.suffixes.a] = module.a
            do {
                dictionary[name + Self.suffixes.b] =
                    module.scale == 1 ? module.b : StoredTensor(shape: module.b.shape, floats: try module.b.floats().map { $0 * module.scale })
            } catch {
                throw .unreadable(module: name, reason: "\(error)")
            }
            if let magnitude = module.magnitude { dictionary[name + Self.suffixes.magnitude] = magnitude }
        }
        return dictionary
    }
}
