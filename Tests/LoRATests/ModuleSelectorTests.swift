import LoRA
import Model
import TestSupport
import Testing

@Suite("Which layers get an adapter, and of what rank")
struct ModuleSelectorTests {
    private func model(_ generation: ModelGeneration = .v2Classic, experts: Bool = false) throws -> LanguageModel {
        let mixture = experts ? ExpertConfiguration(count: 2, perToken: 1, sharedCount: 1) : nil
        return try LanguageModel(
            ModelConfiguration(
                generation: generation, dim: 16, layerCount: 2, headCount: 2, keyValueHeadCount: 1, vocabularySize: 8,
                hiddenDim: 24, experts: mixture), seed: 1)
    }

    /// The names of the adapted layers.
    private func names(_ targets: String, of model: LanguageModel) throws -> [String] {
        try LoRAAdapter(on: model, LoRAConfiguration(targets: ModuleTargets(parsing: targets), rank: 2)).modules.map(\.name)
    }

    @Test("Roles")
    func roles() throws {
        let model = try model()
        let attention = (0..<2).flatMap { layer in ["wq", "wk", "wv", "wo"].map { "layers.\(layer).attention.\($0)" } }
        let mlp = (0..<2).flatMap { layer in ["w1", "w2", "w3"].map { "layers.\(layer).feed_forward.\($0)" } }
        #expect(try names("square", of: model) == attention.filter { $0.hasSuffix("wq") || $0.hasSuffix("wo") })
        #expect(try names("attention", of: model) == attention)
        #expect(try names("mlp", of: model) == mlp)
        #expect(try Set(names("all-linear", of: model)) == Set(attention + mlp))
        #expect(try names("attention, w2", of: model).count == 10)
    }

    @Test(
        "One layer by its names in either naming",
        arguments: [
            "w2", "down_proj", "['w2']", "[\"down_proj\", 'w2']", #".*\.w2"#, #"model\.layers\.\d\.mlp\.down_proj"#,
            #"layers\.[01]\.feed_forward\.w(2|7)"#,
        ])
    func names(_ text: String) throws {
        #expect(try names(text, of: model()) == ["layers.0.feed_forward.w2", "layers.1.feed_forward.w2"])
        #expect(try names("layers.1.feed_forward.w2", of: model()) == ["layers.1.feed_forward.w2"])
        #expect(try names("mlp.down_proj", of: model(.v2)) == (0..<2).map { "model.layers.\($0).mlp.down_proj" })
        #expect(try names("w2", of: model(.v3)) == (0..<2).map { "model.layers.\($0).mlp.down_proj" })
    }

    @Test("Experts are adapted, their router is not")
    func experts() throws {
        let model = try model(.v3, experts: true)
        let all = try names("all-linear", of: model)
        #expect(all.count == 2 * (4 + 3 * 3))
        #expect(try names("gate_proj", of: model).count == 2 * 3)
        #expect(!all.contains { $0.hasSuffix("mlp.gate") })
        #expect(throws: LoRAError.self) { try names("gate", of: model) }
        #expect(try names(#".*experts\.1\.down_proj"#, of: model).count == 2)
    }

    @Test("What fits nothing is refused, and says what there is", arguments: ["wx", "q_proj,wx", "proj", #"layers\.7.*"#])
    func nothing(_ text: String) throws {
        let error = #expect(throws: LoRAError.self) { try names(text, of: model()) }
        let message = "\(try #require(error))"
        #expect(message.contains("q_proj") && message.contains("wq") && message.contains("all-linear"))
        #expect(throws: LoRAError.self) { try names("", of: model()) }
        let pattern = #expect(throws: LoRAError.self) { try names("w(2", of: model()) }
        #expect("\(try #require(pattern))".contains("w(2"))
    }

    private func ranks(_ text: String, targets: ModuleTargets = .allLinear) throws -> [String: Int] {
        let model = try model()
        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: targets, rank: PerModule(parsing: text, fallback: 16)))
        return Dictionary(uniqueKeysWithValues: adapter.updates.map { ($0.module.name, $0.update.factors.rank) })
    }

    @Test(
        "The document's table of ranks",
        arguments: ["attention=8,mlp=16,default=4", "{'attention': 8, 'mlp': 16, 'default': 4}", #"{"mlp":16 , "attention":8}"#])
    func table(_ text: String) throws {
        let ranks = try ranks(text)
        #expect(ranks.count == 14)
        #expect(ranks.allSatisfy { $1 == ($0.contains("attention") ? 8 : 16) })
    }

    @Test("The first that fits counts, and what fits none gets the default")
    func order() throws {
        let ranks = try ranks(#"layers\.1.*=2, q_proj=3, default=4"#)
        #expect(ranks["layers.1.attention.wq"] == 2 && ranks["layers.0.attention.wq"] == 3 && ranks["layers.0.feed_forward.w1"] == 4)
        #expect(try self.ranks("7").allSatisfy { $1 == 7 })
        #expect(try self.ranks("wq=5")["layers.0.attention.wk"] == 16)
        // A key of PEFT's rank_pattern matches behind a dot.
        #expect(try self.ranks("w[qk]=3")["layers.0.attention.wk"] == 3)
    }

    @Test(
        "A key that fits no adapted layer, and what is no table",
        arguments: ["mlp=16", "w9=2", "attention=x", "attention", "=4", "{", "", "0", "-3", "99999999"])
    func refusals(_ text: String) throws {
        #expect(throws: LoRAError.self) { try ranks(text, targets: .square) }
    }

    @Test("Alpha, by rank, by its root, or not at all")
    func scales() throws {
        func scales(_ change: (inout LoRAConfiguration) throws -> Void) throws -> [Float] {
            var configuration = LoRAConfiguration(rank: try PerModule(parsing: "wq=4,wo=9", fallback: 16))
            try change(&configuration)
            return try LoRAAdapter(on: model(), configuration).updates.map(\.update.factors.scale)
        }
        #expect(try scales { _ in } == [1, 1, 1, 1])
        #expect(try scales { $0.alpha = PerModule(6) } == [1.5, Float(6) / 9, 1.5, Float(6) / 9])
        #expect(try scales { $0.alpha = try PerModule(parsing: "wo=18", fallback: 8) } == [2, 2, 2, 2])
        #expect(
            try scales {
                $0.alpha = PerModule(6)
                $0.usesRankStabilizedScale = true
            } == [3, 2, 3, 2])
        #expect(throws: LoRAError.self) { try scales { $0.alpha = PerModule(0) } }
        #expect(throws: LoRAError.self) { try scales { $0.alpha = PerModule(.nan) } }
        #expect(throws: LoRAError.self) { try scales { $0.dropout = 1 } }
    }
}
