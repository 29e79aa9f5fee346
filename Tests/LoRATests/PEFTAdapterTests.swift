import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

@Suite("Adapters of PEFT")
struct PEFTAdapterTests {
    private static func fixture(_ name: String) -> String { Paths.fixture("LoRATests", "peft/" + name) }

    @Test(
        "What PEFT saved answers as in PEFT",
        arguments: [
            ("plain", "v2-dense", [4]), ("rslora", "v3-dense", [3]), ("patterns", "v2-dense", [1, 2, 3, 5]), ("dora", "v3-dense", [2]),
        ])
    func answers(_ name: String, _ base: String, _ ranks: [Int]) throws {
        let golden = try Golden(case: base)
        let state = try AdapterFile.read(Self.fixture(name), for: golden.configuration)
        #expect(Set(state.modules.map(\.rank)).sorted() == ranks)
        #expect(state.usesRankStabilizedScale == (name == "rslora") && state.usesDoRA == (name == "dora"))
        let expected = try TensorFile.read(Self.fixture("expected.safetensors"))
        #expect(try #require(expected["tokens"]).integers().map(Int32.init) == someTokens)
        let model = try state.merged(into: TensorFile.read(golden.folder + "/base.pth"), golden.configuration)
        let logits = try model.logits(of: someTokens)
        let theirs = try #require(expected[name]).floats()
        #expect(largestDifference(logits.suffix(theirs.count), theirs) < 1e-4)
        #expect(largestDifference(try golden.model().logits(of: someTokens).suffix(theirs.count), theirs) > 0.1)
        // And again through our own writing.
        let path = try Paths.temporaryFolder() + "/peft"
        try AdapterFile.write(state, as: .peft, to: path, for: golden.configuration)
        #expect(try AdapterFile.read(path, for: golden.configuration).hasSameFactors(as: state))
    }

    /// A copy of a fixture with a changed configuration or changed tensors, read for its model.
    private func reading(
        _ name: String, fields change: (inout JSONObject) -> Void = { _ in },
        tensors changeTensors: (inout StateDictionary) -> Void = { _ in },
        asPickle: Bool = false
    ) throws -> AdapterState {
        let folder = try Paths.temporaryFolder()
        let configuration = try Data(contentsOf: URL(fileURLWithPath: Self.fixture(name) + "/adapter_config.json"))
        var fields = try #require(JSON(parsing: configuration).object)
        change(&fields)
        try Data(JSON.object(fields).serialized.utf8).write(to: URL(fileURLWithPath: folder + "/adapter_config.json"))
        var tensors = try TensorFile.read(Self.fixture(name) + "/adapter_model.safetensors")
        changeTensors(&tensors)
        if asPickle {
            try PyTorchFile.write(tensors, to: folder + "/adapter_model.bin")
        } else {
            try SafetensorsFile.write(tensors, to: folder + "/adapter_model.safetensors")
        }
        let base = ["plain", "patterns"].contains(name) ? "v2-dense" : "v3-dense"
        let golden = try Golden(case: base).configuration
        do throws(AdapterFileError) {
            return try AdapterFile.read(folder, for: golden)
        } catch {
            #expect(!"\(error)".contains("\n"))
            guard case .inFile(_, let inner) = error else { throw error }
            throw inner
        }
    }

    @Test("The names of a model in memory, and PEFT's older file")
    func names() throws {
        let expected = try reading("dora")
        let read = try reading(
            "dora",
            tensors: { dictionary in
                for name in dictionary.names {
                    let tensor = dictionary[name]
                    dictionary[name] = nil
                    dictionary[name.hasSuffix("vector") ? name + ".default.weight" : name.replacing(".weight", with: ".default.weight")] =
                        tensor
                }
            }, asPickle: true)
        #expect(read.hasSameFactors(as: expected))
    }

    private static let refusedSettings: [(String, JSON)] = [
        ("peft_type", "IA3"), ("bias", "all"), ("use_qalora", true),
        ("init_lora_weights", "pissa_niter_4"), ("layer_replication", [[0, 2]]), ("lora_bias", true), ("target_parameters", ["x"]),
        ("alora_invocation_tokens", [1]), ("something_of_tomorrow", 3),
    ]

    @Test("A setting that changes what an adapter computes is refused by name", arguments: refusedSettings)
    func features(_ key: String, _ value: JSON) throws {
        let error = #expect(throws: AdapterFileError.self) { try reading("plain", fields: { $0[key] = value }) }
        guard case .unsupported(let feature)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(feature.contains(key))
    }

    private static let senseless: [(String, JSON)] = [
        ("r", 0), ("r", "four"), ("r", -3), ("lora_alpha", nil), ("target_modules", nil), ("target_modules", [1]),
        ("target_modules", "(q_proj"), ("target_modules", "(?!q_proj).*"), ("rank_pattern", ["q_proj": 0]), ("rank_pattern", [1]),
        ("rank_pattern", ["[": 4]), ("alpha_pattern", ["q_proj": "x"]), ("use_rslora", "yes"), ("lora_dropout", 1.5),
        ("modules_to_save", ["lm_head"]), ("modules_to_save", [1]), ("trainable_token_indices", [1]), ("trainable_token_indices", ["x"]),
        ("trainable_token_indices", ["lm_head": "x"]), ("ensure_weight_tying", 1),
    ]

    @Test("A configuration that makes no sense is refused", arguments: senseless)
    func nonsense(_ key: String, _ value: JSON) throws {
        let error = #expect(throws: AdapterFileError.self) { try reading("plain", fields: { $0[key] = value }) }
        guard case .configuration? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("What is targeted has factors, and what has factors is targeted")
    func targets() throws {
        let query = "model.layers.1.self_attn.q_proj"
        #expect(throws: AdapterFileError.notTargeted(module: query)) {
            try reading("plain", fields: { $0["target_modules"] = ["down_proj"] })
        }
        #expect(throws: AdapterFileError.targetWithoutFactors(module: "model.layers.0.self_attn.q_proj")) {
            try reading(
                "plain",
                fields: {
                    $0["layers_to_transform"] = nil
                    $0["layers_pattern"] = nil
                })
        }
        #expect(throws: AdapterFileError.targetWithoutFactors(module: "model.layers.1.self_attn.v_proj")) {
            try reading("plain", fields: { $0["target_modules"] = ["q_proj", "v_proj", "down_proj"] })
        }
        #expect(throws: AdapterFileError.targetWithoutFactors(module: "model.layers.1.self_attn.k_proj")) {
            try reading("plain", fields: { $0["target_modules"] = "all-linear" })
        }
        #expect(throws: AdapterFileError.notTargeted(module: query)) {
            try reading("plain", fields: { $0["exclude_modules"] = ".*q_proj" })
        }
        #expect(throws: AdapterFileError.rank(module: query, found: 4, expected: 2)) {
            try reading("plain", fields: { $0["rank_pattern"] = ["q_proj": 2] })
        }
        #expect(throws: Never.self) {
            try reading(
                "plain",
                fields: {
                    $0["target_modules"] = #"model\.layers\.1\..*(?:q|down)_proj"#
                    $0["layers_to_transform"] = nil
                    $0["layers_pattern"] = nil
                })
        }
    }

    @Test("A key or a shape that does not fit is an error that names it")
    func keys() throws {
        let prefix = "base_model.model.model.layers.1.self_attn.q_proj"
        let some = StoredTensor(shape: [4], floats: [1, 2, 3, 4])
        func refusal(_ name: String = "plain", _ change: @escaping (inout StateDictionary) -> Void) -> AdapterFileError? {
            #expect(throws: AdapterFileError.self) { try reading(name, tensors: change) }
        }
        #expect(refusal { $0[prefix + ".lora_B.bias"] = some } == .unexpectedKey(prefix + ".lora_B.bias"))
        #expect(
            refusal { $0[prefix + ".lora_magnitude_vector"] = some }
                == .unexpectedKey("model.layers.1.self_attn.q_proj.lora_magnitude_vector")
        )
        #expect(refusal { $0[prefix + ".lora_A.weight"] = nil } == .incomplete(module: "model.layers.1.self_attn.q_proj", missing: "A"))
        #expect(
            refusal("dora") { $0[prefix + ".lora_magnitude_vector"] = nil }
                == .incomplete(module: "model.layers.1.self_attn.q_proj", missing: "magnitude"))
        #expect(
            refusal("dora") { $0[prefix + ".lora_magnitude_vector"] = some }
                == .shape(module: "model.layers.1.self_attn.q_proj", a: [2, 64], b: [64, 2], magnitude: [4], layer: [64, 64]))
        #expect(
            refusal { $0[prefix + ".lora_A.weight"] = StoredTensor(shape: [4, 32], floats: [Float](repeating: 0, count: 128)) }
                == .shape(module: "model.layers.1.self_attn.q_proj", a: [4, 32], b: [64, 4], magnitude: nil, layer: [64, 64]))
        #expect(
            refusal { $0[prefix + ".lora_A.weight"] = StoredTensor(shape: [3, 64], floats: [Float](repeating: 0, count: 192)) }
                == .shape(module: "model.layers.1.self_attn.q_proj", a: [3, 64], b: [64, 4], magnitude: nil, layer: nil))
        #expect(
            refusal { $0[prefix + ".lora_A.weight"] = StoredTensor(shape: [4, 64], integers: [Int](repeating: 0, count: 256)) }
                == .elementType(module: "model.layers.1.self_attn.q_proj", .int64))
        #expect(
            refusal { dictionary in
                for part in ["A", "B"] {
                    dictionary["base_model.model.model.layers.1.self_attn.c_attn.lora_\(part).weight"] =
                        dictionary[prefix + ".lora_\(part).weight"]
                }
            } == .unknownModule("model.layers.1.self_attn.c_attn"))
        #expect(
            refusal { dictionary in
                for part in ["A", "B"] { dictionary[prefix + ".lora_\(part).other.weight"] = dictionary[prefix + ".lora_\(part).weight"] }
            } == .repeated(module: "model.layers.1.self_attn.q_proj"))
    }

    @Test(
        "What does not fit, or is not read, is called by its name",
        arguments: [
            ("model.embed_tokens.lora_embedding_A", "the adapter of 'model.embed_tokens' lacks its B"),
            ("model.embed_tokens.weight", "'model.embed_tokens.weight' of the adapter is [4, 64], and the model's is"),
            ("lm_head.base_layer.weight", "'lm_head.weight' of the adapter is [4, 64]"),
            ("lm_head.lora_A.weight", "do not fit each other"), ("lm_head.modules_to_save.weight", "is [4, 64]"),
            ("model.embed_tokens.token_adapter.trainable_tokens_delta", "trainable_token_indices"),
            ("model.layers.0.mlp.up_proj.ia3_l", "IA3"), ("model.layers.0.mlp.up_proj.hada_w1_a", "LoHa"),
            ("model.layers.0.mlp.up_proj.lora_B.bias", "is no part of a LoRA adapter"),
            ("model.score.weight", "is no part of a LoRA adapter"),
        ])
    func otherParts(_ key: String, _ words: String) throws {
        let key = "base_model.model." + key
        let some = StoredTensor(shape: [4, 64], floats: [Float](repeating: 1, count: 256))
        let error = try #require(
            #expect(throws: AdapterFileError.self) {
                try reading(
                    "plain",
                    tensors: {
                        $0[key] = some
                        if key.hasSuffix("lora_A.weight") { $0[key.replacingOccurrences(of: "lora_A", with: "lora_B")] = some }
                    })
            })
        #expect("\(error)".contains(words), "\(error)")
    }

    @Test(
        "Prefixes of wrappers are passed over, in whatever order",
        arguments: [
            "module.base_model.model.", "_orig_mod.base_model.model.", "base_model.model._orig_mod.", "base_model.model.module.",
            "base_model.model.language_model.", "module._orig_mod.", "",
        ])
    func prefixes(_ prefix: String) throws {
        let usual = "base_model.model."
        let plain = try reading("plain")
        let state = try reading(
            "plain",
            tensors: { dictionary in
                for name in dictionary.names {
                    dictionary[prefix + name.dropFirst(usual.count)] = dictionary[name]
                    dictionary[name] = nil
                }
            })
        #expect(state.modules.map(\.place) == plain.modules.map(\.place) && !plain.modules.isEmpty)
        for (one, other) in zip(state.modules, plain.modules) { #expect(one.b.hasSameElements(as: other.b)) }
    }
}
