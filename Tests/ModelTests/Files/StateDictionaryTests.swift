import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

@Suite("State dicts: what says which model they are")
struct StateDictionaryTests {
    private static let tokens: [Int32] = [5, 17, 33, 8, 2]

    private static func refusal(_ path: String, _ hints: ModelHints = ModelHints()) throws -> String {
        "\(try #require(#expect(throws: ModelError.self) { try ModelFile.open(path, hints) }))"
    }

    /// The weights of a fixture alone, under two names.
    private static func bare(_ folder: String, in other: String) throws -> [String] {
        let weights = try TensorFile.read(folder + "/model.safetensors")
        try SafetensorsFile.write(weights, to: other + "/bare.safetensors")
        try PyTorchFile.write(weights, to: other + "/bare.pth")
        return [other + "/bare.safetensors", other + "/bare.pth"]
    }

    private static func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test("A Llama, Qwen2, Qwen3, Gemma, Mistral or Granite without settings is refused, and the way round named")
    func bareModels() throws {
        for name in ["llama-bias", "qwen2", "gemma", "gemma3", "mistral", "granite", "smollm3"] {
            let folder = try Paths.temporaryFolder()
            for path in try Self.bare(FamilyTests.path(name), in: folder) {
                let text = try Self.refusal(path)
                #expect(text.hasPrefix(path + ": nothing says which model these weights are."), "\(text)")
                #expect(text.contains("Put the model's config.json beside them as bare.json"))
                #expect(text.contains("--family") && text.contains("--dim"))
            }
        }
    }

    @Test("Settings beside the weights say it, under the weights' name or as config.json", arguments: FamilyTests.cases)
    func settings(_ name: String) throws {
        let source = FamilyTests.path(name)
        let expected = try LanguageModel(ModelFile.open(source))
        for settings in ["bare.json", "config.json"] {
            let folder = try Paths.temporaryFolder()
            let paths = try Self.bare(source, in: folder)
            try FileManager.default.copyItem(atPath: source + "/config.json", toPath: "\(folder)/\(settings)")
            for path in paths {
                let file = try ModelFile.open(path)
                #expect(file.kind == .stateDictionary && file.configuration == expected.configuration)
                #expect(try LanguageModel(file).scores(Self.tokens) == expected.scores(Self.tokens))
            }
        }
    }

    @Test("What is saved opens again without a word", arguments: FamilyTests.cases)
    func savedFamilies(_ name: String) throws {
        let model = try LanguageModel(ModelFile.open(FamilyTests.path(name)))
        let folder = try Paths.temporaryFolder()
        for path in ["\(folder)/a.best.pth", "\(folder)/b.safetensors"] {
            try model.saved(tokens: SpecialTokens(beginning: 3, ends: [4, 5], padding: nil)).write(to: path)
            let file = try ModelFile.open(path)
            #expect(file.configuration.differenceInComputation(from: model.configuration) == nil)
            #expect(file.configuration.family == model.configuration.family)
            #expect(file.tokens == SpecialTokens(beginning: 3, ends: [4, 5], padding: nil))
            #expect(try LanguageModel(file).scores(Self.tokens) == model.scores(Self.tokens))
        }
        #expect(FileManager.default.fileExists(atPath: folder + "/a.best.json"))
    }

    @Test("So does every MiniMind, whatever it differs in", arguments: GenerationTests.cases)
    func savedMiniMinds(_ name: String) throws {
        var configuration = try Golden(case: name).configuration
        configuration.ropeTheta = 5e5
        configuration.normEpsilon = 3e-5
        configuration.contextLength = 4096
        configuration.experts?.auxiliaryCoefficient = 0.25
        configuration.experts?.normalizesWeights = false
        let weights = try TensorFile.read(Golden(case: name).folder + "/base.pth")
        let path = try Paths.temporaryFolder() + "/own.pth"
        try LanguageModel(configuration, weights: weights).saved().write(to: path)
        let file = try ModelFile.open(path)
        // Of an expert's width only the third generation speaks.
        var read = file.configuration
        read.experts?.hiddenDim = configuration.experts?.hiddenDim
        #expect(read == configuration && file.tokens == .minimind)
        #expect(configuration.hasSettings)
    }

    @Test("MiniMind's generation, its family or any size is a word; a wrong one is refused")
    func hints() throws {
        let folder = try Paths.temporaryFolder()
        let golden = try Golden(case: "v2-dense")
        let path = folder + "/full_sft_64.pth"
        try FileManager.default.copyItem(atPath: golden.folder + "/base.pth", toPath: path)
        #expect(try Self.refusal(path).contains("no published MiniMind has dim 64, 2 layers and a vocabulary of 320"))
        for hints in [
            ModelHints(generation: .v2), ModelHints(family: .named("minimind")), ModelHints(dim: 64), ModelHints(layerCount: 2),
            ModelHints(headCount: 8), ModelHints(keyValueHeadCount: 2),
        ] { #expect(try ModelFile.open(path, hints).configuration == golden.configuration) }
        #expect(try Self.refusal(path, ModelHints(dim: 32)).contains("the model says that it has dim 64, not --dim 32"))
        #expect(try Self.refusal(path, ModelHints(layerCount: 3)).contains("not --n_layers 3"))
        #expect(try Self.refusal(path, ModelHints(dim: 64, hasExperts: true)).contains("--use_moe"))
    }

    @Test("A family and its heads say it too; the rest is as the class has it")
    func families() throws {
        let folder = try Paths.temporaryFolder()
        var plain = try ModelConfiguration(
            family: .llama, dim: 48, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 64, hiddenDim: 80,
            contextLength: 2048)
        plain.tiesEmbedding = false
        plain.biases = [.query, .key, .value, .output]
        for family in [ModelFamily.llama, .qwen2, .mistral] {
            plain.family = family
            plain.biases = family == .llama ? [.query, .key, .value, .output] : family == .qwen2 ? [.query, .key, .value] : []
            let model = try LanguageModel(plain, seed: 1)
            let path = "\(folder)/\(family.modelType).pth"
            try PyTorchFile.write(model.stateDictionary(), to: path)
            #expect(try Self.refusal(path, ModelHints(family: family)).contains("give --n_heads"))
            let file = try ModelFile.open(path, ModelHints(family: family, headCount: 4))
            #expect(file.configuration.ropeTheta == 10000 && file.configuration.family == family)
            #expect(file.configuration.biases == plain.biases && !file.configuration.tiesEmbedding)
            #expect(try LanguageModel(file).linears.count == model.linears.count)
        }
        // What has settings is what they say.
        let source = FamilyTests.path("gemma3")
        #expect(try Self.refusal(source, ModelHints(family: .llama)).contains("the model is a Gemma 3, not --family llama"))
        #expect(ModelFamily.named("Gemma 3") == .gemma3 && ModelFamily.named("gemma3_text") == .gemma3)
        #expect(ModelFamily.named("gemma4") == nil)
    }

    @Test("Which sizes MiniMind has published")
    func published() throws {
        for (generation, dim, layers, moe) in [
            (ModelGeneration.v2Classic, 512, 8, false), (.v2Classic, 768, 16, false), (.v2, 512, 8, false), (.v2, 640, 8, true),
            (.v3, 768, 8, false), (.v3, 768, 8, true),
        ] {
            let model = try ModelConfiguration(
                generation: generation, dim: dim, layerCount: layers, experts: moe ? generation.defaultExperts : nil)
            #expect(model.isPublishedMiniMind)
            for change: (inout ModelConfiguration) -> Void in [
                { $0.vocabularySize = 32000 }, { $0.layerCount += 1 }, { $0.hiddenDim += 64 }, { $0.keyValueHeadCount = 8 },
                { $0.tiesEmbedding = false }, { $0.biases = [.query] },
            ] {
                var other = model
                change(&other)
                #expect(!other.isPublishedMiniMind)
            }
        }
        // The first generation, of 2024, has the names of the second and heads of its own.
        #expect(try !ModelConfiguration(generation: .v2Classic, dim: 512, keyValueHeadCount: 4).isPublishedMiniMind)
    }

    @Test("Settings that cannot be read are an error; a file about something else is left alone")
    func otherFiles() throws {
        let folder = try Paths.temporaryFolder()
        let source = FamilyTests.path("qwen2")
        let path = try Self.bare(source, in: folder)[1]
        try Self.write("{\"model_type\": \"qwen2\", ", to: folder + "/bare.json")
        #expect(try Self.refusal(path).hasPrefix(folder + "/bare.json: this is not JSON"))
        try Self.write("{\"model_type\": \"phi5\"}", to: folder + "/bare.json")
        #expect(try Self.refusal(path).hasPrefix(folder + "/bare.json: models of type 'phi5' are not read here"))
        for other in ["{\"conversations\": []}", "[1, 2]", "{\"a\": "] {
            try Self.write(other, to: folder + "/data.json")
            let model = try LanguageModel(ModelFile.open(source))
            let error = #expect(throws: ModelError.self) { try model.saved().write(to: folder + "/data.pth") }
            #expect("\(try #require(error))".hasPrefix(folder + "/data.json: the model's settings go here"))
            #expect(try String(contentsOfFile: folder + "/data.json", encoding: .utf8) == other)
            #expect(!FileManager.default.fileExists(atPath: folder + "/data.pth"))
        }
        try Self.write("{\"conversations\": []}", to: folder + "/bare.json")
        #expect(try Self.refusal(path).contains("nothing says which model"))
    }

    @Test("Settings of a former model do not stay beside one that has none")
    func replaced() throws {
        let folder = try Paths.temporaryFolder()
        var odd = try Golden(case: "v2-dense").configuration
        let weights = try TensorFile.read(Golden(case: "v2-dense").folder + "/base.pth")
        try LanguageModel(odd, weights: weights).saved().write(to: folder + "/a.pth")
        #expect(FileManager.default.fileExists(atPath: folder + "/a.json"))
        odd.ropeScaling = .linear(factor: 2)
        #expect(!odd.hasSettings && odd.unsaidByWeights.contains { $0.contains("rotary scaling") })
        try LanguageModel(odd, weights: weights).saved().write(to: folder + "/a.pth")
        #expect(!FileManager.default.fileExists(atPath: folder + "/a.json"))
        odd.ropeScaling = .yarn(.minimind)
        #expect(odd.hasSettings)
        try LanguageModel(odd, weights: weights).saved().write(to: folder + "/a.pth")
        let file = try ModelFile.open(folder + "/a.pth")
        #expect(file.configuration == odd)
        #expect(try file.stretched(by: .yarn(.minimind)).configuration == odd)
    }
}
