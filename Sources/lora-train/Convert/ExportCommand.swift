import Data
import Foundation
import LoRA
import Model
import Tensor

/// Writes a model, with adapters merged in, or an adapter alone, in a format of others; and reads it back.
struct ExportCommand {
    let options: ExportOptions
    private var console: Console { Console.shared }

    /// - Parameter name: `export`, or `merge`, which writes whole models alone
    func run(_ name: String) throws {
        guard let output = options.outputPath else { throw CommandError.usage("--output says where the result goes") }
        let format = try options.resolvedFormat(output)
        if name == "merge" {
            guard format.adapterFormat == nil else {
                throw CommandError.usage("merge writes whole models; `lora-train export` writes an adapter alone")
            }
            guard options.model.loraPath != nil else { throw CommandError.usage("merge needs an adapter; give it with --lora_path") }
        }
        let adapters = try options.model.loraPath.map { try AdapterList($0, flag: "--lora_path").paths } ?? []
        try OutputPath.check(output, flag: "--output", against: [try options.model.weightsPath] + adapters)
        if format == .pth { try SavedModel.checkReplaceable(output) }
        try options.model.computing {
            let base = try Base(options.model)
            let model = try base.model(reading: nil)
            var shelf = AdapterShelf(model, base, isForced: options.model.forcesAdapter)
            if let list = options.model.loraPath { try shelf.load(list: list) }
            if let modelFormat = format.modelFormat {
                try writeModel(shelf, modelFormat, to: output, model, base)
            } else if let adapterFormat = format.adapterFormat {
                try writeAdapter(shelf, adapterFormat, to: output, model, base)
            }
        }
    }

    // MARK: - Models

    private func writeModel(
        _ shelf: AdapterShelf, _ modelFormat: ModelFormat, to path: String, _ model: LanguageModel, _ base: Base
    ) throws {
        let type = try options.elementType(modelFormat)
        let output = try ModelOutput(modelFormat, as: type, of: base, tokenizerPath: options.model.tokenizerPath)
        let adapted = model.modules.filter { module in
            module.updates.contains { $0.weight != 0 } || module.tokenRows.contains(where: \.isOn)
        }
        let before = adapted.map { ($0, $0.weight.values) }
        shelf.merge()
        // A GGUF keeps some weights in other types, which its writer knows.
        if modelFormat != .gguf { try model.checkRange(of: type) }
        if !adapted.isEmpty { report(before, writtenAs: type) }
        if modelFormat == .pth { console.warn(ofUnsaidParts: model.configuration) }
        let written = try output.write(model, to: path)
        for note in output.notes(model.configuration) { console.note(note) }
        if let written { console.line("written for \(written)") }
        console.line("wrote \(path) (\(type.rawValue))")
        guard options.verifies else { return }
        // Against base plus adapter, not against what was merged.
        shelf.unmerge()
        let read = try LanguageModel(ModelFile.open(path, ModelHints(headCount: model.configuration.headCount)))
        try compare(model, read, type, path)
    }

    /// Says what rounding leaves of the adapters.
    private func report(_ before: [(module: AdaptedModule, values: [Float])], writtenAs type: ElementType) {
        guard !type.isQuantized else { return }
        var report = MergeReport()
        for (module, values) in before {
            func rounded(_ values: [Float]) -> [Float] {
                (try? StoredTensor(shape: module.weight.shape, floats: values, as: type).floats()) ?? values
            }
            let merged = module.weight.values
            report += MergeReport(before: rounded(values), delta: zip(values, merged).map { $1 - $0 }, after: rounded(merged))
        }
        console.line(
            String(
                format: "merged into %d modules; rounding to %@ loses %.2f %% of the update and adds noise of %.2g %% of its size",
                before.count, type.rawValue, 100 * max(0, 1 - report.survivingShare), 100 * report.relativeError))
    }

    // MARK: - Adapters

    private func writeAdapter(_ shelf: AdapterShelf, _ format: AdapterFormat, to output: String, _ model: LanguageModel, _ base: Base)
        throws
    {
        guard let adapter = shelf.active.first, shelf.active.count == 1, shelf.hasNoWeights else {
            throw CommandError.usage(
                "an adapter alone is written of just one, without a weight; give it with --lora_path, or merge several into a model")
        }
        let type = options.savedType == .auto ? nil : try options.elementType(nil)
        try AdapterFile.write(
            adapter.state, as: format, to: output, for: model.configuration, baseName: base.file.path, elementType: type)
        console.line("wrote \(output) (\(format.rawValue), \(adapter.modules.count) modules)")
        guard options.verifies else { return }
        let other = try base.model(reading: nil)
        let state = try AdapterFile.read(output, for: other.configuration)
        _ = try LoRAAdapter(on: other, state)
        try compare(model, other, type ?? .float32, output)
    }

    private func compare(_ model: LanguageModel, _ written: LanguageModel, _ type: ElementType, _ output: String) throws {
        let comparison = try ModelComparison(model, written)
        console.line("verified: " + comparison.summary)
        try comparison.check(
            writtenAs: type, hasExperts: model.configuration.experts != nil,
            "\(output) does not answer as base and adapter do; do not use it")
    }
}
