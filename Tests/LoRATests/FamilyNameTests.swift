import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// A family whose linear layers have names of their own: in targets, messages and files they are those of its class.
@Suite("Names of a family's own")
struct FamilyNameTests {
    /// An LFM2 of a convolution and a layer of attention.
    private let configuration: ModelConfiguration
    private let model: LanguageModel
    private static let feedForward = ["w1", "w2", "w3"].map { "feed_forward.\($0)" }

    init() throws {
        configuration = try HuggingFaceConfiguration([
            "model_type": "lfm2", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 96, "full_attn_idxs": [1], "block_auto_adjust_ff_dim": false,
        ]).model
        model = try LanguageModel(configuration, seed: 1)
    }

    private func names(_ targets: String) throws -> [String] {
        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: ModuleTargets(parsing: targets), rank: 2))
        return adapter.modules.map { String($0.name.dropFirst("model.layers.".count)) }
    }

    @Test("Layers are chosen by the words of the class, and by what they are")
    func targets() throws {
        let attention = ["q_proj", "k_proj", "v_proj", "out_proj"].map { "1.self_attn.\($0)" }
        let mlp = (0..<2).flatMap { layer in Self.feedForward.map { "\(layer).\($0)" } }
        let convolution = ["in_proj", "out_proj"].map { "0.conv.\($0)" }
        #expect(try names("all-linear") == convolution + mlp.prefix(3) + attention + mlp.suffix(3))
        #expect(try names("attention") == attention && names("mlp") == mlp)
        #expect(try names("square") == ["0.conv.out_proj", "1.self_attn.q_proj", "1.self_attn.out_proj"])
        #expect(try names("out_proj") == ["0.conv.out_proj", "1.self_attn.out_proj"] && names("conv.out_proj") == ["0.conv.out_proj"])
        #expect(try names("w1,in_proj") == ["0.conv.in_proj", "0.feed_forward.w1", "1.feed_forward.w1"])
        #expect(try names(#".*\.conv\..*"#) == convolution)
        for other in ["o_proj", "gate_proj", "wo", "conv.conv"] {
            let error = #expect(throws: LoRAError.self) { try names(other) }
            let text = "\(try #require(error))"
            #expect(text.contains("w1") && text.contains("in_proj") && text.contains("out_proj") && !text.contains("gate_proj,"), "\(text)")
        }
    }

    @Test("Files of every format have them, and are read with the model and alone", arguments: AdapterFormat.allCases)
    func files(_ format: AdapterFormat) throws {
        let path = try Paths.temporaryFolder() + "/" + format.rawValue
        let state = AdapterState.random(on: configuration)
        try AdapterFile.write(state, as: format, to: path, for: configuration)
        #expect(try AdapterFile.read(path, for: configuration).hasSameFactors(as: state))
        let (alone, naming) = try AdapterFile.readAlone(path)
        #expect(alone.modules.map(\.place) == state.modules.map(\.place))
        let last: [String: String] = ["peft": ".lora_A.weight", "mlx": ".lora_a", "minimind": ".lora.A.weight", "gguf": ".weight.lora_a"]
        let suffix = try #require(last[format.rawValue])
        let keys: [String]
        switch format {
        case .gguf:
            keys = try GGUFFile.read(path).tensors.names
            #expect(keys.contains("blk.0.shortconv.in_proj" + suffix) && keys.contains("blk.1.attn_output" + suffix))
            #expect(throws: AdapterFileError.self) { try AdapterFile.read(path, for: Golden(case: "v2-dense").configuration) }
            return
        case .minimind: keys = try TensorFile.read(path).names
        case .peft: keys = try TensorFile.read(path + "/adapter_model.safetensors").names
        case .mlx: keys = try TensorFile.read(path + "/adapters.safetensors").names
        }
        for place in ["0.conv.in_proj", "0.conv.out_proj", "1.self_attn.out_proj", "1.feed_forward.w2"] {
            #expect(keys.contains { $0.hasSuffix("model.layers.\(place)\(suffix)") }, "\(place)")
        }
        #expect(naming.moduleName(of: .layer(0, .linear(.gate, nil))) == "model.layers.0.feed_forward.w1")
    }

    /// A Qwen3.5 whose heads of keys serve several heads of values.
    @Test("Linear attention has names and an order of heads in every format", arguments: AdapterFormat.allCases)
    func linearAttention(_ format: AdapterFormat) throws {
        let configuration = try HuggingFaceConfiguration([
            "model_type": "qwen3_5_text", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 96, "head_dim": 16, "full_attention_interval": 2, "linear_num_key_heads": 2,
            "linear_num_value_heads": 6, "linear_key_head_dim": 4, "linear_value_head_dim": 4,
        ]).model
        let state = AdapterState.random(on: configuration)
        let path = try Paths.temporaryFolder() + "/" + format.rawValue
        try AdapterFile.write(state, as: format, to: path, for: configuration)
        #expect(try AdapterFile.read(path, for: configuration).hasSameFactors(as: state))
        #expect(try AdapterFile.readAlone(path).state.modules.map(\.place) == state.modules.map(\.place))
        switch format {
        case .gguf:
            let tensors = try GGUFFile.read(path).tensors
            func factor(_ role: LinearRole, _ factor: KeyPath<AdapterState.Module, StoredTensor>) throws -> [Float] {
                try #require(state.modules.first { $0.place == .layer(0, .linear(role, nil)) })[keyPath: factor].floats()
            }
            let order = [0, 3, 1, 4, 2, 5]
            let rows = order.flatMap { head in (0..<4).map { 16 + head * 4 + $0 } }
            let b = try factor(.deltaInput, \.b)
            let rank = b.count / 40
            #expect(
                try #require(tensors["blk.0.attn_qkv.weight.lora_b"]).floats()
                    == (Array(0..<16) + rows).flatMap { b[$0 * rank..<($0 + 1) * rank] })
            let a = try factor(.deltaOutput, \.a)
            let columns = order.flatMap { head in (0..<4).map { head * 4 + $0 } }
            #expect(
                try #require(tensors["blk.0.ssm_out.weight.lora_a"]).floats()
                    == (0..<a.count / 24).flatMap { row in columns.map { a[row * 24 + $0] } })
            for name in ["attn_gate", "ssm_beta", "ssm_alpha"] { #expect(tensors["blk.0.\(name).weight.lora_a"] != nil) }
        case .peft:
            let settings = try JSON(parsing: String(contentsOfFile: path + "/adapter_config.json", encoding: .utf8))
            let names = ["in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a", "out_proj"]
            let targets = settings["target_modules"]?.array?.compactMap(\.string) ?? []
            #expect(Set(names).isSubset(of: targets))
            let tensors = try TensorFile.read(path + "/adapter_model.safetensors")
            for name in names {
                #expect(tensors.names.contains { $0.hasSuffix("model.layers.0.linear_attn.\(name).lora_A.weight") }, "\(name)")
            }
        case .minimind, .mlx: break
        }
        let model = try LanguageModel(configuration, seed: 1)
        func chosen(_ targets: String) throws -> [String] {
            let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: ModuleTargets(parsing: targets), rank: 2))
            return adapter.modules.map { String($0.name.dropFirst("model.layers.".count)) }
        }
        let net = ["in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a", "out_proj"].map { "0.linear_attn.\($0)" }
        #expect(try chosen("attention") == net + ["q_proj", "k_proj", "v_proj", "o_proj"].map { "1.self_attn.\($0)" })
        #expect(try chosen("in_proj_z") == [net[1]])
    }

    @Test("PEFT's settings name all layers by their last words; names of other classes are refused")
    func peft() throws {
        let path = try Paths.temporaryFolder() + "/peft"
        try AdapterFile.write(AdapterState.random(on: configuration), as: .peft, to: path, for: configuration)
        let settings = path + "/adapter_config.json"
        let text = try String(contentsOfFile: settings, encoding: .utf8)
        let targets = try #require(try JSON(parsing: text)["target_modules"]?.array?.compactMap(\.string))
        #expect(Set(targets) == ["q_proj", "k_proj", "v_proj", "in_proj", "out_proj", "w1", "w2", "w3"])
        // An adapter of attention alone may not say that it has all of a word's layers.
        try AdapterFile.write(
            AdapterState.random(on: configuration) { if case .layer(1, .linear(.output, _)) = $0 { true } else { false } }, as: .peft,
            to: path, for: configuration)
        let whole = try JSON(parsing: String(contentsOfFile: settings, encoding: .utf8))["target_modules"]
        #expect(whole?.array == ["model.layers.1.self_attn.out_proj"])

        let file = path + "/adapter_model.safetensors"
        let tensors = try TensorFile.read(file)
        var renamed = StateDictionary()
        for name in tensors.names { renamed[name.replacing("out_proj", with: "o_proj")] = tensors[name] }
        try SafetensorsFile.write(renamed, to: file)
        let error = #expect(throws: AdapterFileError.self) { try AdapterFile.read(path, for: configuration) }
        #expect("\(try #require(error))".contains("self_attn.o_proj"))
    }
}
