import Foundation
import LoRA
import Model
import Report
import Tensor
import TestSupport
import Testing

/// `visualize`, run on an adapter that `train` made.
@Suite("Pictures of an adapter, end to end", .serialized)
struct VisualizeTests {
    private static let base = ["--base_path", TinyBase.path]

    @Test("Pixels are viridis of B·A, file by file; without a base too")
    func pixels() throws {
        let training = try TinyTraining(["--epochs", "1", "--target_modules", "wq,wk,w2", "--lora_rank", "4", "--lora_alpha", "6"])
        defer { training.remove() }
        #expect(try Command(training.arguments).status == 0)
        let factors = try TensorFile.read(training.adapterPath)
        let names = (0..<4).flatMap { layer in ["attention.wq", "attention.wk", "feed_forward.w2"].map { "layers.\(layer).\($0)" } }
        let base = try ModelFile.open(TinyBase.path)
        let analysis = try AdapterAnalysis(path: training.adapterPath, base: base)
        #expect(analysis.modules.map(\.name) == names)
        for (folder, flags) in [("pictures", Self.base), ("alone", [])] {
            let out = "\(training.folder)/\(folder)"
            let run = try Command(["visualize", "--lora_path", training.adapterPath, "--out", out] + flags, folder: training.folder)
            #expect(run.status == 0 && run.errors.contains("no base at") == flags.isEmpty, "\(run.errors)")
            let expected = Set(names.map { $0.replacing(".", with: "_") + ".png" } + ["overview.png"])
            #expect(try Set(FileManager.default.contentsOfDirectory(atPath: out)) == expected)
            for (index, module) in analysis.modules.enumerated() {
                let picture = try DecodedPNG(path: "\(out)/\(module.fileName)")
                try Self.expectMap(in: picture, of: module.name, factors, at: ModuleFigure(module, try analysis.heatMap(at: index)))
                let line = try #require(run.lines.first { $0.hasPrefix(module.name + " ") })
                let words = [module.norm, module.effectiveRank, module.singularValues[0]].map(FigureNumber.short)
                #expect(
                    words.allSatisfy(line.contains) && line.contains("\(module.shape)") && line.contains("%") == !flags.isEmpty, "\(line)")
            }
            #expect(try DecodedPNG(path: out + "/overview.png").height > 4 * 96)
        }
    }

    /// Compares the map with `B A` that is computed here. Where a value lies so near the edge of a colour that rounding
    /// decides, both neighbours are right.
    private static func expectMap(
        in picture: DecodedPNG, of name: String, _ factors: StateDictionary, at figure: ModuleFigure
    ) throws {
        let (a, b) = (try #require(factors[name + ".lora.A.weight"]), try #require(factors[name + ".lora.B.weight"]))
        let (left, right, rank) = (try b.floats(), try a.floats(), a.shape[0])
        let (rows, columns) = (b.shape[0], a.shape[1])
        let product = (0..<rows * columns).map { place -> Double in
            let (row, column) = (place / columns, place % columns)
            return (0..<rank).reduce(0.0) { sum, inner in sum + Double(left[row * rank + inner]) * Double(right[inner * columns + column]) }
        }
        let (lowest, highest) = (try #require(product.min()), try #require(product.max()))
        #expect(highest > lowest)
        var (wrong, unsure) = (0, 0)
        for (place, value) in product.enumerated() {
            let index = (value - lowest) / (highest - lowest) * 256
            let allowed = Set([index - 1e-3, index + 1e-3].map { min(max(Int($0), 0), 255) })
            let colors = allowed.map { Viridis.colors[$0] }.map { [$0.red, $0.green, $0.blue] }
            if colors.count > 1 { unsure += 1 }
            let (x, y) = (figure.mapX + place % columns * figure.mapScale, figure.mapY + place / columns * figure.mapScale)
            for (dx, dy) in [(0, 0), (figure.mapScale - 1, figure.mapScale - 1)] where !colors.contains(picture[x + dx, y + dy]) {
                wrong += 1
            }
        }
        #expect(wrong == 0 && unsure * 100 < product.count, "\(name): \(wrong) wrong, \(unsure) unsure of \(product.count)")
    }

    @Test("Values that float32 multiplies exactly have exactly their colours; DoRA says what its numbers are of")
    func exact() throws {
        try withFolder { folder in
            let place = ParameterPlace.layer(2, .linear(.query, nil))
            func tensor(_ shape: [Int], _ step: Int) -> StoredTensor {
                StoredTensor(shape: shape, floats: (0..<shape.reduce(1, *)).map { Float($0 * step % 17 - 8) / 8 })
            }
            var state = AdapterState(
                modules: [.init(place: place, a: tensor([3, 192], 5), b: tensor([192, 3], 7))], rotaryLayout: .interleaved)
            let base = try ModelFile.open(TinyBase.path)
            try AdapterFile.write(state, as: .minimind, to: folder + "/exact.pth", for: base.configuration)
            let run = try Command(["visualize", "--lora_path", folder + "/exact.pth", "--out", folder + "/out"] + Self.base)
            #expect(run.status == 0, "\(run.errors)")
            let (a, b) = (try state.modules[0].a.floats(), try state.modules[0].b.floats())
            let product = (0..<192 * 192).map { place -> Float in
                let (row, column) = (place / 192, place % 192)
                return b[row * 3] * a[column] + b[row * 3 + 1] * a[192 + column] + b[row * 3 + 2] * a[384 + column]
            }
            let (lowest, highest) = (try #require(product.min()), try #require(product.max()))
            let analysis = try AdapterAnalysis(state, base: base)
            let figure = ModuleFigure(analysis.modules[0], try analysis.heatMap(at: 0))
            let picture = try DecodedPNG(path: folder + "/out/layers_2_attention_wq.png")
            let expected = product.map { value -> [UInt8] in
                let color = Viridis.color(at: (value - lowest) / (highest - lowest))
                return [color.red, color.green, color.blue]
            }
            let found = (0..<192 * 192).map { place -> [UInt8] in
                picture[figure.mapX + place % 192 * figure.mapScale, figure.mapY + place / 192 * figure.mapScale]
            }
            #expect(found == expected)

            state.modules[0].magnitude = StoredTensor(shape: [192], floats: Array(repeating: 1, count: 192))
            try AdapterFile.write(state, as: .minimind, to: folder + "/dora.pth", for: base.configuration)
            for (flags, words) in [(Self.base, "of all that it changes"), ([], "give the base")] {
                let run = try Command(
                    ["visualize", "--lora_path", folder + "/dora.pth", "--out", folder + "/dora", "--max_side", "50"] + flags,
                    folder: folder)
                #expect(run.status == 0 && run.output.contains(words), "\(run.output)\(run.errors)")
            }
        }
    }

    @Test("What cannot be drawn is said in a line, and nothing is written")
    func refusals() throws {
        try withFolder { folder in
            let base = try ModelFile.open(TinyBase.path)
            let other = try ModelConfiguration(dim: 64, layerCount: 4, headCount: 8, vocabularySize: 300)
            let adapter = folder + "/adapter.pth"
            func write(_ configuration: ModelConfiguration, _ path: String) throws {
                let (place, shape) = configuration.linearPlaces[0]
                let module = AdapterState.Module(
                    place: place, a: StoredTensor(shape: [2, shape[1]], floats: Array(repeating: 0.5, count: 2 * shape[1])),
                    b: StoredTensor(shape: [shape[0], 2], floats: Array(repeating: 0.5, count: 2 * shape[0])))
                try AdapterFile.write(
                    AdapterState(modules: [module], rotaryLayout: configuration.rotaryLayout), as: .minimind, to: path, for: configuration)
            }
            try write(base.configuration, adapter)
            try write(other, folder + "/other.pth")
            let out = ["--out", folder + "/out"]
            let cases: [(arguments: [String], status: Int32, words: [String])] = [
                (out, 2, ["--lora_path"]), (["--lora_path", adapter], 2, ["--out"]),
                (["--lora_path", folder + "/none.pth"] + out, 1, ["none.pth", "--lora_path"]),
                (["--lora_path", adapter, "--out", adapter], 2, ["--out", "file"]),
                (["--lora_path", adapter, "--out", adapter + "/deep"] + Self.base, 1, ["adapter.pth"]),
                (["--lora_path", adapter, "--out", "/proc/nowhere"] + Self.base, 1, ["/proc/nowhere"]),
                (
                    ["--lora_path", folder + "/other.pth"] + out + Self.base, 1,
                    ["other.pth", "layers.0.attention.wq", "[64, 2]", "[192, 192]"]
                ),
                (["--lora_path", adapter, "--base_path", folder + "/none.pth"] + out, 1, ["none.pth", "--base_path"]),
                (["--lora_path", TinyBase.path] + out, 1, ["rlhf_192.pth", "--base_path"]),
                (["--lora_path", adapter, "--max_side", "-1"] + out, 2, ["--max_side"]),
            ]
            for (arguments, status, words) in cases {
                let run = try Command(["visualize"] + arguments, folder: folder)
                #expect(run.status == status, "\(arguments): \(run.errors)")
                let error = run.errors
                #expect(error.hasPrefix("error: ") && error.count { $0 == "\n" } == 1, "\(error)")
                #expect(words.allSatisfy(error.contains), "\(error)")
                #expect(!FileManager.default.fileExists(atPath: folder + "/out"))
            }
        }
    }
}
