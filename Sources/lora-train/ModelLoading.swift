import Data
import Foundation
import LoRA
import Model
import Tensor

extension ModelOptions {
    /// The path of the base weights: the one that was given, or the first of the usual ones that is there.
    var weightsPath: String {
        basePath ?? usualPaths.first { FileManager.default.fileExists(atPath: $0) } ?? usualPaths[0]
    }

    private var usualPaths: [String] {
        let dim = self.dim ?? generation.generation?.defaultDim ?? ModelGeneration.v2Classic.defaultDim
        return ["rlhf", "full_sft"].map { "\(outDir)/\($0)_\(dim)\(useMoE ? "_moe" : "").pth" }
    }

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

    /// A model of the sizes that were given, and for the rest of the published ones.
    func configuration(vocabularySize: Int) throws -> ModelConfiguration {
        let generation = self.generation.generation ?? .v2Classic
        return try ModelConfiguration(
            generation: generation, dim: dim, layerCount: layerCount ?? 8, headCount: headCount ?? 8,
            keyValueHeadCount: keyValueHeadCount, vocabularySize: vocabularySize,
            experts: useMoE ? generation.defaultExperts : nil)
    }

    /// The base; its sizes are what the file has.
    ///
    /// - Parameter reading: the precision of the products that will read it; `nil` where it is trained
    func pretrainedModel(reading precision: Precision?) throws -> MiniMind {
        guard FileManager.default.fileExists(atPath: weightsPath) else {
            let name = (weightsPath as NSString).lastPathComponent
            throw CommandError.failure(
                "no base weights at \(weightsPath); put MiniMind's published \(name) there or give a file with --base_path, "
                    + "or try the bundled base: make demo")
        }
        let weights = try TensorFile.read(weightsPath).withoutRunPrefixes
        do {
            let configuration = try ModelConfiguration.recognized(
                in: weights, generation: generation.generation, headCount: headCount, keyValueHeadCount: keyValueHeadCount)
            try check(configuration)
            let readsBFloat16 = basePrecision == .auto && precision == .bfloat16
            return try MiniMind(
                configuration, weights: weights,
                linearPrecision: basePrecision == .bfloat16 || readsBFloat16 ? .bfloat16 : .float32,
                embeddingPrecision: basePrecision == .bfloat16 ? .bfloat16 : .float32)
        } catch let error as ModelError {
            throw CommandError.failure("\(weightsPath): \(error)")
        }
    }

    /// Refuses a base of other sizes than those that were asked for.
    private func check(_ found: ModelConfiguration) throws(CommandError) {
        for (flag, given, size) in [("dim", dim, found.dim), ("n_layers", layerCount, found.layerCount)] {
            guard let given, given != size else { continue }
            throw .failure("\(weightsPath) has \(flag) \(size), not --\(flag) \(given); leave the flag out to take what the file has")
        }
        if useMoE, found.experts == nil {
            throw .failure("\(weightsPath) is a dense model; leave out --use_moe, or give a base with experts by --base_path")
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
