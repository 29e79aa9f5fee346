import Data
import Foundation
import Model
import Tensor

/// What a whole model is written as.
enum ModelFormat: String, CaseIterable {
    /// One of PyTorch's files, with its settings beside it.
    case pth
    /// A folder that `AutoModelForCausalLM` takes.
    case huggingface
    /// A file of llama.cpp.
    case gguf

    /// The kind of file that a base is.
    init(_ kind: ModelFile.Kind) {
        switch kind {
        case .huggingFace, .consolidated: self = .huggingface
        case .gguf: self = .gguf
        case .stateDictionary: self = .pth
        }
    }

    /// What the names of such files end with.
    var ending: String { self == .huggingface ? "" : ".\(rawValue)" }
}

/// A whole model on its way to disk: in what form, of which type, and with which tokenizer.
struct ModelOutput {
    let format: ModelFormat
    let elementType: ElementType
    private let tokens: SpecialTokens
    private let tokenizerSource: TokenizerSource?
    /// Whether the tokenizer has tokens beyond those of its files.
    private let addsTokens: Bool
    /// The tokenizer where its files are not copied as they are; read once, and before anything is written, as it may be damaged.
    private let tokenizer: Tokenizer?

    /// - Parameters:
    ///   - base: where the model comes from; `nil` for a random start
    ///   - tokenizerPath: the tokenizer that was given
    ///   - addedTokens: tokens that are added to it
    init(
        _ format: ModelFormat, as elementType: ElementType, of base: Base?, tokenizerPath: String?, addedTokens: AddedTokens = AddedTokens()
    ) throws {
        let addedTokens = base?.addedTokens ?? addedTokens
        addsTokens = !addedTokens.isEmpty
        (self.format, self.elementType) = (format, elementType)
        tokens = base?.file.tokens ?? .minimind
        if let base {
            tokenizerSource = try base.foundTokenizer()
        } else {
            tokenizerSource = try tokenizerPath.map(TokenizerFolder.source) ?? (try? .folder(TokenizerFolder.find()))
        }
        let copiesFiles = format == .pth || format == .huggingface && tokenizerSource?.folder != nil && !addsTokens
        let bare = copiesFiles ? nil : try tokenizerSource?.tokenizer(name: tokenizerPath ?? base?.file.path ?? "")
        tokenizer = try bare.map(addedTokens.added)
    }

    /// Looks whether a model can be written to a place in this form, before hours have gone by.
    ///
    /// - Throws: `ModelError` where the form does not say all that the model computes, or the place holds something else;
    ///   `TensorFileError` with the system's reason
    func check(_ model: LanguageModel, path: String) throws {
        switch format {
        case .pth:
            guard model.configuration.hasSettings else {
                throw ModelError.unsupported(
                    "the settings beside a .pth cannot say all that this model computes; --format huggingface writes a folder")
            }
            try AtomicFile.checkWritable(path)
            try SavedModel.checkReplaceable(path)
        case .huggingface: try model.checkHuggingFaceFolder(path, as: elementType, tokens: tokens)
        case .gguf:
            try AtomicFile.checkWritable(path)
            try model.checkGGUF(as: elementType)
            _ = try ggufTokenizer(model)
        }
    }

    /// What a person should know of the form.
    ///
    /// - Returns: whole lines
    func notes(_ configuration: ModelConfiguration) -> [String] {
        guard format != .pth else {
            return addsTokens
                ? ["warning: a .pth has no tokenizer, so that the added tokens are not in it; --format huggingface or gguf keeps them"] : []
        }
        var notes: [String] = []
        if tokenizerSource == nil {
            let consequence = format == .gguf ? "llama.cpp will read no text from the file" : "none goes along"
            notes.append("note: no tokenizer was found, so \(consequence); --tokenizer_path names its folder")
        }
        if format == .gguf, let warning = configuration.ggufWarning { notes.append("warning: " + warning) }
        return notes
    }

    /// Writes a model.
    ///
    /// - Returns: the class of transformers that a folder is for; `nil` for other forms
    @discardableResult
    func write(_ model: LanguageModel, to path: String) throws -> String? {
        switch format {
        case .pth:
            try model.saved(as: elementType, tokens: tokens).write(to: path)
        case .huggingface:
            let written = try model.writeHuggingFaceFolder(
                to: path, as: elementType, tokens: tokens, tokenizerFolder: tokenizer == nil ? tokenizerSource?.folder : nil)
            try tokenizer?.writeHuggingFaceFiles(to: path)
            return written
        case .gguf:
            let name = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
            try model.writeGGUF(to: path, as: elementType, name: name, tokenizer: try ggufTokenizer(model))
        }
        return nil
    }

    private func ggufTokenizer(_ model: LanguageModel) throws -> [(String, GGUFValue)] {
        try tokenizer?.ggufMetadata(vocabularySize: model.configuration.vocabularySize).map { ($0.key, $0.value) } ?? []
    }
}
