import Foundation
import Model
import Tensor

/// Adapters in files of every format that is known here.
public enum AdapterFile {
    static let configurationName = "adapter_config.json"

    /// Reads an adapter, whatever its format: a folder of PEFT or mlx-lm, MiniMind's `.pth`, an adapter of llama.cpp,
    /// factors under the keys of any of them in a `.pth` or safetensors file, a checkpoint of a run, or the newest in a
    /// folder of them. Its content decides, not its name.
    ///
    /// The rows of queries' and keys' factors come as the model has them.
    ///
    /// - Parameters:
    ///   - configuration: of the model that it is for; every module and shape is checked against it
    ///   - scale: for factors of PEFT or mlx-lm without their `adapter_config.json` beside them, which do not say
    ///     it. Elsewhere the file's own counts.
    /// - Throws: ``AdapterFileError/inFile(path:_:)``
    public static func read(
        _ path: String, for configuration: ModelConfiguration, scale: Float? = nil
    ) throws(AdapterFileError) -> AdapterState {
        try naming(path) { () throws(AdapterFileError) in
            let contents = try contents(path)
            let state = try contents.state(for: configuration, bareScale: scale)
            try contents.checkValues()
            return state
        }
    }

    /// What is in a file, without a model to put it on.
    ///
    /// - Throws: ``AdapterFileError/inFile(path:_:)``
    public static func inspect(_ path: String) throws(AdapterFileError) -> AdapterSummary {
        try naming(path) { () throws(AdapterFileError) in AdapterSummary(try contents(path)) }
    }

    /// Writes an adapter.
    ///
    /// - Parameters:
    ///   - path: of a folder or a file, as the format has it (``AdapterFormat/isFolder``). A folder is written whole or
    ///     not at all; an old one is replaced where it holds an adapter and nothing else.
    ///   - configuration: of the model that it is for
    ///   - baseName: what the base is called, for those who look for it
    ///   - elementType: float32, float16 or bfloat16; `nil` for the types that the factors have, but float32 for a
    ///     B that takes in a scale, and for what the format has no type for
    /// - Throws: ``AdapterFileError/inFile(path:_:)``
    public static func write(
        _ state: AdapterState, as format: AdapterFormat, to path: String, for configuration: ModelConfiguration,
        baseName: String? = nil, elementType: ElementType? = nil
    ) throws(AdapterFileError) {
        try naming(path) { () throws(AdapterFileError) in
            let (modules, reference, state) = try written(state, as: format, for: configuration, elementType: elementType)
            switch format {
            case .minimind:
                try files { () throws(TensorFileError) in try MiniMindAdapter.write(modules, of: state, to: path, configuration) }
            case .peft:
                try files { () throws(TensorFileError) in
                    try PEFTAdapter.write(modules, of: state, to: path, configuration, baseName: baseName)
                }
            case .mlx: try MLXAdapter.write(modules, of: state, to: path, configuration, baseName: baseName)
            case .gguf:
                try GGUFAdapter.write(
                    modules, alpha: reference, of: state, to: path, configuration, architecture(configuration), baseName: baseName)
            }
        }
    }

    /// llama.cpp's name for the kind of model.
    ///
    /// - Throws: ``AdapterFileError/cannotWrite(_:_:)`` where it has none
    static func architecture(_ configuration: ModelConfiguration) throws(AdapterFileError) -> String {
        do throws(ModelError) {
            return try configuration.ggufArchitecture
        } catch {
            throw .cannotWrite(.gguf, "\(error)")
        }
    }

    /// The modules as a format has them: their rows, scales and types.
    ///
    /// - Returns: the modules, the factor that the format keeps for all of them, and the adapter with the rest of it as the format has it
    static func written(
        _ state: AdapterState, as format: AdapterFormat, for configuration: ModelConfiguration, elementType: ElementType?
    ) throws(AdapterFileError) -> (modules: [AdapterState.Module], reference: Float, rest: AdapterState) {
        let layout: RotaryLayout =
            switch format {
            case .gguf: ModelFamily.rotaryLayout(ofArchitecture: try architecture(configuration)) ?? .rotateHalf
            case .minimind: configuration.rotaryLayout
            case .peft, .mlx: configuration.huggingFaceRotaryLayout
            }
        var modules = try state.modules(for: configuration, as: format, layout)
        let reference = format.reference(modules)
        for index in modules.indices {
            let module = modules[index]
            let folded = try module.folding(format.factor(module), into: reference)
            modules[index] = try folded.converted(for: format, elementType, configuration)
        }
        var rest = state
        (rest.parameters, rest.rows) = try state.wholeParts(for: configuration, as: format, elementType, layout)
        return (modules, reference, rest)
    }

    /// Puts the path on what `body` throws.
    static func naming<Result>(
        _ path: String, _ body: () throws(AdapterFileError) -> Result
    ) throws(AdapterFileError) -> Result {
        do throws(AdapterFileError) {
            return try body()
        } catch .file(let error) {
            switch error {
            // These name their file themselves.
            case .system, .inFile: throw .file(error)
            default: throw .inFile(path: path, .file(error))
            }
        } catch .inFile(let path, let error) {
            throw .inFile(path: path, error)
        } catch {
            throw .inFile(path: path, error)
        }
    }

    /// Writes a configuration and factors, both or none. An old adapter in the folder is replaced, but nothing else.
    static func writeFolder(
        _ folder: String, _ fields: JSONObject, _ weightsName: String, _ dictionary: StateDictionary
    ) throws(TensorFileError) {
        let replaced = [configurationName, PEFTAdapter.weightsName, MLXAdapter.weightsName]
        try AtomicFolder.write(to: folder, replacing: replaced.contains) { (folder) throws(TensorFileError) in
            try SafetensorsFile.write(dictionary, to: "\(folder)/\(weightsName)")
            let text = JSON.object(fields).indented + "\n"
            try AtomicFile.write(Foundation.Data(text.utf8), to: "\(folder)/\(configurationName)")
        }
    }

    /// - Throws: ``AdapterFileError/file(_:)``
    static func files<Result>(_ body: () throws(TensorFileError) -> Result) throws(AdapterFileError) -> Result {
        do throws(TensorFileError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

// MARK: - Recognising

extension AdapterFile {
    static func contents(_ path: String) throws(AdapterFileError) -> AdapterContents {
        if isFolder(path) { return try folder(path) }
        if try files({ () throws(TensorFileError) in try TensorFile.isGGUF(path) }) {
            let file = try files { () throws(TensorFileError) in try GGUFFile.read(path) }
            var contents = try GGUFAdapter.read(file)
            contents.tensors = file.tensors
            return contents
        }
        // Factors out of a folder have their configuration beside them.
        return try adapter(path) { () throws(AdapterFileError) in try configuration(path.sibling(configurationName)) }
    }

    /// A folder's configuration says whose it is, PEFT's or mlx-lm's.
    private static func folder(_ path: String) throws(AdapterFileError) -> AdapterContents {
        func isThere(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
        guard let fields = try configuration("\(path)/\(configurationName)") else {
            if let checkpoint = CheckpointName.paths(in: path).first {
                return try naming(checkpoint) { () throws(AdapterFileError) in try contents(checkpoint) }
            }
            let factors = [PEFTAdapter.weightsName, PEFTAdapter.oldWeightsName, MLXAdapter.weightsName].first(where: isThere)
            throw .notAnAdapter(
                factors.map { "the folder has \($0), but no \(configurationName), which says how it is scaled" }
                    ?? "the folder has no \(configurationName), as an adapter of PEFT or mlx-lm has, and no checkpoint of a run")
        }
        let isPEFT = fields["peft_type"] != nil
        guard isPEFT || fields["lora_parameters"] != nil || fields["fine_tune_type"] != nil else {
            throw .notAnAdapter(
                "the \(configurationName) in the folder is neither PEFT's (it has no peft_type) nor mlx-lm's (no lora_parameters)")
        }
        // A configuration that cannot be read says so before the factors are looked at.
        let names = isPEFT ? [PEFTAdapter.weightsName, PEFTAdapter.oldWeightsName] : [MLXAdapter.weightsName]
        let name = names.first(where: isThere) ?? names[0]
        return try tensors("\(path)/\(name)") { (dictionary) throws(AdapterFileError) in
            isPEFT ? try PEFTAdapter.read(dictionary, fields) : try MLXAdapter.read(dictionary, fields)
        }
    }

    /// A file of factors: their keys say whose they are.
    private static func adapter(
        _ path: String, configuration: () throws(AdapterFileError) -> JSONObject?
    ) throws(AdapterFileError) -> AdapterContents {
        try tensors(path) { (dictionary) throws(AdapterFileError) in
            if let state = dictionary.metadata[CheckpointName.stateKey] { return try CheckpointAdapter.read(dictionary, state) }
            func has(_ mark: String) -> Bool { dictionary.names.contains { $0.contains(mark) } }
            if has(".lora.A.") || has(".lora.B.") { return try MiniMindAdapter.read(dictionary) }
            if has(".lora_A.") || has(".lora_B.") || has(".lora_embedding_") || has("trainable_tokens_delta") {
                return try PEFTAdapter.read(dictionary, try configuration())
            }
            if has(".lora_a") || has(".lora_b") { return try MLXAdapter.read(dictionary, try configuration()) }
            let sample = dictionary.names.prefix(2).map { "'\($0.prefix(60))'" }.joined(separator: ", ")
            throw .notAnAdapter(
                "no factors of an adapter among its \(dictionary.count) tensors (\(sample)); is it a base model? Then give it as --base_path"
            )
        }
    }

    private static func tensors(
        _ path: String, _ read: (StateDictionary) throws(AdapterFileError) -> AdapterContents
    ) throws(AdapterFileError) -> AdapterContents {
        let dictionary = try files { () throws(TensorFileError) in try TensorFile.read(path) }
        var contents = try read(dictionary)
        contents.tensors = dictionary
        if let text = dictionary.metadata[StateDictionary.provenanceKey] { contents.provenance = Provenance.object(text) }
        return contents
    }

    /// The settings of an `adapter_config.json`; `nil` where there is none.
    private static func configuration(_ path: String) throws(AdapterFileError) -> JSONObject? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let bytes = try files { () throws(TensorFileError) in try TensorFile.pages(of: path) }
        guard bytes.count <= maximumConfiguration else {
            throw .configuration("\(configurationName) has \(bytes.count) bytes, more than any adapter's")
        }
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: bytes)
        } catch {
            throw .configuration("\(configurationName) is not JSON: \(error)")
        }
        guard let fields = json.object else { throw .configuration("\(configurationName) holds no JSON object") }
        return fields
    }

    private static let maximumConfiguration = 16 << 20

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
