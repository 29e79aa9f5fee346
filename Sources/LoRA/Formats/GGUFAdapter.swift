import Model
import Tensor

/// Adapters of llama.cpp: `blk.0.attn_q.weight.lora_a`, scaled by alpha over the rank of each tensor.
enum GGUFAdapter {
    private static let alphaKey = "adapter.lora.alpha"
    private static let provenanceKey = "lora_train.provenance"
    private static let suffixes: [(String, AdapterContents.Factors.Part)] = [(".weight.lora_a", .a), (".weight.lora_b", .b)]

    static func read(_ file: GGUFFile) throws(AdapterFileError) -> AdapterContents {
        let metadata = file.metadata
        guard metadata["general.type"]?.string == "adapter" else {
            throw .notAnAdapter(
                "this GGUF file holds \(metadata["general.type"]?.string.map { "a \($0.prefix(40))" } ?? "a model"), not an adapter")
        }
        let kind = metadata["adapter.type"]?.string ?? ""
        guard kind == "lora" else { throw .unsupported("the adapter.type '\(kind.prefix(40))'") }
        if metadata["adapter.alora.invocation_tokens"] != nil {
            throw .unsupported("tokens that turn it on (adapter.alora.invocation_tokens)")
        }
        guard let architecture = metadata["general.architecture"]?.string else {
            throw .configuration("the file names no 'general.architecture'")
        }
        // llama.cpp takes the factors as they are where there is no alpha.
        let alpha = metadata[alphaKey]?.float ?? 0
        let naming = ModelFamily.ggufNaming(ofArchitecture: architecture)
        var factors = AdapterContents.Factors()
        for key in file.tensors.names {
            guard let tensor = file.tensors[key] else { continue }
            guard let (suffix, part) = suffixes.first(where: { key.hasSuffix($0.0) }) else { throw .unexpected(key) }
            let module = String(key.dropLast(suffix.count))
            guard naming.place(of: module) == .embedding else {
                try factors.add(part, of: module, tensor)
                continue
            }
            // llama.cpp gathers rows of an embedding's A, `[vocabulary, rank]`, and multiplies them by B, `[dim, rank]`.
            guard let transposed = tensor.transposed else { throw .unexpected(key) }
            try factors.add(part == .a ? .b : .a, of: module, part == .a ? tensor : transposed.reordered(nil))
        }
        var contents = AdapterContents(
            format: .gguf, naming: .gguf, rotaryLayout: ModelFamily.rotaryLayout(ofArchitecture: architecture) ?? .rotateHalf)
        contents.architecture = architecture
        for module in factors.modules {
            let (a, b, _) = try factors.checked(module, hasMagnitude: false, dimensions: 2...3)
            let scale = alpha == 0 ? 1 : alpha / Float(b.shape.last ?? 1)
            contents.modules.append(
                AdapterContents.Module(
                    name: module, place: naming.place(of: module), a: a, b: b, magnitude: nil, scale: scale))
        }
        contents.baseName = metadata["general.base_model.0.name"]?.string
        contents.provenance = metadata[provenanceKey]?.string.map(Provenance.object)
        return contents
    }

    /// - Parameter alpha: the scale of every module times its rank
    static func write(
        _ modules: [AdapterState.Module], alpha: Float, of state: AdapterState, to path: String, _ configuration: ModelConfiguration,
        _ architecture: String, baseName: String?
    ) throws(AdapterFileError) {
        var metadata: GGUFMetadata = ["general.architecture": .string(architecture), "general.type": .string("adapter")]
        if let baseName {
            metadata["general.base_model.count"] = .uint32(1)
            metadata["general.base_model.0.name"] = .string(baseName)
        }
        metadata["adapter.type"] = .string("lora")
        metadata[alphaKey] = .float32(alpha)
        metadata[provenanceKey] = state.provenance.map { .string(JSON.object($0).serialized) }
        var writer = GGUFWriter(metadata: metadata)
        let naming = ModelFamily.ggufNaming(ofArchitecture: architecture)
        var stacks: [String: [Int: AdapterState.Module]] = [:]
        for module in modules {
            guard case .layer(_, .linear(_, .routed(let expert)?)) = module.place else { continue }
            stacks[naming.moduleName(of: module.place), default: [:]][expert] = module
        }
        for module in modules {
            let name = naming.moduleName(of: module.place)
            if module.place == .embedding {
                writer.add(name + ".weight.lora_a", module.b)
                writer.add(name + ".weight.lora_b", module.a.transposed?.reordered(nil) ?? module.a)
                continue
            }
            guard case .layer(_, .linear(_, .routed)) = module.place else {
                writer.add(name + ".weight.lora_a", module.a)
                writer.add(name + ".weight.lora_b", module.b)
                continue
            }
            guard let stack = stacks.removeValue(forKey: name), let count = configuration.experts?.count else { continue }
            let (a, b) = try stacked(stack, count)
            writer.add(name + ".weight.lora_a", a)
            writer.add(name + ".weight.lora_b", b)
        }
        do throws(TensorFileError) {
            try writer.write(to: path)
        } catch {
            throw .file(error)
        }
    }

    /// The factors of a layer's experts side by side, zero for those that have none.
    private static func stacked(
        _ experts: [Int: AdapterState.Module], _ count: Int
    ) throws(AdapterFileError) -> (a: StoredTensor, b: StoredTensor) {
        func stack(_ factor: (AdapterState.Module) -> StoredTensor) throws(AdapterFileError) -> StoredTensor {
            let types = Set(experts.values.map { factor($0).elementType })
            let type = types.count == 1 ? types.first ?? .float32 : .float32
            guard let shape = experts.values.first.map({ factor($0).shape }) else { return StoredTensor(shape: [0], floats: []) }
            guard experts.values.allSatisfy({ factor($0).shape == shape }) else {
                throw .cannotWrite(.gguf, "llama.cpp wants one rank for all experts of a layer")
            }
            do throws(TensorFileError) {
                let zeros = try StoredTensor(shape: shape, floats: [Float](repeating: 0, count: shape.reduce(1, *))).converted(to: type)
                var parts: [StoredTensor] = []
                for index in 0..<count {
                    parts.append(
                        try experts[index].map { expert throws(TensorFileError) in try factor(expert).converted(to: type) } ?? zeros)
                }
                return StoredTensor.stacked(parts)
            } catch {
                throw .file(error)
            }
        }
        return (try stack(\.a), try stack(\.b))
    }
}
