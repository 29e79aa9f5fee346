import Data
import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// Models and adapters go to llama.cpp as GGUF files.
@Suite("Round trips: GGUF and llama.cpp", .enabled(if: Peers.hasLlama, "\(Peers.absenceOfLlama)"))
struct GGUFRoundTrips {
    private static func tokenizerMetadata(_ model: LanguageModel) throws -> [(String, GGUFValue)] {
        try Tokenizer(folder: TinyBase.folder).ggufMetadata(vocabularySize: model.configuration.vocabularySize).map { ($0.key, $0.value) }
    }

    /// The bundled base, and small models of the other architectures with its vocabulary.
    private static func models() throws -> [(name: String, model: LanguageModel)] {
        let sizes = (dim: 64, layers: 2, vocabulary: try TinyBase.model().configuration.vocabularySize)
        var experts = ModelGeneration.v3.defaultExperts
        experts.count = 4
        experts.perToken = 2
        experts.hiddenDim = 96
        return [
            ("tiny", try TinyBase.model()),
            (
                "v3-dense",
                try RoundTrip.model(
                    ModelConfiguration(
                        generation: .v3, dim: sizes.dim, layerCount: sizes.layers, vocabularySize: sizes.vocabulary, hiddenDim: 128))
            ),
            (
                "v3-moe",
                try RoundTrip.model(
                    ModelConfiguration(
                        generation: .v3, dim: sizes.dim, layerCount: sizes.layers, vocabularySize: sizes.vocabulary, hiddenDim: 128,
                        experts: experts))
            ),
            (
                "lfm2",
                try RoundTrip.model(
                    HuggingFaceConfiguration([
                        "model_type": "lfm2", "hidden_size": .integer(sizes.dim), "intermediate_size": 128, "num_hidden_layers": 3,
                        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": .integer(sizes.vocabulary),
                        "full_attn_idxs": [1], "block_auto_adjust_ff_dim": false, "max_position_embeddings": 512,
                    ]).model)
            ),
            (
                "qwen35",
                try RoundTrip.model(
                    HuggingFaceConfiguration([
                        "model_type": "qwen3_5_text", "hidden_size": .integer(sizes.dim), "intermediate_size": 128,
                        "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
                        "vocab_size": .integer(sizes.vocabulary), "full_attention_interval": 2, "linear_num_key_heads": 2,
                        "linear_num_value_heads": 4, "linear_key_head_dim": 32, "linear_value_head_dim": 32,
                        "max_position_embeddings": 512,
                    ]).model)
            ),
        ]
    }

    /// Adapters of llama.cpp have no magnitude, and one rank for the experts of a layer.
    private static func adapter(on model: LanguageModel) throws -> LoRAAdapter {
        let adapter = try LoRAAdapter(
            on: model,
            LoRAConfiguration(
                targets: .allLinear, rank: PerModule(4, [.init(.attention, 2)]), alpha: PerModule(6, [.init(.name("q_proj"), 5)])))
        adapter.fill(size: 0.1)
        return adapter
    }

    private static let types: [ElementType] = [.float32, .float16, .q8_0]

    @Test("The gguf package reads metadata, tensors and values as we do; Q8_0 is to the byte what it makes")
    func package() throws {
        try withFolder { folder in
            let model = try TinyBase.model()
            let configuration = model.configuration
            let metadata = try Self.tokenizerMetadata(model)
            for type in Self.types { try model.writeGGUF(to: "\(folder)/\(type.rawValue).gguf", as: type, tokenizer: metadata) }
            let plain = try GGUFFile.read(folder + "/float32.gguf").tensors
            // The values as floats, for the package to quantise.
            var values = StateDictionary()
            for name in plain.names where plain[name]?.shape.count == 2 { values[name] = plain[name] }
            try SafetensorsFile.write(values, to: folder + "/values.safetensors")
            func dump(_ type: ElementType) -> [String] {
                ["gguf-dump", "\(folder)/\(type.rawValue).gguf", "--out", "\(folder)/\(type.rawValue).safetensors", "--values"]
                    + plain.names
            }
            let dumps = try Peers.run(
                each: Self.types.map(dump) + [
                    ["gguf-make", "--tensors", folder + "/values.safetensors", "--type", "Q8_0", "--out", folder + "/theirs.gguf"]
                ])
            let kinds: [ElementType: String] = [.float32: "F32", .float16: "F16", .q8_0: "Q8_0"]
            for (type, dump) in zip(Self.types, dumps) {
                func value(_ key: String) -> JSON? { dump["metadata"]?[key]?["value"] }
                #expect(value("general.architecture") == "llama" && value("llama.block_count")?.integer == configuration.layerCount)
                #expect(value("llama.attention.head_count_kv")?.integer == configuration.keyValueHeadCount)
                #expect(value("tokenizer.ggml.tokens")?.array?.count == configuration.vocabularySize)
                #expect(value("general.file_type")?.integer == [.float32: 0, .float16: 1, .q8_0: 7][type])
                let ours = try GGUFFile.read("\(folder)/\(type.rawValue).gguf")
                #expect(Set(dump["metadata"]?.object?.keys.filter { !$0.hasPrefix("GGUF.") } ?? []) == Set(ours.metadata.keys))
                let tensors = try #require(dump["tensors"]?.array)
                #expect(tensors.map { $0["name"]?.string } == ours.tensors.names)
                let theirs = try TensorFile.read("\(folder)/\(type.rawValue).safetensors")
                for tensor in tensors {
                    let name = try #require(tensor["name"]?.string)
                    let own = try #require(ours.tensors[name])
                    #expect(tensor["shape"]?.array?.compactMap(\.integer) == own.shape, "\(name)")
                    #expect(tensor["type"]?.string == (own.shape.count == 1 ? "F32" : kinds[type]), "\(name)")
                    #expect(try theirs[name]?.floats() == own.floats(), "\(name) as \(type)")
                }
            }
            let quantized = try GGUFFile.read(folder + "/q8_0.gguf").tensors
            let theirs = try GGUFFile.read(folder + "/theirs.gguf").tensors
            #expect(theirs.count > 20)
            for name in theirs.names {
                let (ours, other) = (try #require(quantized[name]), try #require(theirs[name]))
                #expect(ours.elementType == .q8_0 && ours.hasSameElements(as: other), "\(name)")
            }
        }
    }

    @Test("llama.cpp gives our scores, greedy ids and token ids: every architecture and type, with an adapter beside it and merged")
    func llama() throws {
        try withFolder { folder in
            let tokenizer = try Tokenizer(folder: TinyBase.folder)
            let prompts = try Self.prompts(tokenizer)
            let json = try Peers.json(prompts)
            var (commands, generations): ([[String]], [[String]]) = ([], [])
            var first: [[String]] = []
            var expected: [(what: String, scores: [[Float]], written: [[Int]])] = []
            func add(_ what: String, _ path: String, lora: String? = nil, _ model: LanguageModel) throws {
                let file = ["--gguf", path, "--ids", json] + (lora.map { ["--lora", $0] } ?? [])
                commands.append(["logits-llama"] + file)
                generations.append(["generate-llama", "--max-new-tokens", "20"] + file)
                expected.append((what, try prompts.map(model.scores), try prompts.map { try Self.greedy(model, $0, tokenizer) }))
            }
            for (name, model) in try Self.models() {
                let metadata = try Self.tokenizerMetadata(model)
                let path = "\(folder)/\(name)"
                try model.writeGGUF(to: path + ".gguf", as: .float32, tokenizer: metadata)
                try add("\(name), float32", path + ".gguf", model)
                for type in [ElementType.float16, .q8_0] {
                    // llama.cpp rounds what it multiplies with such weights to their type; with a copy in float32 of
                    // the very weights that we wrote nothing but our writing is compared.
                    let written = "\(path)-\(type.rawValue).gguf"
                    try model.writeGGUF(to: written, as: type, tokenizer: metadata)
                    first.append(["gguf-quantize", "--gguf", written, "--type", "F32", "--out", written + ".float32"])
                    try add("\(name), \(type)", written + ".float32", LanguageModel(ModelFile.open(written)))
                }
                let adapter = try Self.adapter(on: model)
                try AdapterFile.write(adapter.state, as: .gguf, to: path + ".lora.gguf", for: model.configuration)
                try add("\(name), adapter", path + ".gguf", lora: path + ".lora.gguf", model)
                #expect(largestDifference(expected[expected.count - 1].scores[0], expected[expected.count - 4].scores[0]) > 0.1)
                let (scores, written) = (expected[expected.count - 1].scores, expected[expected.count - 1].written)
                adapter.merge()
                try model.writeGGUF(to: path + "-merged.gguf", as: .float32, tokenizer: metadata)
                try add("\(name), merged", path + "-merged.gguf", model)
                // What was merged has to be base and adapter, not what merging made of them.
                expected[expected.count - 1].scores = scores
                expected[expected.count - 1].written = written
            }
            let texts = try TinyBase.texts()
            first += generations
            first.append(["tokenize-llama", "--gguf", folder + "/tiny.gguf", "--texts", try Peers.json(texts)])
            let (answers, scores) = try Self.answers(commands, after: first, in: folder)
            #expect(scores.count == 25 && answers.count == 10 + 25 + 1)
            for ((what, ours, written), (theirs, generated)) in zip(expected, zip(scores, answers[10...])) {
                for (index, row) in ours.enumerated() {
                    let difference = largestDifference(row, try #require(theirs[String(index)]).floats())
                    #expect(difference < 1e-3, "\(what), prompt \(index)")
                }
                #expect(generated.array?.map { $0["ids"]?.array?.compactMap(\.integer) } == written, "\(what)")
                #expect(written.contains { $0.count > 4 }, "\(what)")
            }
            let ids = answers[answers.count - 1].array?.map { $0["ids"]?.array?.compactMap(\.integer) }
            #expect(try ids == texts.map { try tokenizer.encode($0).map(Int.init) })
        }
    }

    /// A family with settings under which everything that it has changes the scores.
    private static let families: [(type: String, settings: JSONObject)] = [
        ("llama", ["attention_bias": true]), ("qwen2", ["tie_word_embeddings": true]), ("gemma", [:]),
        ("gemma2", ["sliding_window": 24, "query_pre_attn_scalar": 24, "attn_logit_softcapping": 5.0, "final_logit_softcapping": 4.0]),
        ("gemma3_text", ["sliding_window": 24, "query_pre_attn_scalar": 24]),
        (
            "granite",
            ["embedding_multiplier": 6.0, "residual_multiplier": 0.4, "attention_multiplier": 0.2, "logits_scaling": 3.0]
        ),
        ("smollm3", [:]), ("olmo2", [:]), ("ernie4_5", [:]), ("hunyuan_v1_dense", [:]), ("seed_oss", [:]),
        ("exaone4", ["sliding_window": .null]),
        (
            "exaone4",
            [
                "sliding_window": .null, "tie_word_embeddings": true,
                "rope_scaling": [
                    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 32,
                ],
            ]
        ),
        // llama.cpp gives windows to the one of 64 layers.
        ("exaone4", ["sliding_window": 24, "num_hidden_layers": 64, "intermediate_size": 32]),
        ("olmo3", ["sliding_window": 24, "rope_scaling": yarn]),
        ("ministral3", ["rope_parameters": temperature]),
        ("lfm2", ["full_attn_idxs": [2, 4], "conv_L_cache": 4, "tie_word_embeddings": false]),
        (
            "qwen3_5_text",
            [
                "full_attention_interval": 3, "linear_num_key_heads": 2, "linear_num_value_heads": 6, "linear_key_head_dim": 16,
                "linear_value_head_dim": 16, "partial_rotary_factor": 0.5, "tie_word_embeddings": true,
            ]
        ),
        ("phi3", ["partial_rotary_factor": 0.75, "tie_word_embeddings": true, "sliding_window": 512]),
        // All rows are short, or all but the one in which nothing turns are long.
        ("phi3", ["original_max_position_embeddings": 512, "rope_scaling": longRoPE]),
        ("phi3", ["original_max_position_embeddings": 8, "rope_scaling": longRoPE]),
        ("llama", ["original_max_position_embeddings": 8, "rope_scaling": longRoPE]),
    ]

    private static let yarn: JSON = [
        "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "attention_factor": 1.2,
    ]
    /// Queries grow every 16 positions.
    private static let temperature: JSON = [
        "rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0, "original_max_position_embeddings": 16, "mscale": 1.0,
        "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.4,
    ]

    private static let longRoPE: JSON = [
        "type": "longrope", "short_factor": .array((0..<8).map { .number(1 + 0.1 * Double($0)) }),
        "long_factor": .array((0..<8).map { .number(2 + 0.5 * Double($0)) }), "attention_factor": 1.25,
    ]

    @Test("llama.cpp gives our scores of every family that it has an architecture for")
    func everyFamily() throws {
        try withFolder { folder in
            let tokenizer = try Tokenizer(folder: TinyBase.folder)
            let vocabulary = try TinyBase.model().configuration.vocabularySize
            let rows = RoundTrip.rows(vocabulary: vocabulary)
            let metadata = try tokenizer.ggufMetadata(vocabularySize: vocabulary).map { ($0.key, $0.value) }
            var (commands, expected): ([[String]], [[[Float]]]) = ([], [])
            for (index, (type, settings)) in Self.families.enumerated() {
                var json: JSONObject = [
                    "model_type": .string(type), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 6,
                    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": .integer(vocabulary),
                    "max_position_embeddings": 512,
                ]
                for (key, value) in settings { json[key] = value }
                let model = try RoundTrip.model(HuggingFaceConfiguration(.object(json)).model)
                let path = "\(folder)/\(index)-\(type).gguf"
                try model.writeGGUF(to: path, as: .float32, tokenizer: metadata)
                commands.append(["logits-llama", "--gguf", path, "--ids", try Peers.json(rows)])
                expected.append(try rows.map(model.scores))
            }
            for (index, theirs) in try Self.answers(commands, after: [], in: folder).scores.enumerated() {
                let type = Self.families[index].type
                // llama.cpp looks the tanh-GELU up in a table of halves.
                let bound = type.hasPrefix("gemma") ? 0x1p-10 : 1e-4
                for (row, ours) in expected[index].enumerated() {
                    let difference = relativeError(ours, try #require(theirs[String(row)]).floats())
                    #expect(difference < bound, "\(type), row \(row)")
                }
            }
        }
    }

    @Test("llama.cpp adds an adapter to projections that are one, queries, keys and values, or gate and up")
    func fusedProjections() throws {
        try withFolder { folder in
            let vocabulary = try TinyBase.model().configuration.vocabularySize
            let rows = RoundTrip.rows(vocabulary: vocabulary)
            let configuration = try HuggingFaceConfiguration([
                "model_type": "phi3", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
                "num_key_value_heads": 2, "vocab_size": .integer(vocabulary), "partial_rotary_factor": 0.75,
            ]).model
            let model = try RoundTrip.model(configuration)
            let base = try model.scores(rows[1])
            let path = folder + "/phi3.gguf"
            try model.writeGGUF(to: path, as: .float32, tokenizer: Self.tokenizerMetadata(model))
            let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .allLinear, rank: 4, scale: 1.5))
            adapter.fill(size: 0.1)
            try AdapterFile.write(adapter.state, as: .gguf, to: folder + "/lora.gguf", for: configuration)
            let command = ["logits-llama", "--gguf", path, "--lora", folder + "/lora.gguf", "--ids", try Peers.json(rows)]
            let theirs = try Self.answers([command], after: [], in: folder).scores[0]
            #expect(try largestDifference(model.scores(rows[1]), base) > 0.1)
            for (row, tokens) in rows.enumerated() {
                #expect(try largestDifference(model.scores(tokens), #require(theirs[String(row)]).floats()) < 1e-3, "row \(row)")
            }
        }
    }

    @Test("llama.cpp adds an adapter to the embedding and the output projection")
    func embeddingAndOutput() throws {
        try withFolder { folder in
            let vocabulary = try TinyBase.model().configuration.vocabularySize
            let rows = RoundTrip.rows(vocabulary: vocabulary)
            let model = try RoundTrip.untiedModel(vocabulary: vocabulary)
            let path = folder + "/untied.gguf"
            try model.writeGGUF(to: path, as: .float32, tokenizer: Self.tokenizerMetadata(model))
            var commands: [[String]] = []
            for targets in ["attention,embed_tokens,lm_head", "attention,lm_head", "attention,embed_tokens"] {
                let configuration = LoRAConfiguration(targets: ModuleTargets(parsing: targets), rank: 4, scale: 1.5)
                let adapter = try LoRAAdapter(on: model, configuration, name: targets)
                adapter.fill(size: 0.1)
                let lora = "\(folder)/\(commands.count).gguf"
                try AdapterFile.write(adapter.state, as: .gguf, to: lora, for: model.configuration)
                commands.append(["logits-llama", "--gguf", path, "--lora", lora, "--ids", try Peers.json(rows)])
                adapter.detach()
            }
            let answers = try Self.answers(commands, after: [], in: folder).scores
            for (index, theirs) in answers.enumerated() {
                let fresh = try RoundTrip.untiedModel(vocabulary: vocabulary)
                let base = try fresh.scores(rows[1])
                _ = try LoRAAdapter(on: fresh, contentsOf: "\(folder)/\(index).gguf")
                #expect(try largestDifference(fresh.scores(rows[1]), base) > 0.1)
                for (row, tokens) in rows.enumerated() {
                    let difference = try largestDifference(fresh.scores(tokens), #require(theirs[String(row)]).floats())
                    #expect(difference < 1e-3, "\(index), row \(row)")
                }
            }
        }
    }

    /// One Python for all of it.
    private static func answers(
        _ commands: [[String]], after first: [[String]], in folder: String
    ) throws -> (answers: [JSON], scores: [StateDictionary]) {
        let paths = commands.indices.map { "\(folder)/scores-\($0).safetensors" }
        let answers = try Peers.run(each: first + zip(commands, paths).map { $0 + ["--out", $1] })
        return (Array(answers.prefix(first.count)), try paths.map(TensorFile.read))
    }

    private static func prompts(_ tokenizer: Tokenizer) throws -> [[Int]] {
        let template = try ChatTemplate(source: #require(tokenizer.chatTemplate))
        return try ["你是谁？", "What is the capital of France?", "天空为什么是蓝色的？"].map { question in
            let text = try template.render(
                messages: [Message(role: "user", content: question)], addGenerationPrompt: true, bosToken: tokenizer.bosToken,
                eosToken: tokenizer.eosToken)
            return try tokenizer.encode(text).map(Int.init)
        }
    }

    private static func greedy(_ model: LanguageModel, _ prompt: [Int], _ tokenizer: Tokenizer) throws -> [Int] {
        try model.generate(from: prompt.map(Int32.init), maximumTokens: 20, ends: tokenizer.endIDs).map(Int.init)
    }
}
