import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

@Suite("Whole models: writing")
struct ModelWritingTests {
    static let tokens: [Int32] = [5, 17, 250, 33, 8, 8, 101, 3]

    @Test("A folder computes what the model did", arguments: GenerationTests.cases)
    func folders(_ name: String) throws {
        let golden = try Golden(case: name)
        let model = try golden.model()
        let folder = try Paths.temporaryFolder() + "/new/model"
        let type = try model.writeHuggingFaceFolder(to: folder, as: .float32)
        let types = [
            "v3-dense": ("qwen3", "Qwen3ForCausalLM"), "v3-moe": ("qwen3_moe", "Qwen3MoeForCausalLM"),
            "v2-moe": ("minimind", "MiniMindForCausalLM"), "v2-classic-moe": ("minimind", "MiniMindForCausalLM"),
        ]
        let (modelType, className) = types[name] ?? ("llama", "LlamaForCausalLM")
        #expect(type == className)
        let file = try ModelFile.open(folder)
        #expect(file.kind == .huggingFace(modelType: modelType) && file.tokens == .minimind)
        #expect(relativeError(try LanguageModel(file).scores(Self.tokens), try model.scores(Self.tokens)) < 1e-5)
        var expected = golden.configuration
        expected.family = file.configuration.family
        expected.rotaryLayout = .rotateHalf
        expected.experts?.hiddenDim = file.configuration.experts?.hiddenDim
        #expect(file.configuration == expected)
        #expect(try TensorFile.read(folder + "/model.safetensors").metadata == ["format": "pt"])
        #expect(try TensorFile.read(folder + "/model.safetensors")["lm_head.weight"] == nil)
    }

    @Test("So does a GGUF", arguments: GenerationTests.cases.filter { !$0.hasPrefix("v2") || $0.hasSuffix("dense") })
    func gguf(_ name: String) throws {
        let golden = try Golden(case: name)
        let model = try golden.model()
        let path = try Paths.temporaryFolder() + "/model.gguf"
        try model.writeGGUF(
            to: path, as: .float32, tokenizer: [("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.bos_token_id", .uint32(1))])
        let file = try ModelFile.open(path)
        #expect(file.kind == .gguf(architecture: name == "v3-moe" ? "qwen3moe" : name == "v3-dense" ? "qwen3" : "llama"))
        #expect(file.weights.tensors.names.first == "token_embd.weight" && file.weights.tensors["output.weight"] == nil)
        #expect(file.tokens == SpecialTokens(beginning: 1))
        let expected = try model.scores(Self.tokens)
        #expect(relativeError(try LanguageModel(file).scores(Self.tokens), expected) < 1e-5)
        for (type, bound) in [(ElementType.float16, 2e-3), (.bfloat16, 2e-2), (.q8_0, 2e-2)] {
            try model.writeGGUF(to: path, as: type)
            let error = relativeError(try LanguageModel(ModelFile.open(path)).scores(Self.tokens), expected)
            #expect(error > 0 && error < bound, "\(type): \(error)")
        }
    }

    @Test("What neither format has a place for is said")
    func refusals() throws {
        let folder = try Paths.temporaryFolder()
        let mixture = try Golden(case: "v2-moe").model()
        let error = #expect(throws: ModelError.self) { try mixture.writeGGUF(to: folder + "/a.gguf") }
        #expect("\(try #require(error))".contains("no architecture for models of MiniMind v2"))
        #expect(throws: ModelError.self) { try mixture.writeHuggingFaceFolder(to: folder + "/a", as: .q8_0) }
        #expect(throws: ModelError.self) { try Golden(case: "v3-dense").model().writeGGUF(to: folder + "/a.gguf", as: .float64) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)

        var configuration = try ModelConfiguration(generation: .v2, dim: 16, layerCount: 1, headCount: 2, vocabularySize: 8)
        // With so small a base the ramp reaches beyond the last pair.
        configuration.ropeTheta = 100
        configuration.ropeScaling = .yarn(.minimind)
        let scaled = try LanguageModel(configuration, seed: 1)
        let other = #expect(throws: ModelError.self) { try scaled.writeHuggingFaceFolder(to: folder + "/a") }
        #expect("\(try #require(other))".contains("differs from that of transformers"))
        let third = #expect(throws: ModelError.self) { try scaled.writeGGUF(to: folder + "/a.gguf") }
        #expect("\(try #require(third))".contains("differs from that of llama.cpp"))

        configuration.normalizesHeads = true
        configuration.ropeScaling = .divisors([1, 2, 3, 4])
        let normed = try LanguageModel(configuration, seed: 1)
        let fourth = #expect(throws: ModelError.self) { try normed.writeGGUF(to: folder + "/a.gguf") }
        #expect("\(try #require(fourth))".contains("'qwen3'"))
    }

    @Test("What llama.cpp's LFM2 has no place for is said by name")
    func shortConvolutions() throws {
        let path = try Paths.temporaryFolder() + "/a.gguf"
        let refused: [(JSONObject, String)] = [
            (["conv_bias": true], "biases in the convolutions"), (["head_dim": 12], "48 are not 32"),
            (["conv_L_cache": 1], "over a single token"), (["full_attn_idxs": []], "layers of both kinds"),
            (["full_attn_idxs": [0, 1]], "layers of both kinds"),
        ]
        for (changes, words) in refused {
            var fields: JSONObject = [
                "model_type": "lfm2", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                "num_key_value_heads": 2, "vocab_size": 96, "full_attn_idxs": [1],
            ]
            for (key, value) in changes { fields[key] = value }
            let model = try LanguageModel(HuggingFaceConfiguration(.object(fields)).model, seed: 1)
            let error = #expect(throws: ModelError.self) { try model.writeGGUF(to: path, as: .float32) }
            #expect("\(try #require(error))".contains(words))
            try model.writeHuggingFaceFolder(to: path + "-folder", as: .float32)
            #expect(try ModelFile.open(path + "-folder").configuration.differenceInComputation(from: model.configuration) == nil)
        }
        // No class has a bias on one projection alone, and none has kernels of several lengths.
        var configuration = try HuggingFaceConfiguration([
            "model_type": "lfm2", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 96, "full_attn_idxs": [2],
        ]).model
        configuration.biases = [.convolutionInput]
        let alone = try LanguageModel(configuration, seed: 1)
        #expect(throws: ModelError.self) { try alone.writeHuggingFaceFolder(to: path) }
        configuration.biases = []
        configuration.layerKinds[1] = .shortConvolution(kernelLength: 2, hasBias: false)
        let mixed = try LanguageModel(configuration, seed: 1)
        for write in [{ try mixed.writeHuggingFaceFolder(to: path) }, { try mixed.writeGGUF(to: path) }] as [() throws -> Void] {
            let error = #expect(throws: ModelError.self) { try write() }
            #expect("\(try #require(error))".contains("layers of the kinds"))
        }
    }

    @Test(
        "Rotary scaling survives",
        arguments: [
            RotaryScaling.linear(factor: 4), .yarn(.minimind),
            .yarn(.init(factor: 4, originalPositions: 512, fastTurns: 16, slowTurns: 2, attentionFactor: 1.5)),
            .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 64), .divisors([1, 1.5, 2.25, 40]),
            .longRoPE(
                .init(
                    shortDivisors: [1, 1.5, 2.25, 3], longDivisors: [1, 2, 8, 40], originalPositions: 3, attentionFactor: 1.125)),
        ])
    func scaling(_ scaling: RotaryScaling) throws {
        let folder = try Paths.temporaryFolder()
        var configuration = try ModelConfiguration(generation: .v2, dim: 32, layerCount: 1, headCount: 4, vocabularySize: 32)
        configuration.tiesEmbedding = false
        configuration.ropeTheta = 5e5
        configuration.ropeScaling = scaling
        let model = try LanguageModel(configuration, seed: 4)
        try model.writeHuggingFaceFolder(to: folder + "/model", as: .float32)
        try model.writeGGUF(to: folder + "/model.gguf", as: .float32)
        for path in ["/model", "/model.gguf"] {
            let file = try ModelFile.open(folder + path)
            let (ours, theirs) = (configuration.rotaryFrequencies, file.configuration.rotaryFrequencies)
            #expect(zip(ours, theirs).allSatisfy { abs($0 / $1 - 1) < 1e-6 }, "\(path)")
            #expect(abs(file.configuration.ropeScaling!.amplitude - scaling.amplitude) < 1e-6)
            var positions = 32768
            if path == "/model", case .yarn(let yarn) = scaling { positions = Int(yarn.factor) * yarn.originalPositions }
            #expect(!file.configuration.tiesEmbedding && file.configuration.contextLength == positions)
            #expect(try relativeError(LanguageModel(file).scores([1, 9, 30, 4, 4]), model.scores([1, 9, 30, 4, 4])) < 1e-5)
        }
    }

    @Test("The positions of a YaRN are those that transformers 4 finds its factor by", arguments: ["v2-classic-dense", "v2-classic-moe"])
    func stretchedPositions(_ name: String) throws {
        func json(_ model: ModelConfiguration) throws -> JSON {
            try HuggingFaceConfiguration.json(model, tokens: .minimind, as: .float32)
        }
        var configuration = try Golden(case: name).configuration
        #expect(configuration.contextLength == 8192)
        #expect(try json(configuration)["max_position_embeddings"] == 8192)
        configuration.ropeScaling = .yarn(.minimind)
        // A context that MiniMind's own class would not stretch at all.
        for length in [8192, 1024] {
            configuration.contextLength = length
            let written = try json(configuration)
            #expect(written["max_position_embeddings"] == 32768)
            let read = try HuggingFaceConfiguration(written).model
            #expect(read.rotaryFrequencies == configuration.rotaryFrequencies && read.ropeScaling?.amplitude == 1)
            #expect(try json(read)["max_position_embeddings"] == 32768)
        }
        guard configuration.experts == nil else { return }
        // Where no number of positions has the factor, the model's own stays.
        configuration.ropeScaling = .yarn(.init(factor: 1e30, originalPositions: 2048))
        configuration.contextLength = 4096
        #expect(try json(configuration)["max_position_embeddings"] == 4096)
    }

    @Test("Shards hold each tensor once")
    func shards() throws {
        let model = try Golden(case: "v3-moe").model()
        let folder = try Paths.temporaryFolder() + "/model"
        try model.writeHuggingFaceFolder(to: folder, as: .bfloat16, shardSize: 300_000)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".safetensors") }.sorted()
        #expect(names.count > 2 && names[0] == "model-00001-of-0000\(names.count).safetensors")
        var (count, size) = (0, 0)
        for name in names {
            let shard = try TensorFile.read("\(folder)/\(name)")
            let bytes = shard.names.reduce(0) { $0 + (shard[$1]?.count ?? 0) * 2 }
            #expect(bytes <= 300_000)
            count += shard.count
            size += bytes
        }
        #expect(count == model.parameters.count)
        let index = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/model.safetensors.index.json")))
        #expect(index["metadata"]?["total_size"]?.integer == size && index["weight_map"]?.object?.keys.count == count)
        #expect(relativeError(try LanguageModel(ModelFile.open(folder)).scores(Self.tokens), try model.scores(Self.tokens)) < 3e-2)
    }

    @Test("A folder takes the tokenizer along, and the place of an older model alone")
    func replacing() throws {
        let model = try Golden(case: "v2-dense").model()
        let (source, folder) = (try Paths.temporaryFolder(), try Paths.temporaryFolder())
        try write("{\"a\": 1}", to: source + "/tokenizer.json")
        try write("hello", to: source + "/chat_template.jinja")
        try write("{\"temperature\": 0.5}", to: source + "/generation_config.json")
        try write("no", to: source + "/README.md")
        let path = folder + "/model"
        try model.writeHuggingFaceFolder(to: path, shardSize: 100_000)
        #expect(FileManager.default.fileExists(atPath: path + "/model.safetensors.index.json"))
        try model.writeHuggingFaceFolder(to: path + "/", tokenizerFolder: source)
        let expected = ["chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"]
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == expected)
        #expect(try String(contentsOfFile: path + "/generation_config.json", encoding: .utf8) == "{\"temperature\": 0.5}")
        #expect(try ModelFile.open(path).tokenizer == .folder(path))

        try write("mine", to: path + "/notes.txt")
        let error = #expect(throws: ModelError.self) { try model.writeHuggingFaceFolder(to: path) }
        #expect("\(try #require(error))".contains("holds 'notes.txt', which would be lost"))
        #expect(throws: ModelError.self) { try model.writeHuggingFaceFolder(to: path + "/notes.txt") }
        #expect(throws: ModelError.self) { try model.writeHuggingFaceFolder(to: "") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model"])
    }

    @Test("What is written instead of a weight")
    func replacement() throws {
        let model = try Golden(case: "v2-classic-dense").model()
        let folder = try Paths.temporaryFolder()
        func zeroed(_ place: ParameterPlace, _ tensor: Tensor) -> Tensor {
            if case .layer(_, .linear(.down, _)) = place { Tensor(zeros: tensor.shape, like: tensor) } else { tensor }
        }
        try model.writeHuggingFaceFolder(to: folder + "/model", as: .float32, replacement: zeroed)
        try model.writeGGUF(to: folder + "/model.gguf", as: .float32, replacement: zeroed)
        for path in ["/model", "/model.gguf"] {
            let read = try LanguageModel(ModelFile.open(folder + path))
            #expect(read.linears.allSatisfy { ($0.role == .down) == $0.weight.values.allSatisfy { $0 == 0 } })
        }
    }
}
