import Foundation
import Tensor

/// Where Ollama keeps models: a manifest for each name, `manifests/HOST/NAMESPACE/MODEL/TAG`, which lists parts by their
/// digests, and the parts in `blobs`. The model itself is a GGUF.
struct OllamaStore {
    private let folders: [String]

    init(_ environment: [String: String]) {
        if let folder = environment["OLLAMA_MODELS"], !folder.isEmpty {
            folders = [folder]
        } else {
            // The second one is that of the system's service.
            folders = [LocalModels.home(environment) + "/.ollama/models", "/usr/share/ollama/.ollama/models"]
        }
    }

    /// Where models are looked for, for a person.
    var places: String { folders.joined(separator: " and ") }

    /// Whether a word is a name with a tag: `qwen3:0.6b`.
    func isName(_ word: String) -> Bool {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && Self.components(word) != nil
    }

    /// The GGUF of a model.
    ///
    /// - Returns: `nil` where no store has the name
    /// - Throws: ``ModelError/notOnDisk(_:)`` for a model whose parts are not all there, or that is more than a GGUF
    func path(of word: String) throws(ModelError) -> String? {
        guard let (names, tag) = Self.components(word) else { return nil }
        for folder in folders {
            guard let manifest = Self.manifest(names, tag, in: folder) else { continue }
            return try Self.model(word, manifest: manifest, in: folder)
        }
        return nil
    }

    /// The parts of a name, and its tag.
    private static func components(_ word: String) -> (names: [String], tag: String)? {
        let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, !word.hasPrefix("/"), !word.hasPrefix(".") else { return nil }
        let names = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let tag = parts.count == 2 ? parts[1] : "latest"
        guard names.count <= 3, (names + [tag]).allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("/") }) else {
            return nil
        }
        return (names, tag)
    }

    /// The manifest of a name, of whatever host. Tags of Ollama's own hold for any case of letters.
    private static func manifest(_ names: [String], _ tag: String, in folder: String) -> String? {
        let root = folder + "/manifests"
        let hosts = names.count == 3 ? [names[0]] : root.namesInFolder
        let model = (names.count == 1 ? ["library"] : []) + (names.count == 3 ? Array(names.dropFirst()) : names)
        for host in hosts {
            let place = ([root, host] + model).joined(separator: "/")
            for tag in [tag, tag.lowercased()] {
                var isFolder: ObjCBool = false
                let path = "\(place)/\(tag)"
                if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue { return path }
            }
        }
        return nil
    }

    private static func model(_ word: String, manifest: String, in folder: String) throws(ModelError) -> String {
        let advice = "`ollama pull \(word)` fetches it"
        guard let json = try? HuggingFaceFolder.json(manifest), let layers = json["layers"]?.array else {
            throw .notOnDisk("\(manifest) is not a manifest of Ollama as it is known here; \(advice)")
        }
        let digests = layers.filter { $0["mediaType"]?.string == "application/vnd.ollama.image.model" }.compactMap { $0["digest"]?.string }
        guard !layers.contains(where: { $0["mediaType"]?.string == "application/vnd.ollama.image.adapter" }) else {
            throw .notOnDisk("'\(word)' is a model with an adapter beside it, which is not supported; take the model that it is made from")
        }
        guard digests.count == 1 else {
            throw .notOnDisk(
                digests.isEmpty
                    ? "'\(word)' has no weights on this disk, by \(manifest); \(advice)"
                    : "'\(word)' is a model in \(digests.count) files, which is not supported, by \(manifest)")
        }
        // Ollama writes sha256-…, and wrote sha256:… once.
        let names = [digests[0].replacingOccurrences(of: ":", with: "-"), digests[0]]
        guard !digests[0].contains("/"), let found = names.map({ "\(folder)/blobs/\($0)" }).first(where: FileManager.default.fileExists)
        else {
            throw .notOnDisk("'\(word)' was fetched in part: \(folder)/blobs/\(names[0]) is missing; \(advice)")
        }
        return found
    }
}
