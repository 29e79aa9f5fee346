import Foundation

/// Where MiniMind's tokenizer lies.
enum TokenizerFolder {
    /// The first of the usual folders that holds a tokenizer.
    ///
    /// - Parameter weights: a file whose folder is looked at too
    /// - Throws: ``CommandError`` that says which folders were looked at
    static func find(besides weights: String? = nil) throws(CommandError) -> String {
        var folders = ["model/minimind_tokenizer", "model"]
        if let weights {
            let folder = (weights as NSString).deletingLastPathComponent
            folders.append(folder.isEmpty ? "." : folder)
        }
        if let found = folders.first(where: { FileManager.default.fileExists(atPath: "\($0)/tokenizer.json") }) { return found }
        throw .failure(
            "no tokenizer.json in \(folders.joined(separator: ", ")); give its folder with --tokenizer_path "
                + "(the published one is MiniMind's model/minimind_tokenizer)")
    }
}
