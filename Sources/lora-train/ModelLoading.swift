import Data
import Foundation
import LoRA
import Model
import Tensor

extension ModelOptions {
    /// The path of the base weights.
    var weightsPath: String { basePath ?? "\(outDir)/rlhf_\(dim).pth" }

    /// Sets threads and matrix product, and says where they are not what one would expect.
    func computing<Result>(_ precision: Precision = .float32, _ body: () throws -> Result) throws -> Result {
        Parallel.threads = threads > 0 ? threads : Parallel.cores
        let selection = matmul == .auto ? MatmulSelection.automatic : MatmulSelection(matmul)
        if let warning = selection.warning { Console.shared.note("warning: \(warning)") }
        return try ComputeContext.with(
            {
                $0.matmul = selection.matmul
                $0.precision = precision
            }, body)
    }

    /// - Throws: ``CommandError`` that says which folders were looked at
    func tokenizer() throws -> Tokenizer {
        try Tokenizer(folder: try Self.tokenizerFolder(tokenizerPath, besides: weightsPath))
    }

    /// The folder that was given, or the first of the usual ones that holds a tokenizer.
    static func tokenizerFolder(_ path: String?, besides weights: String?) throws(CommandError) -> String {
        if let path { return path }
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

    func configuration(vocabularySize: Int) throws -> ModelConfiguration {
        try ModelConfiguration(
            dim: dim, layerCount: layerCount, headCount: headCount, keyValueHeadCount: keyValueHeadCount,
            vocabularySize: vocabularySize)
    }

    /// The base; its vocabulary is what the file has.
    ///
    /// - Parameter reading: the precision of the products that will read it; `nil` where it is trained
    func pretrainedModel(reading precision: Precision?) throws -> MiniMind {
        guard FileManager.default.fileExists(atPath: weightsPath) else {
            throw CommandError.failure(
                "no base weights at \(weightsPath); put MiniMind's published rlhf_\(dim).pth there or give a file with --base_path, "
                    + "or try the bundled base: make demo")
        }
        let weights = try TensorFile.read(weightsPath)
        guard let embedding = weights["tok_embeddings.weight"] else {
            let found = weights.names.prefix(3).joined(separator: ", ")
            throw CommandError.failure(
                "\(weightsPath) has no 'tok_embeddings.weight', so it is no MiniMind v2-classic model (its first keys: \(found))")
        }
        do {
            let readsBFloat16 = basePrecision == .auto && precision == .bfloat16
            return try MiniMind(
                configuration(vocabularySize: embedding.shape.first ?? 0), weights: weights,
                linearPrecision: basePrecision == .bfloat16 || readsBFloat16 ? .bfloat16 : .float32,
                embeddingPrecision: basePrecision == .bfloat16 ? .bfloat16 : .float32)
        } catch let error as ModelError {
            throw CommandError.failure("\(weightsPath): \(error)")
        }
    }

    /// Puts the adapter of `--lora_path` on a model.
    func adapter(on model: MiniMind, path: String) throws -> LoRAAdapter {
        let dictionary = try TensorFile.read(path)
        do {
            return try LoRAAdapter(on: model, from: dictionary)
        } catch {
            throw CommandError.failure("\(path): \(error)")
        }
    }
}
