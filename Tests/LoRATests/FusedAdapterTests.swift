import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// Adapters of a model whose queries, keys and values are one linear layer, and gate and up another: one adapter each.
@Suite("Adapters of fused projections")
struct FusedAdapterTests {
    private let folder: String
    private let configuration: ModelConfiguration

    init() throws {
        folder = try Paths.temporaryFolder()
        configuration = try ModelFile.open(Paths.fixture("ModelTests", "families/phi3")).configuration
    }

    private static let names = ["self_attn.qkv_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj"]

    @Test("Every format holds them and gives them back, bit for bit", arguments: AdapterFormat.allCases)
    func formats(_ format: AdapterFormat) throws {
        let state = AdapterState.random(on: configuration)
        #expect(state.modules.count == 2 * 4)
        let path = "\(folder)/\(format.rawValue)"
        try AdapterFile.write(state, as: format, to: path, for: configuration)
        #expect(try AdapterFile.read(path, for: configuration).hasSameFactors(as: state))
        let alone = try AdapterFile.readAlone(path).state
        #expect(alone.modules.map(\.place) == state.modules.map(\.place))
    }

    @Test("They are called what PEFT, mlx-lm and llama.cpp call them")
    func words() throws {
        let state = AdapterState.random(on: configuration)
        try AdapterFile.write(state, as: .peft, to: folder + "/peft", for: configuration)
        let fields = try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: folder + "/peft/adapter_config.json")))
        #expect(fields["target_modules"] == ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"])
        let tensors = try TensorFile.read(folder + "/peft/adapter_model.safetensors")
        for name in Self.names {
            #expect(tensors["base_model.model.model.layers.1.\(name).lora_A.weight"]?.shape == [3, name.hasSuffix("down_proj") ? 40 : 32])
        }
        #expect(tensors["base_model.model.model.layers.0.self_attn.qkv_proj.lora_B.weight"]?.shape == [64, 3])
        #expect(tensors["base_model.model.model.layers.0.mlp.gate_up_proj.lora_B.weight"]?.shape == [80, 3])

        try AdapterFile.write(state, as: .mlx, to: folder + "/mlx", for: configuration)
        #expect(try Set(TensorFile.read(folder + "/mlx/adapters.safetensors").names).contains("model.layers.0.mlp.gate_up_proj.lora_a"))

        try AdapterFile.write(state, as: .gguf, to: folder + "/a.gguf", for: configuration)
        let words = ["attn_qkv", "attn_output", "ffn_up", "ffn_down"]
        let expected = (0..<2).flatMap { layer in
            words.flatMap { ["blk.\(layer).\($0).weight.lora_a", "blk.\(layer).\($0).weight.lora_b"] }
        }
        #expect(try Set(GGUFFile.read(folder + "/a.gguf").tensors.names) == Set(expected))
    }

    @Test(
        "Layers are chosen by their names and by what they are",
        arguments: [
            ("qkv_proj", [0]), ("attention", [0, 1]), ("mlp", [2, 3]), ("all-linear", [0, 1, 2, 3]), ("qkv_proj,gate_up_proj", [0, 2]),
            (".*_up_proj", [2]), ("square", [1]),
        ])
    func targets(_ text: String, _ places: [Int]) throws {
        let model = try LanguageModel(configuration, seed: 1)
        let chosen = try ModuleTargets(parsing: text).modules(of: model)
        #expect(chosen.map(\.name) == (0..<2).flatMap { layer in places.map { "model.layers.\(layer).\(Self.names[$0])" } })
        #expect(throws: LoRAError.self) { try ModuleTargets(parsing: "q_proj").modules(of: model) }
    }
}
