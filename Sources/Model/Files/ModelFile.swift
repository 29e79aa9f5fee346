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
        /// Weights as Meta and Mistral publish them, with `params.json`.
        case consolidated
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

    /// A line for a person: kind, sizes, and how weights are packed.
    public var summary: String {
        let sizes = configuration.summary + (weights.packing.map { "; \($0)" } ?? "")
        return switch kind {
        case .huggingFace(let type): "Hugging Face folder (\(type)): \(sizes)"
        case .gguf(let architecture): "GGUF (\(architecture)): \(sizes)"
        case .stateDictionary: sizes
        case .consolidated: "consolidated weights: \(sizes)"
        }
    }

    /// The same model for longer texts than it was trained on.
    ///
    /// - Throws: ``ModelError/inFile(path:_:)`` where it has a scaling of its own
    public func stretched(by scaling: RotaryScaling) throws(ModelError) -> ModelFile {
        if configuration.ropeScaling == scaling { return self }
        guard configuration.ropeScaling == nil else {
            throw .inFile(path: path, .configuration("the model has a rotary scaling of its own; leave out --inference_rope_scaling"))
        }
        var file = self
        file.configuration.ropeScaling = scaling
        return file
    }

    /// Opens a folder with `config.json` or `params.json`, a GGUF file, or a state dict, whichever it is by its content.
    ///
    /// What a state dict does not show, `NAME.json` beside it says, or a `config.json` in its folder, or the hints. Without
    /// any of them it is read where its sizes are those of a published MiniMind.
    ///
    /// - Parameters:
    ///   - path: the file or folder, or the name of a model that other tools keep on this machine (``LocalModels/path(of:environment:)``)
    ///   - hints: what is known of a state dict
    /// - Throws: ``ModelError/notOnDisk(_:)``, ``ModelError/inFile(path:_:)`` or ``ModelError/file(_:)``. In a file are ``ModelError/ambiguous(_:)``, for a
    ///   state dict that nobody says anything about, and what else is wrong, also where the hints say otherwise
    public static func open(_ path: String, _ hints: ModelHints = ModelHints()) throws(ModelError) -> ModelFile {
        let path = try LocalModels.path(of: path)
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        let opened: ModelFile
        if let consolidated = consolidatedFolder(of: path, isFolder: isFolder.boolValue) {
            opened = try Self.consolidated(consolidated, path)
        } else if isFolder.boolValue {
            opened = try folder(path)
        } else if let folder = configuredFolder(of: path) {
            opened = try Self.folder(folder)
        } else {
            switch try TensorFile.contents(path) {
            case .gguf(let file): opened = try inFile(path) { () throws(ModelError) in try gguf(file, path) }
            case .tensors(let tensors): opened = try stateDictionary(tensors.withoutWrapperPrefixes, path, hints)
            }
        }
        try inFile(path) { () throws(ModelError) in try hints.check(opened.configuration) }
        return opened
    }

    private static func inFile<Value>(_ path: String, _ body: () throws(ModelError) -> Value) throws(ModelError) -> Value {
        do throws(ModelError) {
            return try body()
        } catch {
            throw .inFile(path: path, error)
        }
    }

    private static func folder(_ path: String) throws(ModelError) -> ModelFile {
        let folder = path.withoutLastSlash
        guard HuggingFaceFolder.has(HuggingFaceFolder.configurationName, in: folder) else {
            throw .inFile(path: path, .unrecognized("the folder has no config.json" + Self.advice(folder)))
        }
        let (configuration, weights) = try HuggingFaceFolder.read(folder)
        return ModelFile(
            path: path, kind: .huggingFace(modelType: configuration.modelType), configuration: configuration.model, weights: weights,
            tokens: configuration.tokens, tokenizer: tokenizer(in: folder))
    }

    /// The folder with `params.json` that a path stands for, unless transformers' form of the model lies there too.
    private static func consolidatedFolder(of path: String, isFolder: Bool) -> String? {
        guard let folder = ConsolidatedFolder.folder(of: path, isFolder: isFolder) else { return nil }
        return isFolder && HuggingFaceFolder.has(HuggingFaceFolder.configurationName, in: folder) ? nil : folder
    }

    private static func consolidated(_ folder: String, _ path: String) throws(ModelError) -> ModelFile {
        let (configuration, weights) = try ConsolidatedFolder.read(folder)
        return ModelFile(
            path: path, kind: .consolidated, configuration: configuration.model, weights: weights, tokens: configuration.tokens,
            tokenizer: tokenizer(in: folder))
    }

    /// What to give instead of a folder that is no model.
    private static func advice(_ folder: String) -> String {
        let endings = [".pth", ".gguf", ".safetensors", ".pt"]
        let file = folder.namesInFolder.first { name in endings.contains { name.hasSuffix($0) } }
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

    private static func stateDictionary(_ tensors: StateDictionary, _ path: String, _ hints: ModelHints) throws(ModelError) -> ModelFile {
        func file(_ model: ModelConfiguration, _ weights: StoredWeights, _ tokens: SpecialTokens) -> ModelFile {
            ModelFile(
                path: path, kind: .stateDictionary, configuration: model, weights: weights, tokens: tokens,
                tokenizer: tokenizer(beside: path))
        }
        if let generation = hints.generation {
            // Whoever names the keys is told what they are, whatever settings say.
            try inFile(path) { () throws(ModelError) in _ = try ShownSizes(tensors, of: generation) }
        }
        if let settings = try ModelSettings.beside(path) {
            let (read, weights) = try inFile(settings.path) { () throws(ModelError) in try HuggingFaceFolder.read(settings.json, tensors) }
            return file(read.model, weights, read.model.family.isMiniMind && read.tokens.ends.isEmpty ? .minimind : read.tokens)
        }
        return try inFile(path) { () throws(ModelError) in
            if let family = hints.family, !family.isMiniMind {
                let (read, weights) = try HuggingFaceFolder.read(family.settings(shownBy: tensors, hints), tensors)
                return file(read.model, weights, read.tokens)
            }
            let model = try ModelConfiguration.recognized(
                in: tensors, generation: hints.generation, headCount: hints.headCount, keyValueHeadCount: hints.keyValueHeadCount)
            guard hints.meansMiniMind || model.isPublishedMiniMind else { throw .ambiguous(ambiguity(model, path)) }
            return file(model, StoredWeights(tensors, naming: model.naming, rotaryLayout: model.rotaryLayout), .minimind)
        }
    }

    /// Why nobody knows what a state dict is, and what to do.
    private static func ambiguity(_ model: ModelConfiguration, _ path: String) -> String {
        let others = ModelFamily.all.filter { $0.naming == model.naming && !$0.isMiniMind }.map(\.name)
        let named = ([model.family.name] + others.prefix(3)).map { "a \($0)" }.joined(separator: ", ")
        let settings = (ModelSettings.path(of: path) as NSString).lastPathComponent
        return
            "nothing says which model these weights are. Their names are those of \(named)\(others.isEmpty ? "" : " and others"), and no "
            + "published MiniMind has dim \(model.dim), \(model.layerCount) layers and a vocabulary of \(model.vocabularySize). Put the "
            + "model's config.json beside them as \(settings)"
            + (others.isEmpty ? "" : "; or give --family and --n_heads")
            + "; of a MiniMind of your own, give the sizes: --dim \(model.dim) --n_layers \(model.layerCount)"
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

    /// The model of a file or folder of any kind that is known (``ModelFile/open(_:_:)``).
    ///
    /// - Throws: ``ModelError/inFile(path:_:)`` or ``ModelError/file(_:)``
    public convenience init(contentsOf path: String, _ hints: ModelHints = ModelHints()) throws(ModelError) {
        try self.init(ModelFile.open(path, hints))
    }
}
