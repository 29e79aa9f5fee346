/// How the weights of a folder of Hugging Face are packed, as its `config.json` says.
///
/// A packed weight becomes a tensor under the name that it has unpacked, `X.weight`. Its values are made each time that
/// somebody asks for them, and are those that the library makes which packed it.
public struct PackedWeights: Sendable {
    private let packing: any WeightPacking

    /// Every way of packing that is read here; a new one is a file beside this one and its name here.
    private static let all: [any WeightPacking.Type] = [
        MLXPacking.self, ScaledPacking.self, BitsAndBytesPacking.self, GPTQPacking.self, AWQPacking.self,
    ]

    /// What the settings of a model say; `nil` where they say nothing of packed weights.
    ///
    /// - Parameter configuration: the content of `config.json`
    /// - Throws: ``TensorFileError/unsupported(_:)`` for a way of packing that is not read here, by its name
    public init?(_ configuration: JSON) throws(TensorFileError) {
        guard let settings = try PackingSettings(ofModel: configuration) else { return nil }
        for kind in Self.all {
            if let packing = try kind.init(settings) {
                self.packing = packing
                return
            }
        }
        throw settings.unsupported(
            "'quant_method' is \(settings.method.map { "'\($0.prefix(40))'" } ?? "missing"); weights of mlx, fp8, fbgemm_fp8, "
                + "compressed-tensors, bitsandbytes, gptq and awq are read, and GGUF files")
    }

    /// The way of packing in words: `MLX 4-bit, groups of 64`.
    public var summary: String { packing.summary }

    /// The tensors with each packed weight as one, in its place; all others as they are.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` for what contradicts the settings, or has no meaning here
    public func unpacked(_ tensors: StateDictionary) throws(TensorFileError) -> StateDictionary {
        let kind = type(of: packing)
        var modules: [String: [String: StoredTensor]] = [:]
        for name in tensors.names {
            if let mark = kind.marks.first(where: { name.hasSuffix($0) }) { modules[String(name.dropLast(mark.count))] = [:] }
        }
        var owners: [String: String] = [:]
        for name in tensors.names {
            for part in kind.parts where name.hasSuffix(part) {
                let module = String(name.dropLast(part.count))
                guard modules[module] != nil else { continue }
                modules[module]?[part] = tensors[name]
                owners[name] = module
                break
            }
        }
        var result = StateDictionary()
        result.metadata = tensors.metadata
        for name in tensors.names {
            guard let module = owners[name] else {
                result[name] = tensors[name]
                continue
            }
            guard let parts = modules.removeValue(forKey: module) else { continue }
            guard result["\(module).weight"] == nil, parts[".weight"] != nil || tensors["\(module).weight"] == nil else {
                throw .unsupported("'\(module)' has a packed weight and another one; the folder is a mixture of two")
            }
            result["\(module).weight"] = try packing.weight(of: PackedModule(name: module, parts: parts))
        }
        // What has no scale would be read as if it needed none.
        for name in result.names where name.hasSuffix(".weight") {
            if let type = result[name]?.elementType, type.isFloat8 || [.int8, .uint8, .int32, .uint32].contains(type) {
                throw .unsupported("'\(name)' is of type \(type.rawValue), and nothing beside it says what its values are multiplied by")
            }
        }
        return result
    }
}

/// A way in which a library packs the weights of linear layers.
protocol WeightPacking: Sendable {
    /// - Returns: `nil` where the settings are those of another way
    /// - Throws: ``TensorFileError/unsupported(_:)`` for what is not read, or not understood
    init?(_ settings: PackingSettings) throws(TensorFileError)

    /// In words, for a person.
    var summary: String { get }

    /// The endings of names, any of which shows that a module's weight is packed.
    static var marks: [String] { get }

    /// The endings of the names of all that belongs to a packed weight; those of the marks are among them.
    static var parts: [String] { get }

    /// The weight that the parts make, `[out, in]`.
    ///
    /// - Throws: ``TensorFileError/unsupported(_:)`` where they do not go together
    func weight(of module: PackedModule) throws(TensorFileError) -> StoredTensor
}
