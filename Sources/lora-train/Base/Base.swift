import Data
import Foundation
import LoRA
import Model
import Tensor

/// A base as it lies on disk, whatever its format, and what belongs to it.
struct Base {
    let file: ModelFile
    /// Tokens beyond those of its tokenizer: those of `--add_tokens`, or of the adapters.
    let addedTokens: AddedTokens
    /// The folder of an adapter that knows more tokens than the base, and has a tokenizer beside it.
    private let adapterTokenizer: String?
    private let options: ModelOptions

    /// Opens the base that was given, or the first of the usual ones that is there.
    ///
    /// - Parameter addedTokensPath: of the tokens that a run adds
    /// - Throws: ``CommandError``, or `ModelError` with the path
    init(_ options: ModelOptions, addedTokensPath: String? = nil) throws {
        self.options = options
        let adapters = try options.loraPath.map { try AdapterList($0, flag: "--lora_path").paths } ?? []
        addedTokens = try addedTokensPath.map { try AddedTokens(file: $0) } ?? AddedTokens(adapters: adapters)
        let path = try options.weightsPath
        guard FileManager.default.fileExists(atPath: path) else {
            let name = (path as NSString).lastPathComponent
            throw CommandError.failure(
                options.basePath == nil
                    ? "no base weights at \(path); put MiniMind's published \(name) there or give a file or folder with --base_path, "
                        + "or try the bundled base: make demo"
                    : "no base weights at \(path); --base_path is a .pth, .safetensors or .gguf file, a folder with config.json, or a model's name at Hugging Face or Ollama"
            )
        }
        let found = try ModelFile.open(path, options.hints)
        file = options.stretchesRotary ? try found.stretched(by: .yarn(.minimind)) : found
        let size = found.configuration.vocabularySize
        adapterTokenizer = addedTokens.isEmpty ? adapters.first { TokenizerFolder.isOfMoreTokens(adapter: $0, than: size) } : nil
    }

    /// The model.
    ///
    /// - Parameter reading: the precision of the products that will read it; `nil` where it is trained
    func model(reading precision: Precision?) throws -> LanguageModel {
        let readsBFloat16 = options.basePrecision == .auto && precision == .bfloat16
        let model = try LanguageModel(
            file, linearPrecision: options.basePrecision == .bfloat16 || readsBFloat16 ? .bfloat16 : .float32,
            embeddingPrecision: options.basePrecision == .bfloat16 ? .bfloat16 : .float32)
        if precision == .float16 {
            do throws(ModelError) {
                try model.checkRange(ofProductsIn: .float16)
            } catch {
                throw ModelError.inFile(path: file.path, error)
            }
        }
        return model
    }

    /// An adapter for this base, of any format.
    ///
    /// - Parameter isForced: whether one that was trained on another base is taken too
    /// - Throws: `AdapterFileError` with the path, also for another base's
    func adapter(_ path: String, isForced: Bool) throws -> AdapterState {
        let state = try AdapterFile.read(path, for: file.configuration)
        if !isForced { try check(state, path) }
        return state
    }

    /// The same to be trained on, at the scale that it was trained with.
    func adapterToTrain(_ path: String, isForced: Bool) throws -> (state: AdapterState, scale: ScaleSource) {
        let found = try AdapterFile.readToTrain(path, for: file.configuration)
        if !isForced { try check(found.state, path) }
        return found
    }

    /// Refuses an adapter of another base.
    private func check(_ state: AdapterState, _ path: String) throws {
        guard state.provenance != nil else { return }
        do {
            try state.checkBase(fingerprint())
        } catch let error as AdapterFileError {
            throw AdapterFileError.inFile(path: path, error)
        }
    }

    /// The fingerprint of the weights.
    func fingerprint() throws -> Fingerprint { try file.weights.fingerprint(file.configuration) }

    /// The tokenizer that was given, or the base's own, or that of the usual folders; with the added tokens.
    ///
    /// - Throws: ``CommandError`` that says which folders were looked at
    func tokenizer() throws -> Tokenizer { try addedTokens.added(to: bareTokenizer()) }

    /// The same without the added tokens.
    func bareTokenizer() throws -> Tokenizer { try tokenizerSource().tokenizer(name: options.tokenizerPath ?? file.path) }

    /// Where the tokenizer lies that goes along with a model; `nil` where none was given and none is found.
    ///
    /// - Throws: ``CommandError`` where the one that was given is none
    func foundTokenizer() throws -> TokenizerSource? {
        guard options.tokenizerPath != nil else { return try? tokenizerSource() }
        let source = try tokenizerSource()
        // Files are copied as they are: whether they are a tokenizer is found out before anything is written.
        _ = try source.tokenizer(name: options.tokenizerPath ?? "")
        return source
    }

    /// The fingerprint of the tokenizer's file; `nil` for one that lies in the base's own.
    func tokenizerFingerprint() throws -> Fingerprint? {
        guard let file = try tokenizerSource().file else { return nil }
        return try Fingerprint.ofFile(file)
    }

    /// Where that tokenizer lies.
    ///
    /// - Throws: ``CommandError``
    private func tokenizerSource() throws -> TokenizerSource {
        if let path = options.tokenizerPath { return try TokenizerFolder.source(path) }
        if let adapterTokenizer { return .folder(adapterTokenizer) }
        switch (file.kind, file.tokenizer) {
        case (.huggingFace, let source?), (.gguf, let source?): return TokenizerSource(source)
        default: return .folder(try TokenizerFolder.find(besides: file.path))
        }
    }
}

extension ModelOptions {
    /// The path of the base weights: the one that was given, or the first of the usual ones that is there.
    ///
    /// - Throws: `ModelError` for the name of a model that is not on this disk
    var weightsPath: String {
        get throws {
            if let basePath { return try LocalModels.path(of: basePath) }
            return usualPaths.first { FileManager.default.fileExists(atPath: $0) } ?? usualPaths[0]
        }
    }

    private var usualPaths: [String] {
        let dim = self.dim ?? generation.generation?.defaultDim ?? ModelGeneration.v2Classic.defaultDim
        return ["rlhf", "full_sft"].map { "\(outDir)/\($0)_\(dim)\(useMoE ? "_moe" : "").pth" }
    }

    /// A model of the sizes that were given, and for the rest of the published ones.
    func configuration(vocabularySize: Int) throws -> ModelConfiguration {
        let generation = self.generation.generation ?? .v2Classic
        return try ModelConfiguration(
            generation: generation, dim: dim, layerCount: layerCount ?? 8, headCount: headCount ?? 8,
            keyValueHeadCount: keyValueHeadCount, vocabularySize: vocabularySize,
            experts: useMoE ? generation.defaultExperts : nil)
    }
}
