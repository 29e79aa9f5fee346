import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

/// Every family against its class in transformers: `Fixtures/families/make_fixtures.py`.
@Suite("Families")
struct FamilyTests {
    /// The folders of the fixture.
    static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: path(""))) ?? []).filter { !$0.contains(".") }.sorted()

    static func path(_ name: String) -> String { Paths.fixture("ModelTests", "families/\(name)") }

    private struct Expected {
        /// Whether llama.cpp has an architecture that computes the model.
        let hasGGUF: Bool
        let tokens: [Int32]
        let logits: [Float]
        /// Those of the text read part by part, with the keys of a cache; empty where they are the same.
        let cached: [Float]
        let gradients: [(name: String, values: [Float])]

        init(_ name: String) throws {
            let json = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: path(name) + "/expected.json")))
            func floats(_ json: JSON?) -> [Float] { json?.array?.compactMap { $0.number.map { Float($0) } } ?? [] }
            hasGGUF = json["gguf"]?.bool ?? false
            tokens = json["tokens"]?.array?.compactMap { $0.integer.map(Int32.init) } ?? []
            logits = floats(json["logits"])
            cached = floats(json["cached"])
            gradients = json["gradients"]?.object?.map { ($0.key, floats($0.value)) } ?? []
        }
    }

    @Test("Logits and gradients are those of transformers", arguments: cases)
    func golden(_ name: String) throws {
        #expect(Self.cases.count > 10)
        let file = try ModelFile.open(Self.path(name))
        let expected = try Expected(name)
        let model = try LanguageModel(file)
        for (_, tensor) in model.placedParameters { tensor.isTrainable = true }
        #expect(relativeError(try model.scores(expected.tokens), expected.logits) < 1e-5)

        let tokens = expected.tokens
        let row = TokenRow(packed: tokens, segmentOffsets: [0, tokens.count])
        let predictions = (0..<tokens.count - 1).map { LanguageModel.Prediction(row: Int32($0), target: tokens[$0 + 1]) }
        try model.crossEntropy(row, predictions).backward()
        let parameters = Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.tensor) })
        #expect(expected.gradients.count > 6)
        for (name, gradient) in expected.gradients {
            let parameter = try #require(parameters[name], "\(name)")
            let values = try #require(parameter.gradient, "\(name)").values
            let own = stride(from: 0, to: values.count, by: max(values.count / 32, 1)).map { values[$0] }
            // A bias of keys moves all of a query's scores alike, so its gradient is 0 but for rounding.
            let isNoise = gradient.allSatisfy { abs($0) < 1e-6 }
            if isNoise {
                #expect(own.allSatisfy { abs($0) < 1e-5 }, "\(name)")
            } else {
                #expect(relativeError(own, gradient) < 2e-5, "\(name)")
            }
        }
    }

    @Test("A folder and a GGUF that are written are the same model", arguments: cases)
    func written(_ name: String) throws {
        let folder = try Paths.temporaryFolder()
        let file = try ModelFile.open(Self.path(name))
        let tokens = try Expected(name).tokens
        let model = try LanguageModel(file)
        let scores = try model.scores(tokens)
        try model.writeHuggingFaceFolder(to: folder + "/model", as: .bfloat16, tokens: file.tokens)
        let written = try ModelFile.open(folder + "/model")
        #expect(written.configuration == file.configuration && written.kind == file.kind && written.tokens == file.tokens)
        #expect(try written.weights.fingerprint(written.configuration) == file.weights.fingerprint(file.configuration))
        guard try Expected(name).hasGGUF else {
            #expect(throws: ModelError.self) { try model.writeGGUF(to: folder + "/model.gguf", as: .float32) }
            return
        }
        try model.writeGGUF(to: folder + "/model.gguf", as: .float32)
        let gguf = try ModelFile.open(folder + "/model.gguf")
        var expected = file.configuration
        // What llama.cpp has no setting for is in the weights.
        if name.hasPrefix("gemma") { expected.attentionScale = nil }
        #expect(gguf.configuration == expected)
        #expect(relativeError(try LanguageModel(gguf).scores(tokens), scores) < 1e-6)
    }

    @Test(
        "Heads that are together wider than the model go into no GGUF of which llama.cpp would refuse them",
        arguments: ["qwen2", "olmo2", "olmo3", "exaone4", "phi3", "llama", "qwen3", "granite", "ministral3"])
    func wideHeads(_ type: String) throws {
        let settings: JSON = [
            "model_type": .string(type), "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4, "num_attention_heads": 4,
            "num_key_value_heads": 2, "head_dim": 12, "vocab_size": 48, "max_position_embeddings": 128, "sliding_window": .null,
            "rope_parameters": ["rope_theta": 10000, "llama_4_scaling_beta": 0.1, "original_max_position_embeddings": 16],
        ]
        let model = try LanguageModel(HuggingFaceConfiguration(settings).model, seed: 1)
        guard ["qwen2", "olmo2", "olmo3", "exaone4", "phi3"].contains(type) else { return try model.checkGGUF(as: .float16) }
        let error = try #require(#expect(throws: ModelError.self) { try model.checkGGUF(as: .float16) })
        #expect("\(error)".contains("together as wide as the model, but 48 are not 32"))
    }

    @Test("Generation with a cache is the whole text's", arguments: cases)
    func cached(_ name: String) throws {
        let model = try LanguageModel(contentsOf: Self.path(name))
        let tokens = try Expected(name).tokens
        let cache = KeyValueCache(model.configuration, capacity: tokens.count)
        var scores: [Float] = []
        for part in [tokens.prefix(5), tokens[5..<6], tokens[6..<9], tokens[9..<10], tokens.dropFirst(10)] {
            if model.configuration.ropeScaling?.changesOnce == true,
                !cache.hasAngles(ofLength: cache.count + part.count, model.configuration)
            {
                let row = TokenRow(continuing: cache.count, with: Array(part))
                #expect(throws: ModelError.keptUnderOtherAngles) { try model.hiddenStates(row, cache: cache) }
                cache.keep(0)
                scores = []
            }
            let unread = scores.isEmpty ? Array(tokens[..<part.endIndex]) : Array(part)
            let row = TokenRow(continuing: cache.count, with: unread)
            scores += try ComputeContext.withoutGradient { model.logits(try model.hiddenStates(row, cache: cache)).values }
        }
        let cached = try Expected(name).cached
        #expect(relativeError(scores, cached.isEmpty ? try model.scores(tokens) : cached) < (cached.isEmpty ? 1e-6 : 1e-5))
    }
}
