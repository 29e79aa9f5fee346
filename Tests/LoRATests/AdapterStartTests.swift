import Foundation
import Model
import Tensor
import TestSupport
import Testing

@testable import LoRA

/// Adapters that PEFT began by taking a part of the base and saved as they were trained (`Fixtures/peft/make_fixtures.py`).
@Suite("Adapters for the rest of a base")
struct AdapterStartTests {
    private static func path(_ name: String) -> String { Paths.fixture("LoRATests", "peft/\(name)") }

    private func model(_ base: String) throws -> LanguageModel {
        if base == "phi3" { return try LanguageModel(ModelFile.open(Paths.fixture("ModelTests", "families/phi3"))) }
        return try Golden(case: base).model()
    }

    private func state(_ name: String, for model: LanguageModel) throws -> AdapterState {
        try AdapterFile.read(Self.path(name), for: model.configuration)
    }

    @Test(
        "On the whole base they answer as in PEFT",
        arguments: [
            ("pissa", "v2-dense", AdapterStart.pissa, [8]), ("pissa-rslora", "v3-dense", .pissa, [4, 10]),
            ("olora", "v2-classic-dense", .olora, [6]), ("fused", "phi3", .pissa, [4]),
        ])
    func answers(_ name: String, _ base: String, _ start: AdapterStart, _ ranks: [Int]) throws {
        let model = try model(base)
        let tokens = someTokens.map { $0 % Int32(model.configuration.vocabularySize) }
        let expected = try TensorFile.read(Self.path("started.safetensors"))
        let (theirs, exact) = (try #require(expected[name]).floats(), try #require(expected[name + ".exact"]).floats())
        func error(_ model: LanguageModel) throws -> Double { relativeError(try model.logits(of: tokens).suffix(exact.count), exact) }
        #expect(try error(model) > 0.5)
        let state = try state(name, for: model)
        #expect(state.start == start)
        let adapter = try LoRAAdapter(on: model, state)
        #expect(Set(adapter.updates.map(\.update.factors.rank)).sorted() == ranks)
        #expect(try error(model) < 1e-5)
        // PEFT decomposes in float32, which moves its own answers; from these ours are as far, and no farther.
        let rounding = relativeError(theirs, exact)
        #expect(rounding < 2e-5)
        #expect(relativeError(try model.logits(of: tokens).suffix(theirs.count), theirs) < rounding + 2e-6)
        // What is written is for the whole base.
        #expect(adapter.state.start == .standard)
        let path = try Paths.temporaryFolder() + "/peft"
        try adapter.write(to: path, as: .peft)
        adapter.detach()
        try LoRAAdapter(on: model, contentsOf: path).merge()
        #expect(try error(model) < 1e-5)
        // Without what the start took they are another adapter.
        let other = try self.model(base)
        var unstarted = state
        unstarted.start = .standard
        _ = try LoRAAdapter(on: other, unstarted)
        #expect(try error(other) > 0.1)
    }

    @Test("What else is on the model, merged or begun by PiSSA, does not count")
    func others() throws {
        let (fresh, model) = (try model("v2-dense"), try model("v2-dense"))
        let state = try state("pissa", for: fresh)
        let expected = try LoRAAdapter(on: fresh, state).state
        var configuration = LoRAConfiguration(targets: .square, rank: 2)
        configuration.start = .pissa
        let own = try LoRAAdapter(on: model, configuration, name: "own")
        #expect(try LoRAAdapter(on: model, state, name: "one").state.hasSameFactors(as: expected))
        own.detach()
        try LoRAAdapter(on: model, AdapterState.random(on: model.configuration), name: "merged").merge()
        #expect(try LoRAAdapter(on: model, state, name: "two").state.hasSameFactors(as: expected))
    }

    @Test("Without its base it is not written", arguments: AdapterFormat.allCases)
    func writing(_ format: AdapterFormat) throws {
        let model = try model("v3-dense")
        let state = try state("pissa-rslora", for: model)
        let path = try Paths.temporaryFolder() + "/adapter"
        let error = #expect(throws: AdapterFileError.self) { try AdapterFile.write(state, as: format, to: path, for: model.configuration) }
        #expect("\(try #require(error))".contains("init_lora_weights 'pissa'"))
        #expect(!FileManager.default.fileExists(atPath: path))
        try LoRAAdapter(on: model, state).write(to: path, as: format)
    }

    @Test("A file says of itself for what base it is")
    func summary() throws {
        let summary = try AdapterFile.inspect(Self.path("olora"))
        #expect(summary.start == .olora && "\(summary)".contains("olora"))
        #expect(try AdapterFile.inspect(Self.path("plain")).start == .standard)
        #expect(try AdapterFile.readAlone(Self.path("olora")).state.start == .olora)
    }

    /// What reading the adapter says with other settings.
    private func reading(_ settings: [String: JSON]) throws -> AdapterState {
        let folder = try Paths.temporaryFolder()
        let file = try Data(contentsOf: URL(fileURLWithPath: Self.path("pissa") + "/adapter_config.json"))
        var fields = try #require(JSON(parsing: file).object)
        for (key, value) in settings { fields[key] = value }
        try Data(JSON.object(fields).serialized.utf8).write(to: URL(fileURLWithPath: folder + "/adapter_config.json"))
        let weights = "/adapter_model.safetensors"
        try FileManager.default.copyItem(atPath: Self.path("pissa") + weights, toPath: folder + weights)
        return try AdapterFile.read(folder, for: Golden(case: "v2-dense").configuration)
    }

    @Test(
        "A part of the base that cannot be found again is refused by its name",
        arguments: [
            ("pissa_niter_16", "path_initial_model_for_weight_conversion"), ("corda", "init_lora_weights 'corda'"),
            ("loftq", "init_lora_weights 'loftq'"), ("lora_ga", "init_lora_weights 'lora_ga'"), ("PISSA", "init_lora_weights 'PISSA'"),
        ])
    func refused(_ word: String, _ text: String) throws {
        let error = #expect(throws: AdapterFileError.self) { try reading(["init_lora_weights": .string(word)]) }
        #expect("\(try #require(error))".contains(text))
    }

    @Test("What leaves the base alone is read as ever, and OLoRA in capitals")
    func wholeBase() throws {
        for word in ["gaussian", "eva", "orthogonal", "mica"] {
            #expect(try reading(["init_lora_weights": .string(word)]).start == .standard)
        }
        #expect(try reading(["init_lora_weights": true]).start == .standard)
        #expect(try reading(["init_lora_weights": "OLoRA"]).start == .olora)
        let error = #expect(throws: AdapterFileError.self) { try reading(["use_dora": true]) }
        let text = "\(try #require(error))"
        #expect(text.contains("DoRA") && text.contains("'pissa'"))
    }

    @Test("A weight whose part is not the only one, a rank or a scale that it cannot have, and DoRA")
    func weights() throws {
        let model = try model("v2-dense")
        let state = try state("pissa", for: model)
        func refusal(_ change: (inout AdapterState) throws -> Void) throws -> String {
            var changed = state
            try change(&changed)
            let error = #expect(throws: LoRAError.self) { try LoRAAdapter(on: model, changed) }
            return "\(try #require(error))"
        }
        let name = model.linears[0].name
        #expect(try refusal { $0.modules[0].scale = -1 }.contains("'\(name)'"))
        #expect(
            try refusal {
                $0.modules[0].magnitude = StoredTensor(shape: [64], floats: [Float](repeating: 1, count: 64))
            }.contains("DoRA"))
        #expect(
            try refusal {
                $0.modules[0].a = StoredTensor(shape: [65, 64], floats: [Float](repeating: 1, count: 65 * 64))
                $0.modules[0].b = StoredTensor(shape: [64, 65], floats: [Float](repeating: 1, count: 65 * 64))
            }.contains("rank 65"))
        // A module that does not fit is refused as any other.
        #expect(try refusal { $0.modules[0].b = StoredTensor(shape: [3, 4], floats: [Float](repeating: 1, count: 12)) }.contains("[3, 4]"))
        model.linears[0].weight.replaceValues((0..<4096).map { $0 / 64 == $0 % 64 ? 1 : 0 })
        #expect(try refusal { _ in }.contains("not the only such part"))
        #expect(model.linears.allSatisfy { $0.updates.isEmpty })
    }
}
