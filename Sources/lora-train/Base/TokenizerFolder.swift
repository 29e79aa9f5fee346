import Data
import Foundation
import Model
import Tensor

/// Where a tokenizer lies.
enum TokenizerFolder {
    /// What `--tokenizer_path` is, for `--help`.
    static let help = "Folder with tokenizer.json, that file, or a GGUF"

    /// The tokenizer that was given, or that of the usual folders.
    ///
    /// - Parameter path: a folder with `tokenizer.json`, that file itself, or a GGUF
    static func tokenizer(_ path: String?) throws -> Tokenizer {
        try (path.map(source) ?? .folder(find())).tokenizer(name: path ?? "")
    }

    /// What a path leads to.
    static func source(_ path: String) throws -> ModelFile.TokenizerSource {
        if (path as NSString).lastPathComponent == "tokenizer.json" { return .folder(path.openableFolder) }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        guard exists else {
            throw CommandError.failure("--tokenizer_path \(path): no such folder; it holds tokenizer.json, or is a GGUF file")
        }
        guard !isFolder.boolValue, try TensorFile.isGGUF(path) else { return .folder(path) }
        return .gguf(try GGUFFile.read(path).metadata)
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
        if let found = folders.first(where: { FileManager.default.fileExists(atPath: "\($0)/tokenizer.json") }) { return found }
        throw .failure(
            "no tokenizer.json in \(folders.joined(separator: ", ")); give its folder with --tokenizer_path "
                + "(the published one is MiniMind's model/minimind_tokenizer)")
    }
}

extension ModelFile.TokenizerSource {
    /// The folder of its files, where it has such.
    var folder: String? {
        guard case .folder(let folder) = self else { return nil }
        return folder
    }

    /// Reads the tokenizer.
    ///
    /// - Parameter name: of the GGUF file, for messages
    func tokenizer(name: String) throws -> Tokenizer {
        switch self {
        case .folder(let folder): try Tokenizer(folder: folder)
        case .gguf(let metadata): try Tokenizer(gguf: metadata, name: name)
        }
    }
}
