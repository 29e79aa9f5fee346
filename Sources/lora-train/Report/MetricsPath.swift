import Foundation
import Tensor

/// The metrics files that a word of the command line means.
enum MetricsPath {
    static let ending = ".metrics.jsonl"

    /// - Parameter word: a metrics file, an adapter's file, or a folder with metrics in it or in its `lora`
    /// - Returns: at least one
    /// - Throws: ``CommandError`` that says what was looked for
    static func find(_ word: String) throws(CommandError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: word, isDirectory: &isFolder) else {
            throw .failure("\(word): no such file or folder; report takes a run's metrics (*\(ending)), its adapter, or its out_dir")
        }
        if isFolder.boolValue {
            let folder = word.withoutLastSlash
            let found = [folder, folder + "/lora"].flatMap(files)
            guard !found.isEmpty else {
                throw .failure("\(word) holds no metrics (*\(ending)), nor does \(folder)/lora; name the metrics file")
            }
            return found
        }
        guard ["pth", "pt", "safetensors"].contains((word as NSString).pathExtension) else { return [word] }
        let stem = (word as NSString).deletingPathExtension
        // A run that trains everything saves one folder above its metrics.
        let places = [stem, stem.sibling("lora/" + (stem as NSString).lastPathComponent)].map { $0 + ending }
        guard let found = places.first(where: FileManager.default.fileExists) else {
            throw .failure("\(word) has no metrics beside it (\(places[0])); name the metrics file, and the adapter with --lora_path")
        }
        return [found]
    }

    private static func files(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(ending) }.sorted().map {
            "\(folder)/\($0)"
        }
    }
}
