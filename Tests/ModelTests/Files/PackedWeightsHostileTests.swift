import Foundation
import TestSupport
import Testing

@testable import Model
@testable import Tensor

/// Packed weights that are not read, do not go together, or are damaged.
@Suite("Packed weights, hostile")
struct PackedWeightsHostileTests {
    /// Changes of a folder's settings, and what the error must say.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let key: String
        let settings: JSONObject
        let words: [String]

        init(_ name: String, _ settings: JSONObject, _ words: String..., key: String = "quantization_config") {
            (self.name, self.settings, self.words, self.key) = (name, settings, words, key)
        }

        var testDescription: String { "\(name) \(words)" }
    }

    static let refusals = [
        Refusal("fp8", ["quant_method": "hqq"], "'hqq'", "gptq and awq"),
        Refusal("fp8", ["quant_method": nil], "'quant_method' is missing"),
        Refusal("fp8", ["quant_method": 7], "'quant_method' is missing"),
        Refusal("fp8", ["fmt": "e5m2"], "'e5m2'"),
        Refusal("fp8", ["weight_block_size": [32]], "'weight_block_size' is [32]"),
        Refusal("fp8", ["weight_block_size": [0, 32]], "'weight_block_size'"),
        Refusal("fp8", ["weight_block_size": [16, 16]], "scales [1, 2] do not go with [32, 32]"),
        Refusal("fp8", ["weight_block_size": "all"], "not a list of whole numbers"),
        Refusal("tensors-fp8", ["format": "pack-quantized"], "'pack-quantized'"),
        Refusal("tensors-fp8", ["format": nil], "'missing'"),
        Refusal("tensors-fp8", ["sparsity_config": ["format": "sparse-24"]], "'sparse-24'"),
        Refusal("tensors-fp8", ["transform_config": ["u": [:]]], "'transform_config'"),
        Refusal("tensors-fp8", ["config_groups": ["a": ["weights": ["num_bits": 4]]]], "config_groups.a.weights", "'num_bits' is 4"),
        Refusal("tensors-fp8", ["config_groups": ["a": ["weights": ["num_bits": 8, "symmetric": false]]]], "zero points"),
        Refusal("mlx-4bit", ["bits": 7], "'bits' is 7", key: "quantization"),
        Refusal("mlx-4bit", ["bits": 2], "are not 2 bits in groups of 64", key: "quantization"),
        Refusal("mlx-4bit", ["group_size": 32], "in groups of 32", key: "quantization"),
        Refusal("mlx-4bit", ["group_size": 0], "'group_size' is 0", key: "quantization"),
        Refusal("mlx-4bit", ["mode": "mxfp4"], "'mxfp4'", key: "quantization"),
        Refusal("mlx-4bit", ["model.layers.0.mlp.up_proj": ["bits": 5]], "up_proj", "5 bits", key: "quantization"),
        Refusal("mlx-4bit", ["model.layers.0.mlp.up_proj": ["bits": "5"]], "not a whole number", key: "quantization"),
        Refusal("bnb-nf4", ["bnb_4bit_quant_storage": "bfloat16"], "bfloat16"),
        Refusal("gptq-4bit", ["bits": 3], "'bits' is 3"),
        Refusal("gptq-4bit", ["bits": 8], "not [1, 32]"),
        Refusal("gptq-4bit", ["group_size": 8], "not [4, 32]"),
        Refusal("gptq-4bit", ["group_size": 0], "'group_size' is 0"),
        Refusal("gptq-4bit", ["checkpoint_format": "marlin"], "'marlin'"),
        Refusal("gptq-4bit", ["is_marlin_format": true], "'marlin'"),
        Refusal("gptq-4bit", ["dynamic": ["+:.*down.*": ["bits": 8]]], "'dynamic'"),
        Refusal("awq", ["version": "gemv"], "'gemv'"),
        Refusal("awq", ["backend": "llm-awq"], "llm-awq"),
        Refusal("awq", ["zero_point": false], "zero points"),
        Refusal("awq", ["bits": 8], "'bits' is 8"),
    ]

    private static func copy(_ name: String) throws -> String {
        let folder = try Paths.temporaryFolder() + "/model"
        try FileManager.default.copyItem(atPath: PackedWeightsTests.path(name), toPath: folder)
        return folder
    }

    private static func message(_ folder: String) -> String {
        let error = #expect(throws: ModelError.self) { try ModelFile.open(folder) }
        return error.map { "\($0)" } ?? ""
    }

    @Test("Settings that are not read, or do not go with the weights, are refused by name", arguments: refusals)
    func settings(_ refusal: Refusal) throws {
        let folder = try Self.copy(refusal.name)
        let path = folder + "/config.json"
        let json = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
        var settings = try #require(json[refusal.key]?.object)
        for (key, value) in refusal.settings { settings[key] = value == .null ? nil : value }
        try edit(path, [(refusal.key, .object(settings))])
        let message = Self.message(folder)
        for word in refusal.words { #expect(message.contains(word), "'\(message)' says nothing of \(word)") }
        #expect(message.hasPrefix(path) && !message.contains("\n"), "\(message)")
    }

    @Test("Settings that change nothing of the weights are passed over")
    func harmless() throws {
        for (name, key, value) in [
            ("gptq-4bit", "dynamic", ["-:.*down.*": [:]] as JSON), ("gptq-4bit", "modules_in_block_to_quantize", [["a"]]),
            ("fp8", "modules_to_not_convert", ["lm_head"]), ("awq", "modules_to_not_convert", ["gate"]), ("awq", "do_fuse", false),
        ] {
            let folder = try Self.copy(name)
            let json = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/config.json")))
            var settings = try #require(json["quantization_config"]?.object)
            settings[key] = value
            try edit(folder + "/config.json", [("quantization_config", .object(settings))])
            #expect(try LanguageModel(ModelFile.open(folder)).configuration.dim == 32)
        }
    }

    @Test("A part that is missing, of another shape or another type, is named", arguments: PackedWeightsTests.cases)
    func parts(_ name: String) throws {
        let json = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: PackedWeightsTests.path(name) + "/config.json")))
        let packing = try #require(try PackedWeights(json))
        let tensors = try SafetensorsFile.read(PackedWeightsTests.path(name) + "/model.safetensors")
        let module = "model.layers.0.mlp.down_proj"
        let names = tensors.names.filter { $0.hasPrefix(module) }
        #expect(names.count > 1)
        for part in names {
            let tensor = try #require(tensors[part])
            var changes: [StoredTensor?] = [nil, StoredTensor(shape: [3, 1, 2], integers: [1, 2, 3, 4, 5, 6], as: .int64)]
            changes.append(
                StoredTensor(shape: [tensor.shape.first ?? 1, 3], floats: [Float](repeating: 1, count: 3 * (tensor.shape.first ?? 1))))
            for change in changes {
                var changed = tensors
                changed[part] = change
                // Without g_idx groups are in order; a format that is missing is that of rows.
                let isLeftOut = change == nil && (part.hasSuffix(".g_idx") || part.hasSuffix(".weight_format"))
                if isLeftOut {
                    _ = try packing.unpacked(changed)
                    continue
                }
                // What is no longer known by its mark keeps a weight that the model refuses, or none.
                let result = Result { () throws(TensorFileError) in try packing.unpacked(changed) }
                switch result {
                case .failure(let error): #expect("\(error)".contains(module), "\(part): \(error)")
                case .success(let unpacked):
                    #expect(unpacked.names.contains { $0.hasPrefix(module) && $0 != module + ".weight" }, "\(part)")
                }
            }
        }
    }

    @Test("Biases that do nothing in a model without them are passed over, others are not")
    func emptyBiases() throws {
        let folder = try Self.copy("gptq-4bit")
        var tensors = try SafetensorsFile.read(folder + "/model.safetensors")
        for (value, isRead) in [(Float(0), true), (1, false)] {
            tensors["model.layers.0.mlp.up_proj.bias"] = StoredTensor(shape: [32], floats: [value] + [Float](repeating: 0, count: 31))
            try SafetensorsFile.write(tensors, to: folder + "/model.safetensors")
            let result = Result { try LanguageModel(ModelFile.open(folder)) }
            #expect(((try? result.get()) != nil) == isRead)
            if case .failure(let error) = result { #expect("\(error)".contains("up_proj.bias")) }
        }
    }

    @Test("Groups beyond the last are refused")
    func groups() throws {
        let json = try JSON(
            parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: PackedWeightsTests.path("gptq-order") + "/config.json")))
        let packing = try #require(try PackedWeights(json))
        var tensors = try SafetensorsFile.read(PackedWeightsTests.path("gptq-order") + "/model.safetensors")
        for index in [2, -1, Int(Int32.max)] {
            tensors["model.layers.0.mlp.up_proj.g_idx"] = StoredTensor(
                shape: [32], integers: [index] + [Int](repeating: 0, count: 31), as: .int32)
            let error = #expect(throws: TensorFileError.self) { try packing.unpacked(tensors) }
            #expect(error.map { "\($0)".contains("up_proj.g_idx") } == true)
        }
    }

    /// Whatever damage does to names, shapes and settings, the reader goes on: it throws, or what it returns can be read.
    @Test("Damaged folders never trap", arguments: PackedWeightsTests.cases)
    func damage(_ name: String) throws {
        let folder = try Self.copy(name)
        let weights = [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/model.safetensors")))
        let settings = [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/config.json")))
        let header = 8 + weights.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        var random = RandomGenerator(seed: 0x7061)
        var refused = 0
        for round in 0..<60 {
            var (bytes, json) = (weights, settings)
            for _ in 0...random.next() % 3 {
                if round % 3 == 0 {
                    json[Int(random.next() % UInt64(json.count))] = UInt8(0x20 + random.next() % 0x5F)
                } else {
                    let place = round % 3 == 1 ? 8 + Int(random.next() % UInt64(header - 8)) : Int(random.next() % UInt64(bytes.count))
                    bytes[place] = round % 2 == 0 ? UInt8(0x30 + random.next() % 10) : bytes[place] ^ 1 << UInt8(random.next() % 8)
                }
            }
            try Foundation.Data(bytes).write(to: URL(fileURLWithPath: folder + "/model.safetensors"))
            try Foundation.Data(json).write(to: URL(fileURLWithPath: folder + "/config.json"))
            do {
                _ = try LanguageModel(ModelFile.open(folder))
            } catch {
                refused += 1
            }
        }
        #expect((10..<60).contains(refused))
    }
}
