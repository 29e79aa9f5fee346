import Foundation
import LoRA
import Model
import Report
import Tensor

/// Draws what an adapter changes: a picture a module, one of all, and a table of numbers.
struct VisualizeCommand {
    let options: VisualizeOptions
    private var console: Console { Console.shared }

    func run() throws {
        guard let path = options.model.loraPath else { throw CommandError.usage("visualize needs an adapter; give it with --lora_path") }
        guard let folder = options.output, !folder.isEmpty else { throw CommandError.usage("--out says which folder the pictures go to") }
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError.failure("--lora_path: there is no \(path); give one adapter, a file or a folder")
        }
        var isFolder: ObjCBool = false
        guard !FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) || isFolder.boolValue else {
            throw CommandError.usage("--out '\(folder)' is a file; name a folder")
        }
        try options.model.computing {
            let analysis = try analysis(path)
            for line in Self.table(analysis.modules) { console.line(line) }
            if let note = Self.note(analysis.modules) { console.line(note) }
            let overview = AdapterOverview(analysis.modules)
            var thumbnails: [HeatMap] = []
            for (index, module) in analysis.modules.enumerated() {
                let (update, shape) = (try analysis.update(at: index), module.shape)
                func map(_ side: Int?) -> HeatMap { HeatMap(update, rows: shape[0], columns: shape[1], maximumSide: side) }
                let figure = ModuleFigure(module, map(options.maximumSide > 0 ? options.maximumSide : nil))
                try AtomicFile.write(figure.picture.png(), to: "\(folder)/\(module.fileName)")
                thumbnails.append(map(overview.thumbnailSide))
            }
            try AtomicFile.write(overview.picture(thumbnails).png(), to: "\(folder)/overview.png")
            console.line("wrote \(analysis.modules.count) pictures and overview.png to \(folder)")
        }
    }

    /// The adapter on its base; alone where none was named and the usual ones are not there.
    private func analysis(_ path: String) throws -> AdapterAnalysis {
        let weightsPath = try options.model.weightsPath
        guard options.model.basePath != nil || FileManager.default.fileExists(atPath: weightsPath) else {
            let analysis = try AdapterAnalysis(path: path, base: nil)
            console.note("note: no base at \(weightsPath), so the adapter is looked at alone; --base_path names its base")
            return analysis
        }
        let base = try Base(options.model)
        let state = try base.adapter(path, isForced: options.model.forcesAdapter)
        console.line("base \(base.file.path): \(base.file.summary)")
        return try AdapterAnalysis(state, base: base.file)
    }

    /// What the numbers of DoRA are about.
    private static func note(_ modules: [ModuleAnalysis]) -> String? {
        if modules.contains(where: { $0.update == .rescaled }) {
            return "DoRA: ranks and σ are of its part scale B·A, ‖ΔW‖ of all that it changes"
        }
        return modules.contains { $0.update == .lowRankPart } ? "DoRA: all is of its part scale B·A; for the rest give the base" : nil
    }

    /// A line a module, in columns.
    private static func table(_ modules: [ModuleAnalysis]) -> [String] {
        let hasBase = modules.contains { $0.relativeNorm != nil }
        var rows = [["module", "shape", "rank", "‖ΔW‖", "of ‖W‖", "effective rank", "largest σ"]]
        rows += modules.map { module in
            [
                module.name, "[\(module.shape[0]), \(module.shape[1])]", String(module.rank), FigureNumber.short(module.norm),
                module.relativeNorm.map(FigureNumber.percent) ?? "", FigureNumber.short(module.effectiveRank),
                FigureNumber.short(module.singularValues.first ?? 0),
            ]
        }
        if !hasBase { for index in rows.indices { rows[index].remove(at: 4) } }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { text, width in text + String(repeating: " ", count: width - text.count) }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
