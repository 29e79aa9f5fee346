import Foundation

/// Models that other tools keep on this machine, found by the names that people know them by. Nothing is fetched.
public enum LocalModels {
    /// The file or folder that a word stands for: a path stands for itself, `Qwen/Qwen3-0.6B`, with `@revision` at its end
    /// or without, for a model in the cache of Hugging Face, and `qwen3:0.6b` for one in Ollama's store.
    ///
    /// - Parameters:
    ///   - word: a path or a name; whatever is there as a path is taken for one
    ///   - environment: the variables that say where the tools keep their models
    /// - Returns: the path; the word itself where it is no name
    /// - Throws: ``ModelError/notOnDisk(_:)`` for a name of a model that is not there, or not all of it
    public static func path(
        of word: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ModelError) -> String {
        guard !FileManager.default.fileExists(atPath: word) else { return word }
        let store = OllamaStore(environment)
        if let found = try store.path(of: word) { return found }
        if let name = HuggingFaceCache.Name(word) { return try HuggingFaceCache(environment).path(of: name) }
        guard store.isName(word) else { return word }
        throw .notOnDisk(
            "there is no file or folder '\(word)', and no model of this name in \(store.places); `ollama pull \(word)` fetches it")
    }

    /// The user's own folder.
    static func home(_ environment: [String: String]) -> String { environment["HOME"] ?? NSHomeDirectory() }
}
