import Foundation
import Tensor

/// The cache in which Hugging Face's tools keep what they fetched: for each repository a folder with `refs`, which name
/// commits, and `snapshots`, a folder a commit, whose files are links to `blobs`.
struct HuggingFaceCache {
    /// The name of a repository, and the revision of it that is wanted.
    struct Name {
        let repository: String
        /// A branch, a tag or a commit.
        let revision: String

        /// - Returns: `nil` for what no repository is called, or what is more likely a path
        init?(_ word: String) {
            let parts = word.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
            guard names.count == 2, names.allSatisfy(Self.isName), parts.count == 1 || !parts[1].isEmpty else { return nil }
            // A wrong path into a folder that is there is a wrong path.
            guard !FileManager.default.fileExists(atPath: String(names[0])) else { return nil }
            let endings = [".pth", ".pt", ".bin", ".gguf", ".safetensors", ".json"]
            guard !endings.contains(where: parts[0].hasSuffix) else { return nil }
            repository = parts[0]
            revision = parts.count == 2 ? parts[1] : "main"
        }

        private static func isName(_ name: Substring) -> Bool {
            guard let first = name.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
            return name.utf8.count <= 96
                && name.unicodeScalars.allSatisfy {
                    $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
                }
        }
    }

    /// The folder of all repositories.
    private let folder: String

    init(_ environment: [String: String]) {
        func value(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
        let home = LocalModels.home(environment)
        let caches = value("XDG_CACHE_HOME") ?? home + "/.cache"
        let hub = value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? (value("HF_HOME") ?? caches + "/huggingface") + "/hub"
        folder = hub.hasPrefix("~/") ? home + hub.dropFirst() : hub
    }

    /// The folder of a model, or the file of it where the repository has one GGUF alone.
    ///
    /// - Throws: ``ModelError/notOnDisk(_:)``
    func path(of name: Name) throws(ModelError) -> String {
        let repository = "\(folder)/models--" + name.repository.replacingOccurrences(of: "/", with: "--")
        let option = name.revision == "main" ? "" : " --revision \(name.revision)"
        let advice = "`hf download \(name.repository)\(option)` fetches it"
        guard FileManager.default.fileExists(atPath: repository) else {
            throw .notOnDisk("there is no file or folder '\(name.repository)', and no model of this name in \(folder); \(advice)")
        }
        guard FileManager.default.fileExists(atPath: repository + "/snapshots") else {
            throw .notOnDisk("\(repository) has no snapshots, so it is not laid out as a cache of Hugging Face; \(advice)")
        }
        let snapshot = try snapshot(name, in: repository, advice)
        let names = snapshot.namesInFolder
        if let missing = names.first(where: { !FileManager.default.fileExists(atPath: "\(snapshot)/\($0)") }) {
            throw .notOnDisk("'\(name.repository)' was fetched in part: \(snapshot)/\(missing) is missing; \(advice)")
        }
        if HuggingFaceFolder.has(HuggingFaceFolder.configurationName, in: snapshot), HuggingFaceFolder.hasWeights(snapshot) {
            if let missing = HuggingFaceFolder.missingShard(in: snapshot) {
                throw .notOnDisk("'\(name.repository)' was fetched in part: \(snapshot)/\(missing) is missing; \(advice)")
            }
            return snapshot
        }
        let files = names.filter { $0.hasSuffix(".gguf") }
        switch files.count {
        case 0:
            throw .notOnDisk(
                "'\(name.repository)' was fetched in part, or holds no model: \(snapshot) has no config.json with weights; \(advice)")
        case 1: return "\(snapshot)/\(files[0])"
        default:
            throw .notOnDisk("'\(name.repository)' has \(files.count) models; give the path of one, such as \(snapshot)/\(files[0])")
        }
    }

    /// The folder of a revision.
    private func snapshot(_ name: Name, in repository: String, _ advice: String) throws(ModelError) -> String {
        let reference = try? String(contentsOfFile: "\(repository)/refs/\(name.revision)", encoding: .utf8)
        let commit = reference?.trimmingCharacters(in: .whitespacesAndNewlines) ?? name.revision
        let snapshot = "\(repository)/snapshots/\(commit)"
        if FileManager.default.fileExists(atPath: snapshot) { return snapshot }
        let others = (repository + "/snapshots").namesInFolder
        // A commit that was fetched by its name alone leaves no branch.
        if reference == nil, name.revision == "main", others.count == 1 { return "\(repository)/snapshots/\(others[0])" }
        let known = others.isEmpty ? "no revision at all" : "the revisions " + others.joined(separator: ", ")
        throw .notOnDisk("'\(name.repository)' is here in \(known), not in '\(name.revision)'; \(advice)")
    }
}
