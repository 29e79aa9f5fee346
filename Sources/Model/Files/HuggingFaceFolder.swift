import Foundation
import Tensor

/// A folder as Hugging Face's transformers writes models: `config.json` beside weights in one file or several.
enum HuggingFaceFolder {
    static let configurationName = "config.json"

    /// The files, any of which a tokenizer can be read from.
    static let tokenizerNames = [
        "tokenizer.json", "tekken.json", "tokenizer.model", "tiktoken.model", "spiece.model", "sentencepiece.bpe.model",
        "sentencepiece.model", "spm.model", "qwen.tiktoken", "vocab.json", "vocab.txt",
    ]

    /// The files of weights, in the order in which transformers looks for them.
    private static let weightNames = [
        "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    ]

    /// Whether a file of this name stands for the whole folder.
    static func standsForFolder(_ name: String) -> Bool { weightNames.contains(name) || name == configurationName }

    static func has(_ name: String, in folder: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(folder)/\(name)")
    }

    /// Whether a folder has weights, or an index of them.
    static func hasWeights(_ folder: String) -> Bool { weightNames.contains { has($0, in: folder) } }

    /// A file that the index of the weights names, and that is not in the folder.
    static func missingShard(in folder: String) -> String? {
        guard let name = weightNames.first(where: { has($0, in: folder) }), name.hasSuffix(".json"),
            let map = (try? json("\(folder)/\(name)"))?["weight_map"]?.object
        else { return nil }
        return map.compactMap(\.value.string).first { !has($0, in: folder) }
    }

    /// The configuration and the weights, mapped and not read but to tell an output projection from the embedding.
    static func read(_ folder: String) throws(ModelError) -> (HuggingFaceConfiguration, StoredWeights) {
        let path = "\(folder)/\(configurationName)"
        let json = try json(path)
        let stored = try weights(in: folder)
        do throws(ModelError) {
            return try read(json, stored)
        } catch {
            throw .inFile(path: path, error)
        }
    }

    /// The configuration that settings and weights make together, and the weights under the names of its class, packed ones
    /// as if they were not.
    static func read(_ json: JSON, _ stored: StateDictionary) throws(ModelError) -> (HuggingFaceConfiguration, StoredWeights) {
        let packing = try ConfigurationFields(json).packedWeights()
        var stored = stored
        if let packing { stored = try unpacked(stored, packing) }
        var configuration = try HuggingFaceConfiguration(json, keysOf: stored)
        let model = configuration.model
        let ignored = model.family.huggingFace?.ignoredPrefixes ?? []
        if !ignored.isEmpty { stored = stored.removing { name in ignored.contains { name.hasPrefix($0) } } }
        // Two that differ are two, whatever the configuration says: transformers 5 takes each as it stands there.
        if configuration.model.tiesEmbedding, !stored.tiesOutput(model.naming) { configuration.model.tiesEmbedding = false }
        var tensors = separated(stored, configuration.model)
        if packing != nil { tensors = withoutEmptyBiases(tensors, model) }
        return (
            configuration,
            StoredWeights(tensors, naming: model.naming, rotaryLayout: model.rotaryLayout, packing: packing?.summary)
        )
    }

    private static func unpacked(_ stored: StateDictionary, _ packing: PackedWeights) throws(ModelError) -> StateDictionary {
        do throws(TensorFileError) {
            return try packing.unpacked(stored)
        } catch {
            throw .unsupported("\(error)")
        }
    }

    /// Far above any of a real model.
    private static let maximumJSON = 1 << 27

    static func json(_ path: String) throws(ModelError) -> JSON {
        do {
            let bytes = try TensorFile.pages(of: path)
            guard bytes.count <= maximumJSON else {
                throw ModelError.configuration("\(bytes.count) bytes are too many for a file of this kind")
            }
            return try JSON(parsing: bytes)
        } catch let error as TensorFileError {
            throw .file(error)
        } catch let error as JSONError {
            throw .inFile(path: path, .configuration("this is not JSON: \(error)"))
        } catch {
            throw .inFile(path: path, error as? ModelError ?? .configuration("\(error)"))
        }
    }

    // MARK: Weights

    private static func weights(in folder: String) throws(ModelError) -> StateDictionary {
        guard let name = weightNames.first(where: { has($0, in: folder) }) else {
            if let shard = folder.namesInFolder.first(where: { $0.hasPrefix("model-") && $0.hasSuffix(".safetensors") }) {
                throw .inFile(
                    path: folder,
                    .unrecognized(
                        "there is \(shard), but no model.safetensors.index.json, which says what is in which file; download it too"))
            }
            throw .inFile(
                path: folder,
                .unrecognized("there is a config.json but no weights beside it (\(weightNames.joined(separator: ", "))); download them too")
            )
        }
        let path = "\(folder)/\(name)"
        if !name.hasSuffix(".json") { return try tensors(path).withoutWrapperPrefixes }
        let index = try json(path)
        do throws(ModelError) {
            return try sharded(index, in: folder).withoutWrapperPrefixes
        } catch .configuration(let reason) {
            throw .inFile(path: path, .configuration(reason))
        }
    }

    private static func tensors(_ path: String) throws(ModelError) -> StateDictionary {
        do throws(TensorFileError) {
            return try TensorFile.read(path)
        } catch {
            throw .file(error)
        }
    }

    /// The tensors of all the files that an index names.
    private static func sharded(_ index: JSON, in folder: String) throws(ModelError) -> StateDictionary {
        guard let map = index["weight_map"]?.object, !map.keys.isEmpty else {
            throw .configuration("there is no 'weight_map'; download the index again")
        }
        var shards: [String: StateDictionary] = [:]
        var result = StateDictionary()
        for (name, value) in map {
            guard let file = value.string, isPlainName(file) else {
                throw .configuration(
                    "the weight_map names '\(value.string?.prefix(60) ?? "?")' for '\(name.prefix(60))', which is no file of this folder")
            }
            if shards[file] == nil {
                guard has(file, in: folder) else { throw .configuration("the shard \(file) is missing; download it too") }
                shards[file] = try tensors("\(folder)/\(file)")
            }
            guard let tensor = shards[file]?[name] else {
                throw .configuration("'\(name)' is not in \(file), where the weight_map has it; download both again")
            }
            result[name] = tensor
        }
        return result
    }

    /// Whether it names a file of the folder itself.
    private static func isPlainName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 255 && name.first != "." && !name.utf8.contains { $0 == 0x2F || $0 == 0x5C || $0 == 0 }
    }

    /// The tensors without biases that the model has no place for and that are all zeros: AutoGPTQ gave one to every layer that
    /// it packed.
    private static func withoutEmptyBiases(_ tensors: StateDictionary, _ model: ModelConfiguration) -> StateDictionary {
        tensors.removing { name in
            guard name.hasSuffix(".bias"),
                case .layer(_, .linear(let role, _))? = model.naming.place(of: String(name.dropLast(".bias".count))),
                !model.biases.contains(role)
            else { return false }
            return (try? tensors[name]?.floats().allSatisfy { $0 == 0 }) == true
        }
    }

    /// The experts of a layer one by one where transformers 5 keeps them in one tensor: `gate_up_proj`
    /// `[experts, 2 * width, dim]`, of gates and then of ups, and `down_proj` `[experts, dim, width]`.
    private static func separated(_ tensors: StateDictionary, _ model: ModelConfiguration) -> StateDictionary {
        guard let experts = model.experts else { return tensors }
        let hidden = experts.hiddenDim ?? model.hiddenDim
        let naming = ParameterNaming.huggingFace
        var result = StateDictionary()
        result.metadata = tensors.metadata
        for name in tensors.names {
            guard let tensor = tensors[name] else { continue }
            guard tensor.shape.count == 3, tensor.shape[0] == experts.count, let layer = layer(ofStacked: name) else {
                result[name] = tensor
                continue
            }
            let isGateUp = name.hasSuffix("gate_up_proj")
            guard tensor.shape == (isGateUp ? [experts.count, 2 * hidden, model.dim] : [experts.count, model.dim, hidden]) else {
                result[name] = tensor
                continue
            }
            for index in 0..<experts.count {
                func place(_ role: LinearRole) -> String { naming.parameterName(of: .layer(layer, .linear(role, .routed(index)))) }
                guard let expert = tensor.slice(index) else { continue }
                if isGateUp {
                    result[place(.gate)] = expert.rows(0..<hidden)
                    result[place(.up)] = expert.rows(hidden..<2 * hidden)
                } else {
                    result[place(.down)] = expert
                }
            }
        }
        return result
    }

    private static func layer(ofStacked name: String) -> Int? {
        let parts = name.split(separator: ".")
        guard parts.count == 6, parts[0] == "model", parts[1] == "layers", parts[3] == "mlp", parts[4] == "experts",
            parts[5] == "gate_up_proj" || parts[5] == "down_proj"
        else { return nil }
        return Int(parts[2])
    }
}
