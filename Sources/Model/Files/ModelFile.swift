import Foundation
import Tensor

/// A model as it lies on disk: its configuration, and its weights in the files' own pages, none of them read yet.
public struct ModelFile: Sendable {
    /// What kind of file or folder a model lies in.
    public enum Kind: Sendable, Equatable {
        /// A folder that transformers reads, with its `model_type`.
        case huggingFace(modelType: String)
        /// A file of llama.cpp, of this architecture.
        case gguf(architecture: String)
        /// MiniMind's state dict, `.pth` or safetensors.
        case stateDictionary
    }

    /// Where the tokenizer of a model is found.
    public enum TokenizerSource: Sendable, Equatable {
        /// The files of a tokenizer in this folder, `tokenizer.json` or those of another format.
        case folder(String)
        /// The metadata of a GGUF file.
        case gguf(GGUFMetadata)
    }

    /// The file or folder that was named.
    public let path: String
    /// What it is.
    public let kind: Kind
    /// The sizes, and what the model computes.
    public private(set) var configuration: ModelConfiguration
    /// The weights, not read yet.
    public let weights: StoredWeights
    /// Ids that the configuration names; for a state dict those of MiniMind's published tokenizers.
    public let tokens: SpecialTokens
    /// Where its tokenizer is; `nil` where none lies beside the weights.
    public let tokenizer: TokenizerSource?

    /// A line for a person: kind and sizes.
    public var summary: String {
        switch kind {
        case .huggingFace(let type): "Hugging Face folder (\(type)): \(configuration.summary)"
        case .gguf(let architecture): "GGUF (\(architecture)): \(configuration.summary)"
        case .stateDictionary: configuration.summary
        }
    }

    /// The same model for longer texts than it was trained on.
    ///
    /// - Throws: ``ModelError/inFile(path:_:)`` where it has a scaling of its own
    public func stretched(by scaling: RotaryScaling) throws(ModelError) -> ModelFile {
        guard configuration.ropeScaling == nil else {
            throw .inFile(path: path, .configuration("the model has a rotary scaling of its own; leave out --inference_rope_scaling"))
        }
        var file = self
        file.configuration.ropeScaling = scaling
        return file
    }

    /// Opens a folder with `config.json`, a GGUF file, or a state dict of MiniMind, whichever it is by its content.
    ///
    /// - Parameters:
    ///   - generation: of a state dict, `nil` for what its keys show; elsewhere it must be what the file says
    ///   - headCount: of a state dict that does not show it, `nil` for 8; elsewhere it must be what the file says
    ///   - keyValueHeadCount: it must be what the file says
    /// - Throws: ``ModelError/inFile(path:_:)`` or ``ModelError/file(_:)``
    public static func open(
        _ path: String, generation: ModelGeneration? = nil, headCount: Int? = nil, keyValueHeadCount: Int? = nil
    ) throws(ModelError) -> ModelFile {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        let opened: ModelFile
        if isFolder.boolValue {
            opened = try folder(path)
        } else if let folder = configuredFolder(of: path) {
            opened = try Self.folder(folder)
        } else {
            let file = try TensorFile.contents(path)
            do throws(ModelError) {
                guard case .gguf(let gguf) = file else {
                    return try stateDictionary(file.tensors, path, generation, headCount, keyValueHeadCount)
                }
                opened = try Self.gguf(gguf, path)
            } catch {
                throw .inFile(path: path, error)
            }
        }
        let found = opened.configuration
        for (flag, given, size) in [
            ("--n_heads", headCount, found.headCount), ("--n_kv_heads", keyValueHeadCount, found.keyValueHeadCount),
        ] {
            guard let given, given != size else { continue }
            throw .inFile(path: path, .configuration("the model says that it has \(size), not \(flag) \(given); leave the flag out"))
        }
        if let generation, generation != found.generation {
            throw .inFile(
                path: path,
                .unrecognized("the model is a \(found.family.name), not --generation \(generation.rawValue); leave the flag out"))
        }
        return opened
    }

    private static func folder(_ path: String) throws(ModelError) -> ModelFile {
        let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard HuggingFaceFolder.has(HuggingFaceFolder.configurationName, in: folder) else {
            throw .inFile(path: path, .unrecognized("the folder has no config.json" + Self.advice(folder)))
        }
        let (configuration, weights) = try HuggingFaceFolder.read(folder)
        return ModelFile(
            path: path, kind: .huggingFace(modelType: configuration.modelType), configuration: configuration.model, weights: weights,
            tokens: configuration.tokens, tokenizer: tokenizer(in: folder))
    }

    /// What to give instead of a folder that is no model.
    private static func advice(_ folder: String) -> String {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        let endings = [".pth", ".gguf", ".safetensors", ".pt"]
        let file = names.first { name in endings.contains { name.hasSuffix($0) } }
        return file.map { "; give the file itself, such as \(folder)/\($0)" } ?? ", and no weights either"
    }

    /// The folder that a file stands for: what the keys of its weights do not say, the `config.json` beside it does.
    private static func configuredFolder(of path: String) -> String? {
        let (folder, name) = (path.openableFolder, (path as NSString).lastPathComponent)
        guard HuggingFaceFolder.standsForFolder(name) else { return nil }
        return HuggingFaceFolder.has(HuggingFaceFolder.configurationName, in: folder) ? folder : nil
    }

    private static func gguf(_ file: GGUFFile, _ path: String) throws(ModelError) -> ModelFile {
        let (configuration, weights, tokens) = try GGUFModel.read(file)
        let hasTokenizer = file.metadata["tokenizer.ggml.tokens"] != nil
        return ModelFile(
            path: path, kind: .gguf(architecture: file.metadata["general.architecture"]?.string ?? ""),
            configuration: configuration, weights: weights, tokens: tokens,
            tokenizer: hasTokenizer ? .gguf(file.metadata) : tokenizer(beside: path))
    }

    private static func stateDictionary(
        _ tensors: StateDictionary, _ path: String, _ generation: ModelGeneration?, _ headCount: Int?, _ keyValueHeadCount: Int?
    ) throws(ModelError) -> ModelFile {
        let tensors = tensors.withoutRunPrefixes
        let configuration = try ModelConfiguration.recognized(
            in: tensors, generation: generation, headCount: headCount, keyValueHeadCount: keyValueHeadCount)
        let weights = StoredWeights(
            tensors, naming: configuration.naming, rotaryLayout: configuration.rotaryLayout)
        return ModelFile(
            path: path, kind: .stateDictionary, configuration: configuration, weights: weights, tokens: .minimind,
            tokenizer: tokenizer(beside: path))
    }

    private static func tokenizer(in folder: String) -> TokenizerSource? {
        HuggingFaceFolder.tokenizerNames.contains { HuggingFaceFolder.has($0, in: folder) } ? .folder(folder) : nil
    }

    private static func tokenizer(beside path: String) -> TokenizerSource? { tokenizer(in: path.openableFolder) }
}

extension TensorFile {
    /// A file of weights, with the metadata where it is a GGUF.
    fileprivate enum Contents {
        case gguf(GGUFFile)
        case tensors(StateDictionary)

        var tensors: StateDictionary {
            switch self {
            case .gguf(let file): file.tensors
            case .tensors(let tensors): tensors
            }
        }
    }

    fileprivate static func contents(_ path: String) throws(ModelError) -> Contents {
        do throws(TensorFileError) {
            return try isGGUF(path) ? .gguf(GGUFFile.read(path)) : .tensors(read(path))
        } catch {
            throw .file(error)
        }
    }
}

extension LanguageModel {
    /// The model of a file.
    ///
    /// - Parameters: as of ``init(_:_:linearPrecision:embeddingPrecision:)``
    /// - Throws: ``ModelError/inFile(path:_:)`` where a weight is missing, of another shape, not readable, or has
    ///   no place in the model
    public convenience init(
        _ file: ModelFile, linearPrecision: Precision = .float32, embeddingPrecision: Precision = .float32
    ) throws(ModelError) {
        do throws(ModelError) {
            try self.init(
                file.configuration, file.weights, linearPrecision: linearPrecision, embeddingPrecision: embeddingPrecision)
        } catch {
            throw .inFile(path: file.path, error)
        }
    }

    /// The model of a file or folder of any kind that is known (``ModelFile/open(_:generation:headCount:keyValueHeadCount:)``).
    ///
    /// - Throws: ``ModelError/inFile(path:_:)`` or ``ModelError/file(_:)``
    public convenience init(contentsOf path: String) throws(ModelError) { try self.init(ModelFile.open(path)) }
}
