import Foundation
import LoRA
import Model
import Tensor

/// Compares the logits of two models, with or without adapters, whatever their formats.
struct VerifyCommand {
    let options: VerifyOptions

    func run() throws {
        guard let path = options.path, let otherPath = options.otherPath else {
            throw CommandError.usage(
                "verify needs two models: lora-train verify MODEL OTHER; each a .pth, .safetensors or .gguf file or a folder")
        }
        try options.model.computing {
            let model = try loaded(path, options.model.loraPath)
            let other = try loaded(otherPath, options.otherLoRAPath)
            let sizes = (model.configuration.vocabularySize, other.configuration.vocabularySize)
            // Rows that fill a vocabulary up come in hundreds at the most.
            guard abs(sizes.0 - sizes.1) <= 1024, 2 * min(sizes.0, sizes.1) >= max(sizes.0, sizes.1) else {
                throw CommandError.failure(
                    "\(path) knows \(sizes.0) tokens and \(otherPath) \(sizes.1): these are models of different vocabularies")
            }
            let comparison = try ModelComparison(model, other)
            Console.shared.line(comparison.summary)
            try comparison.check(tolerance: options.tolerance, "\(path) and \(otherPath) differ")
        }
    }

    private func loaded(_ word: String, _ loraPath: String?) throws -> LanguageModel {
        let path = try LocalModels.path(of: word)
        guard FileManager.default.fileExists(atPath: path) else { throw CommandError.failure("\(path): no such file or folder") }
        var options = self.options.model
        options.basePath = path
        options.loraPath = loraPath
        // What is known of one that says nothing itself need not be so of the other.
        var own = options
        own.forgetHints()
        let base = try (try? Base(own)) ?? Base(options)
        let model = try base.model(reading: .float32)
        if let list = loraPath {
            var shelf = AdapterShelf(model, base, isForced: options.forcesAdapter)
            try shelf.load(list: list)
        }
        return model
    }
}
