import Foundation
import LoRA
import Model
import Report
import Tensor
import TestSupport
import Testing

@Suite("What an adapter changes")
struct AdapterAnalysisTests {
    @Test("Every module in the order of the model, its update and norms those of plain sums", arguments: Golden.committed)
    func plain(_ name: String) throws {
        let golden = try Golden(case: name)
        for hasMagnitudes in [false, true] {
            let state = AdapterState.random(on: golden.configuration, hasMagnitudes: hasMagnitudes)
            let analysis = try AdapterAnalysis(state, base: golden.file())
            let linears = try golden.model().linears
            #expect(analysis.modules.map(\.name) == linears.map(\.name))
            #expect(analysis.modules.map(\.layer) == linears.map(\.layer))
            for (index, (module, linear)) in zip(analysis.modules, linears).enumerated() {
                let weight = linear.weight.values
                let expected = try state.modules[index].plainUpdate(of: weight)
                #expect(relativeError(try analysis.update(at: index), expected.map { Float($0) }) < 1e-6, "\(module.name)")
                #expect(abs(module.norm - norm(expected)) < 1e-6 * norm(expected))
                let baseNorm = try #require(module.baseNorm)
                #expect(abs(baseNorm - norm(weight.map { Double($0) })) < 1e-6 * baseNorm)
                #expect(module.relativeNorm == module.norm / baseNorm)
                #expect(module.shape == linear.weight.shape && module.rank == 3 && module.scale == 1.5)
                #expect(module.update == (hasMagnitudes ? .rescaled : .lowRank))
                #expect(module.singularValues.count == 3)
                #expect(module.name == "\(module.name.hasPrefix("model.") ? "model." : "")layers.\(module.layer).\(module.part)")
                #expect(!module.fileName.dropLast(4).contains(".") && module.fileName.hasSuffix(".png"))
            }
        }
    }

    @Test("PiSSA's change is that of the base as it was")
    func pissa() throws {
        let golden = try Golden.classicDense()
        let model = try golden.model()
        var configuration = LoRAConfiguration(targets: .square, rank: 4)
        configuration.start = .pissa
        let adapter = try LoRAAdapter(on: model, configuration)
        let untouched = try golden.model().linears
        #expect(try AdapterAnalysis(adapter.state, base: golden.file()).modules.allSatisfy { $0.norm < 1e-5 && $0.rank == 8 })
        for (_, update) in adapter.updates { update.factors.b.withMutableValues { for index in $0.indices { $0[index] *= 1.5 } } }
        let analysis = try AdapterAnalysis(adapter.state, base: golden.file())
        for (index, (linear, update)) in adapter.updates.enumerated() {
            let before = try #require(untouched.first { $0.name == linear.name }).weight.values
            let after = zip(linear.weight.values, update.factors.product.values).map { $0 + $1 }
            #expect(relativeError(try analysis.update(at: index), zip(after, before).map { $0 - $1 }) < 1e-4)
        }
    }

    @Test("A base in another format, of another layout of heads, gives the same numbers")
    func otherLayout() throws {
        let golden = try Golden.classicDense()
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let model = try golden.model()
        try model.writeGGUF(to: folder + "/full.gguf", as: .float32, name: "x", tokenizer: [])
        try model.writeGGUF(to: folder + "/small.gguf", as: .q8_0, name: "x", tokenizer: [])
        _ = try model.writeHuggingFaceFolder(to: folder + "/folder", as: .float32, tokens: .minimind, tokenizerFolder: nil)
        for hasMagnitudes in [false, true] {
            let state = AdapterState.random(on: golden.configuration, hasMagnitudes: hasMagnitudes)
            let expected = try AdapterAnalysis(state, base: golden.file()).modules
            for (name, tolerance) in [("full.gguf", 1e-6), ("folder", 1e-6), ("small.gguf", 1e-2)] {
                let found = try AdapterAnalysis(state, base: ModelFile.open("\(folder)/\(name)")).modules
                #expect(found.map(\.place) == expected.map(\.place) && found[0].name == "model.layers.0.self_attn.q_proj")
                for (one, other) in zip(found, expected) {
                    #expect(abs(one.norm - other.norm) < tolerance * other.norm, "\(name), \(one.name)")
                    #expect(abs((one.baseNorm ?? 0) - (other.baseNorm ?? 1)) < tolerance * (other.baseNorm ?? 0), "\(name), \(one.name)")
                }
            }
        }
    }

    @Test("A file alone is enough, whatever its format", arguments: ["v2-classic-dense", "v2-moe", "v3-moe"])
    func alone(_ name: String) throws {
        let configuration = try Golden(case: name).configuration
        let state = AdapterState.random(on: configuration)
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for format in AdapterFormat.allCases {
            // Neither has a place for these experts.
            if format == .gguf && name == "v2-moe" || format == .mlx && configuration.experts != nil { continue }
            let path = "\(folder)/\(format.rawValue)"
            try AdapterFile.write(state, as: format, to: path, for: configuration)
            let modules = try AdapterAnalysis(path: path, base: nil).modules
            #expect(modules.map(\.place) == state.modules.map(\.place), "\(format)")
            let isClassic = format == .minimind && name == "v2-classic-dense"
            #expect(modules[0].name == (isClassic ? "layers.0.attention.wq" : "model.layers.0.self_attn.q_proj"))
            for (module, stored) in zip(modules, state.modules) {
                let expected = norm(try stored.plainUpdate())
                #expect(abs(module.norm - expected) < 1e-5 * expected, "\(format), \(module.name)")
                #expect(module.baseNorm == nil && module.relativeNorm == nil)
            }
        }
        let dora = AdapterState.random(on: configuration, hasMagnitudes: true)
        try AdapterFile.write(dora, as: .minimind, to: folder + "/dora.pth", for: configuration)
        let analysis = try AdapterAnalysis(path: folder + "/dora.pth", base: nil)
        #expect(analysis.modules.allSatisfy { $0.update == .lowRankPart })
        #expect(relativeError(try analysis.update(at: 1), try dora.modules[1].plainUpdate().map { Float($0) }) < 1e-6)
    }

    @Test("What does not fit is refused by name and shape")
    func refusals() throws {
        let golden = try Golden.classicDense()
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func message(_ body: () throws -> AdapterAnalysis) -> String {
            do {
                _ = try body()
                return "nothing was refused"
            } catch {
                return "\(error)"
            }
        }
        let base = try golden.file()
        var wide = AdapterState.random(on: golden.configuration)
        wide.modules[0].b = StoredTensor(shape: [80, 3], floats: Array(repeating: 1, count: 240))
        #expect(
            message { try AdapterAnalysis(wide, base: base) }.contains(
                "'layers.0.attention.wq' has A [3, 64] and B [80, 3], which do not fit the layer's weight [64, 64]"))
        func write(_ name: String) throws -> String {
            var factors = StateDictionary()
            factors[name + ".lora.A.weight"] = wide.modules[0].a
            factors[name + ".lora.B.weight"] = wide.modules[0].b
            try PyTorchFile.write(factors, to: "\(folder)/\(name).pth")
            return "\(folder)/\(name).pth"
        }
        let path = try write("layers.0.attention.wq")
        let text = message { try AdapterAnalysis(path: path, base: base) }
        #expect(text.hasPrefix(path) && text.contains("'layers.0.attention.wq'") && text.contains("[80, 3]") && text.contains("[64, 64]"))
        #expect(try AdapterAnalysis(path: path, base: nil).modules.map(\.shape) == [[80, 64]])
        let deep = try write("layers.9.attention.wq")
        #expect(
            message { try AdapterAnalysis(path: deep, base: base) }.contains(
                "'layers.9.attention.wq', which this model does not have"))

        var strange = AdapterState.random(on: golden.configuration)
        strange.modules[1].place = .layer(99, .linear(.key, nil))
        #expect(message { try AdapterAnalysis(strange, base: base) }.contains("layers.99.attention.wk"))
        var uneven = AdapterState.random(on: golden.configuration)
        uneven.modules[0].a = StoredTensor(shape: [2, 64], floats: Array(repeating: 1, count: 128))
        #expect(message { try AdapterAnalysis(uneven, base: nil) }.contains("A [2, 64]"))
        var short = AdapterState.random(on: golden.configuration, hasMagnitudes: true)
        short.modules[0].magnitude = StoredTensor(shape: [3], floats: [1, 1, 1])
        #expect(message { try AdapterAnalysis(short, base: nil) }.contains("magnitude"))
        #expect(message { try AdapterAnalysis(AdapterState(modules: [], rotaryLayout: .rotateHalf), base: nil) }.contains("no layers"))
        #expect(message { try AdapterAnalysis(path: folder + "/none.pth", base: nil) }.contains("none.pth"))
        #expect(message { try AdapterAnalysis(path: golden.folder + "/base.pth", base: nil) }.contains("--base_path"))
    }

    @Test("An adapter for the rest of a base is looked at with it alone")
    func restOfBase() throws {
        let path = Paths.fixture("LoRATests", "peft/pissa")
        let error = #expect(throws: LoRAError.self) { try AdapterAnalysis(path: path, base: nil) }
        #expect("\(try #require(error))".contains("init_lora_weights 'pissa'"))
        let golden = try Golden(case: "v2-dense")
        let analysis = try AdapterAnalysis(path: path, base: golden.file())
        let whole = try LoRAAdapter(on: golden.model(), AdapterFile.read(path, for: golden.configuration)).state
        #expect(analysis.modules.map(\.rank) == whole.modules.map(\.rank) && analysis.modules[0].rank == 8)
        for (found, module) in zip(analysis.modules, whole.modules) {
            #expect(abs(found.norm / (try norm(module.plainUpdate())) - 1) < 1e-5)
        }
    }

    @Test("An adapter that came apart can still be looked at")
    func notANumber() throws {
        let golden = try Golden.classicDense()
        var state = AdapterState.random(on: golden.configuration)
        var values = try state.modules[0].b.floats()
        values[3] = .nan
        state.modules[0].b = StoredTensor(shape: state.modules[0].b.shape, floats: values)
        let analysis = try AdapterAnalysis(state, base: golden.file())
        #expect(analysis.modules[0].norm.isNaN && analysis.modules[0].effectiveRank.isNaN && analysis.modules[1].norm > 0)
        let map = try analysis.heatMap(at: 0)
        #expect(map.picture.pixels.count { $0 == Viridis.missing } == 64)
        #expect(try DecodedPNG(ModuleFigure(analysis.modules[0], map).picture.png()).width > 400)
        let overview = AdapterOverview(analysis.modules)
        let maps = try analysis.modules.indices.map { try analysis.heatMap(at: $0, maximumSide: overview.thumbnailSide) }
        #expect(overview.picture(maps).pixels.contains(Viridis.missing))
    }
}
