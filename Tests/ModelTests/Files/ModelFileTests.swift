import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

@Suite("Whole models: reading")
struct ModelFileTests {
    @Test("Logits of transformers", arguments: ["llama", "qwen3", "qwen3-moe", "qwen3-moe-stacked"])
    func logits(_ name: String) throws {
        let file = try ModelFile.open(HuggingFaceFixture.path(name))
        let expected = try HuggingFaceFixture.logits(name.replacingOccurrences(of: "-stacked", with: ""))
        let scores = try LanguageModel(file).scores(try HuggingFaceFixture.tokens())
        #expect(scores.count == 480 && largestDifference(scores, expected) < 1e-4)
        #expect(relativeError(scores, expected) < 1e-5)
    }

    @Test func configurationOfAFolder() throws {
        let file = try ModelFile.open(HuggingFaceFixture.path("llama") + "/")
        #expect(file.kind == .huggingFace(modelType: "llama") && file.configuration.headDim == 12 && file.configuration.queryDim == 48)
        #expect(file.tokens == SpecialTokens(beginning: 1, ends: [2, 3]) && file.tokenizer == nil)
        #expect(file.summary.hasPrefix("Hugging Face folder (llama): Llama, dim 32, 2 layers"))
        #expect(try LanguageModel(file).output !== LanguageModel(file).embedding)
    }

    @Test("A Llama of llama.cpp, whatever its name")
    func gguf() throws {
        let folder = try Paths.temporaryFolder()
        try FileManager.default.copyItem(atPath: HuggingFaceFixture.path("llama.gguf"), toPath: folder + "/a.pth")
        let file = try ModelFile.open(folder + "/a.pth")
        #expect(file.kind == .gguf(architecture: "llama") && file.configuration.contextLength == 256)
        let scores = try LanguageModel(file).scores(try HuggingFaceFixture.tokens())
        #expect(relativeError(scores, try HuggingFaceFixture.logits("llama")) < 1e-5)
        // Without Llama 3's divisors it is another model.
        var plain = file.configuration
        plain.ropeScaling = nil
        let others = try LanguageModel(plain, file.weights).scores(try HuggingFaceFixture.tokens())
        #expect(relativeError(others, scores) > 1e-2)
    }

    @Test("PyTorch's file of weights, in one or in shards")
    func pytorch() throws {
        let folder = try HuggingFaceFixture.copy("qwen3")
        let weights = try TensorFile.read(folder + "/model.safetensors")
        try FileManager.default.removeItem(atPath: folder + "/model.safetensors")
        try PyTorchFile.write(weights, to: folder + "/pytorch_model.bin")
        let expected = try HuggingFaceFixture.logits("qwen3")
        #expect(relativeError(try LanguageModel(ModelFile.open(folder)).scores(HuggingFaceFixture.tokens()), expected) < 1e-5)

        var (first, second, map) = (StateDictionary(), StateDictionary(), JSONObject())
        for (index, name) in weights.names.enumerated() {
            if index % 2 == 0 { first[name] = weights[name] } else { second[name] = weights[name] }
            map[name] = .string("pytorch_model-0000\(index % 2 + 1)-of-00002.bin")
        }
        try FileManager.default.removeItem(atPath: folder + "/pytorch_model.bin")
        try PyTorchFile.write(first, to: folder + "/pytorch_model-00001-of-00002.bin")
        try PyTorchFile.write(second, to: folder + "/pytorch_model-00002-of-00002.bin")
        try write(JSON.object(["weight_map": .object(map)]).serialized, to: folder + "/pytorch_model.bin.index.json")
        #expect(relativeError(try LanguageModel(ModelFile.open(folder)).scores(HuggingFaceFixture.tokens()), expected) < 1e-5)
    }

    @Test("A file that stands for its folder", arguments: ["qwen3/model.safetensors", "qwen3/config.json"])
    func fileOfAFolder(_ path: String) throws {
        let file = try ModelFile.open(HuggingFaceFixture.path(path))
        #expect(file.configuration.ropeScaling == .linear(factor: 2) && file.kind == .huggingFace(modelType: "qwen3"))
    }

    @Test("An output projection that is not the embedding counts, though the configuration ties them")
    func tiedByTheConfigurationAlone() throws {
        let folder = try HuggingFaceFixture.copy("qwen3")
        let path = folder + "/model.safetensors"
        let expected = try HuggingFaceFixture.logits("qwen3")
        let read = try TensorFile.read(path)
        let embedding = try #require(read["model.embed_tokens.weight"])
        let negative = StoredTensor(shape: embedding.shape, floats: try embedding.floats().map { -$0 }, as: embedding.elementType)
        for (head, sign) in [(embedding, Float(1)), (negative, -1)] {
            var weights = read
            weights["lm_head.weight"] = head
            try SafetensorsFile.write(weights, to: path)
            let file = try ModelFile.open(folder)
            #expect(file.configuration.tiesEmbedding == (sign == 1))
            #expect(relativeError(try LanguageModel(file).scores(HuggingFaceFixture.tokens()), expected.map { sign * $0 }) < 1e-5)
        }
        // So one of other sizes does not go unseen.
        var weights = read
        weights["lm_head.weight"] = embedding.rows(0..<3)
        try SafetensorsFile.write(weights, to: path)
        #expect(try refusal(folder).contains("'lm_head.weight' is [3, 32] in the file"))
    }

    @Test("MiniMind's state dicts", arguments: GenerationTests.cases)
    func stateDictionaries(_ name: String) throws {
        let golden = try Golden(case: name)
        let file = try ModelFile.open(golden.folder + "/base.pth", ModelHints(headCount: 8))
        #expect(file.kind == .stateDictionary && file.configuration == golden.configuration && file.tokens == .minimind)
        let tokens: [Int32] = [5, 17, 250, 33, 8]
        #expect(try LanguageModel(file).scores(tokens) == golden.model().scores(tokens))
    }

    @Test("MiniMind's own class, by the keys of the weights", arguments: ["v2-classic-dense", "v2-moe", "v3-moe"])
    func minimindFolders(_ name: String) throws {
        let golden = try Golden(case: name)
        let folder = try Paths.temporaryFolder()
        try FileManager.default.copyItem(atPath: golden.folder + "/base.pth", toPath: folder + "/pytorch_model.bin")
        let (c, isClassic) = (golden.configuration, golden.configuration.generation == .v2Classic)
        let keys =
            isClassic
            ? ["dim", "n_layers", "n_heads", "n_kv_heads", "hidden_dim"]
            : ["hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size"]
        var json: JSONObject = ["model_type": "minimind", "vocab_size": .integer(c.vocabularySize), "use_moe": .bool(c.experts != nil)]
        for (key, size) in zip(keys, [c.dim, c.layerCount, c.headCount, c.keyValueHeadCount, c.hiddenDim]) { json[key] = .integer(size) }
        try write(JSON.object(json).serialized, to: folder + "/config.json")
        let file = try ModelFile.open(folder)
        var expected = c
        // Of an expert's width only the third generation speaks.
        expected.experts?.hiddenDim = file.configuration.experts?.hiddenDim
        #expect(file.configuration == expected)
        let tokens: [Int32] = [5, 17, 250, 33, 8]
        #expect(try LanguageModel(file).scores(tokens) == golden.model().scores(tokens))
    }

    /// What opening says that cannot succeed.
    private func refusal(_ path: String, headCount: Int? = nil, generation: ModelGeneration? = nil) throws -> String {
        let error = #expect(throws: ModelError.self) {
            try LanguageModel(ModelFile.open(path, ModelHints(generation: generation, headCount: headCount)))
        }
        let text = "\(try #require(error))"
        #expect(!text.contains("\n"))
        return text
    }

    @Test func spoiltFolders() throws {
        let folder = try HuggingFaceFixture.copy("llama")
        let (index, second) = (folder + "/model.safetensors.index.json", folder + "/model-00002-of-00003.safetensors")
        try FileManager.default.removeItem(atPath: second)
        #expect(try refusal(folder).hasSuffix("the shard model-00002-of-00003.safetensors is missing; download it too"))
        try FileManager.default.copyItem(atPath: folder + "/model-00003-of-00003.safetensors", toPath: second)
        #expect(try refusal(folder).contains("is not in model-00002-of-00003.safetensors"))
        for name in ["../secret.safetensors", "/etc/passwd", "a\\b", "", ".", "..", ".hidden", "a\0b"] {
            try edit(index, [("weight_map", ["model.norm.weight": .string(name)])])
            #expect(try refusal(folder).contains("no file of this folder"))
        }
        try edit(index, [("weight_map", ["model.norm.weight": 3])])
        #expect(try refusal(folder).contains("no file of this folder"))
        try edit(index, [("weight_map", ["lm_head.weight": "model-00003-of-00003.safetensors"])])
        #expect(try refusal(folder).contains("no 'model.embed_tokens.weight'"))
        try edit(index, [("weight_map", nil)])
        #expect(try refusal(folder).contains("no 'weight_map'"))
        try write("{", to: index)
        #expect(try refusal(folder).contains("not JSON"))
        try FileManager.default.removeItem(atPath: index)
        #expect(try refusal(folder).contains("there is model-00001-of-00003.safetensors, but no model.safetensors.index.json"))
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".safetensors") {
            try FileManager.default.moveItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/other-\(name)")
        }
        #expect(try refusal(folder).contains("no weights beside it"))
        try write("[", to: folder + "/config.json")
        #expect(try refusal(folder).contains("config.json: this is not JSON"))
        try FileManager.default.removeItem(atPath: folder + "/config.json")
        #expect(try refusal(folder).contains("give the file itself, such as \(folder)/other-model-00001-of-00003.safetensors"))
    }

    @Test func configurationsThatDoNotFit() throws {
        let folder = try HuggingFaceFixture.copy("qwen3")
        try edit(folder + "/config.json", [("num_hidden_layers", 3), ("layer_types", nil)])
        #expect(try refusal(folder).contains("no 'model.layers.2.input_layernorm.weight'"))
        try edit(folder + "/config.json", [("num_hidden_layers", 1)])
        #expect(try refusal(folder).contains("no place for"))
        try edit(folder + "/config.json", [("num_hidden_layers", 2), ("intermediate_size", 96)])
        #expect(try refusal(folder).contains("'model.layers.0.mlp.gate_proj.weight' is [32, 32] in the file"))
        try edit(folder + "/config.json", [("intermediate_size", 32), ("tie_word_embeddings", false)])
        #expect(try refusal(folder).contains("no 'lm_head.weight'"))
        try edit(folder + "/config.json", [("tie_word_embeddings", true)])
        #expect(try refusal(folder, headCount: 8).contains("it has 4, not --n_heads 8"))
        #expect(try refusal(folder, generation: .v2).contains("is a Qwen3, not --generation v2"))
        let stacked = try HuggingFaceFixture.copy("qwen3-moe-stacked")
        try edit(stacked + "/config.json", [("moe_intermediate_size", 12)])
        #expect(try refusal(stacked).contains("no 'model.layers.0.mlp.experts.0.gate_proj.weight'"))
    }

    @Test func nothingThere() throws {
        #expect(try refusal("/no/such/model").contains("no such file"))
        let folder = try Paths.temporaryFolder()
        #expect(try refusal(folder).hasSuffix("no config.json, and no weights either"))
        let golden = try Golden(case: "v3-dense")
        #expect(try refusal(golden.folder).contains("give the file itself, such as \(golden.folder)/base.pth"))
        #expect(try refusal(golden.folder + "/lora_init.pth").contains("lora_init.pth: these are no weights of a MiniMind"))
        try write("no weights", to: folder + "/a.gguf")
        #expect(try refusal(folder + "/a.gguf").contains("a text file"))
    }

    @Test("A factor of the rotary angles that names no kind is linear, as in llama.cpp")
    func ggufScaling() throws {
        let file = try GGUFFile.read(HuggingFaceFixture.path("llama.gguf"))
        var tensors = file.tensors
        tensors["rope_freqs.weight"] = nil
        let path = try Paths.temporaryFolder() + "/a.gguf"
        let cases: [([(String, GGUFValue)], RotaryScaling?)] = [
            ([], nil),
            ([("factor", .float32(4))], .linear(factor: 4)),
            ([("factor", .float32(1))], nil),
            ([("factor", .float32(0))], nil),
            ([("type", .string("linear")), ("factor", .float32(0))], nil),
            ([("type", .string("none")), ("factor", .float32(4))], nil),
            (
                [("type", .string("yarn")), ("factor", .float32(0)), ("original_context_length", .uint32(64))],
                .yarn(.init(factor: 1, originalPositions: 64))
            ),
        ]
        for (fields, expected) in cases {
            var metadata = file.metadata
            for (key, value) in fields { metadata["llama.rope.scaling." + key] = value }
            try GGUFFile.write(metadata: metadata, tensors: tensors, to: path)
            #expect(try ModelFile.open(path).configuration.ropeScaling == expected, "\(fields)")
        }
    }

    @Test func spoiltGGUF() throws {
        let file = try GGUFFile.read(HuggingFaceFixture.path("llama.gguf"))
        let path = try Paths.temporaryFolder() + "/a.gguf"
        let cases: [(String, GGUFValue?, String)] = [
            ("general.architecture", .string("mamba"), "'mamba'"),
            ("general.architecture", nil, "'general.architecture'"),
            ("general.type", .string("adapter"), "'adapter'"),
            ("split.count", .uint16(3), "gguf-split"),
            ("llama.block_count", nil, "'llama.block_count' is missing"),
            ("llama.block_count", .uint64(.max), "no whole number"),
            ("llama.block_count", .uint32(3), "no 'blk.2.attn_norm.weight'"),
            ("llama.attention.head_count", .string("4"), "no whole number"),
            ("llama.attention.head_count", .array(.uint32([4, 2])), "differs from layer to layer"),
            ("llama.attention.head_count", .uint32(0), "at least 1"),
            ("llama.attention.value_length", .uint32(8), "values of 8"),
            ("llama.attention.layer_norm_rms_epsilon", nil, "rms_epsilon' is missing"),
            ("llama.rope.dimension_count", .uint32(6), "6 of the 12"),
            ("llama.rope.freq_base", .float32(.nan), "no number"),
            ("llama.rope.scaling.type", .string("longrope"), "'longrope'"),
            ("llama.expert_count", .uint32(8), "mixture of experts"),
            ("llama.attention.sliding_window", .uint32(128), "sliding window"),
            ("llama.embedding_length", .uint32(64), "'token_embd.weight' is [48, 32]"),
        ]
        for (key, value, message) in cases {
            var metadata = file.metadata
            metadata[key] = value
            try GGUFFile.write(metadata: metadata, tensors: file.tensors, to: path)
            let text = try refusal(path)
            #expect(text.hasPrefix(path) && text.contains(message), "\(text)")
        }
        var tensors = file.tensors
        tensors["rope_freqs.weight"] = StoredTensor(shape: [3], floats: [1, 2, 3])
        try GGUFFile.write(metadata: file.metadata, tensors: tensors, to: path)
        #expect(try refusal(path).contains("'rope_freqs.weight' is [3]"))
    }
}
