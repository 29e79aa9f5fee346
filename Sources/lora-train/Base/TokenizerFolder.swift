import Data
import Foundation
import LoRA
import Model
import Tensor

/// Where a tokenizer lies.
enum TokenizerFolder {
    /// What `--tokenizer_path` is, for `--help`.
    static let help = "Folder with a tokenizer, a file of one, or a GGUF"

    /// The tokenizer that was given, or that of the usual folders.
    ///
    /// - Parameter path: a folder with a tokenizer, a file of one, or a GGUF
    static func tokenizer(_ path: String?) throws -> Tokenizer {
        try (path.map(source) ?? .folder(find())).tokenizer(name: path ?? "")
    }

    /// Whether an adapter is for more tokens than its base, and lies in a folder with a tokenizer, as PEFT's users save them.
    static func isOfMoreTokens(adapter path: String, than size: Int) -> Bool {
        guard Tokenizer.file(in: path) != nil, let known = (try? AdapterFile.inspect(path))?.vocabularySize else { return false }
        return known > size
    }

    /// What a path leads to.
    static func source(_ path: String) throws -> TokenizerSource {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError.failure(
                "--tokenizer_path \(path): no such folder; it holds a tokenizer such as tokenizer.json, or is a file of one, or a GGUF")
        }
        guard !isFolder.boolValue else { return .folder(path) }
        if try TensorFile.isGGUF(path) { return .gguf(try GGUFFile.read(path).metadata) }
        // The file that the folder would be read from stands for the folder.
        let folder = path.openableFolder
        let name = (path as NSString).lastPathComponent
        if Tokenizer.file(in: folder).map({ ($0 as NSString).lastPathComponent == name }) ?? false { return .folder(folder) }
        return .file(path)
    }

    /// The first of the usual folders that holds a tokenizer.
    ///
    /// - Parameter weights: a file whose folder is looked at too
    /// - Throws: ``CommandError`` that says which folders were looked at
    static func find(besides weights: String? = nil) throws(CommandError) -> String {
        var folders = ["model/minimind_tokenizer", "model"]
        if let weights {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: weights, isDirectory: &isFolder)
            folders.append(isFolder.boolValue ? weights : weights.openableFolder)
        }
        if let found = folders.first(where: { Tokenizer.file(in: $0) != nil }) { return found }
        throw .failure(
            "no tokenizer.json and no other tokenizer in \(folders.joined(separator: ", ")); give its folder with --tokenizer_path "
                + "(the published one is MiniMind's model/minimind_tokenizer)")
    }
}

/// What a tokenizer is read from.
enum TokenizerSource {
    /// The files of a tokenizer in this folder.
    case folder(String)
    /// This file, with what stands beside it.
    case file(String)
    /// The metadata of a GGUF file.
    case gguf(GGUFMetadata)

    init(_ source: ModelFile.TokenizerSource) {
        self =
            switch source {
            case .folder(let folder): .folder(folder)
            case .gguf(let metadata): .gguf(metadata)
            }
    }

    /// The folder of its files, where all of them belong to it.
    var folder: String? {
        guard case .folder(let folder) = self else { return nil }
        return folder
    }

    /// The file that it is read from; `nil` where that is a model's own.
    var file: String? {
        switch self {
        case .folder(let folder): Tokenizer.file(in: folder)
        case .file(let path): path
        case .gguf: nil
        }
    }

    /// Reads the tokenizer.
    ///
    /// - Parameter name: of the GGUF file, for messages
    func tokenizer(name: String) throws -> Tokenizer {
        switch self {
        case .folder(let folder): try Tokenizer(folder: folder)
        case .file(let path): try Tokenizer(file: path)
        case .gguf(let metadata): try Tokenizer(gguf: metadata, name: name)
        }
    }
}
