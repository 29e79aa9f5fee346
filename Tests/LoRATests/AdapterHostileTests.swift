import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

@Suite("Hostile adapter files")
struct AdapterHostileTests {
    let folder: String
    let configuration: ModelConfiguration

    init() throws {
        folder = try Paths.temporaryFolder()
        configuration = try Golden(case: "v2-dense").configuration
    }

    private func write(_ bytes: Data, _ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// What reading says: one line, the same with a model and without where both fail.
    @discardableResult
    private func refusal(_ path: String, _ hint: Comment = "") -> String? {
        do throws(AdapterFileError) {
            _ = try AdapterFile.read(path, for: configuration)
            return nil
        } catch {
            #expect(!"\(error)".contains("\n") && "\(error)".contains(path), hint)
            _ = try? AdapterFile.inspect(path)
            return "\(error)"
        }
    }

    @Test("A file that is cut off anywhere is refused", arguments: AdapterFormat.allCases)
    func cut(_ format: AdapterFormat) throws {
        let state = AdapterState.random(on: configuration, ranks: [1])
        let path = "\(folder)/whole"
        try AdapterFile.write(state, as: format, to: path, for: configuration)
        let names = format.isFolder ? try FileManager.default.contentsOfDirectory(atPath: path) : [""]
        for name in names {
            let file = name.isEmpty ? path : "\(path)/\(name)"
            let whole = try Data(contentsOf: URL(fileURLWithPath: file))
            for length in Array(stride(from: 0, to: whole.count - 2, by: max(1, whole.count / 60))) + [whole.count - 2] {
                try Data(whole.prefix(length)).write(to: URL(fileURLWithPath: file))
                #expect(refusal(path) != nil, "\(format) \(name) cut to \(length) of \(whole.count)")
            }
            try whole.write(to: URL(fileURLWithPath: file))
        }
        #expect(refusal(path) == nil)
    }

    @Test("A value that is not finite is named by tensor and place, and looked at all the same", arguments: AdapterFormat.allCases)
    func notFinite(_ format: AdapterFormat) throws {
        var state = AdapterState.random(on: configuration, ranks: [2])
        var values = try state.modules[1].b.floats()
        values[3] = .nan
        state.modules[1].b = StoredTensor(shape: state.modules[1].b.shape, floats: values)
        let sound = "\(folder)/sound"
        try AdapterFile.write(AdapterState.random(on: configuration, ranks: [2]), as: format, to: sound, for: configuration)
        #expect(refusal(sound) == nil)
        // No writer writes such a file, but others do.
        #expect(throws: AdapterFileError.self) { try AdapterFile.write(state, as: format, to: folder + "/new", for: configuration) }
        let names =
            format.isFolder ? try FileManager.default.contentsOfDirectory(atPath: sound).filter { $0.hasSuffix("safetensors") } : [""]
        let file = names[0].isEmpty ? sound : "\(sound)/\(names[0])"
        var tensors = try TensorFile.read(file)
        let name = try #require(tensors.names.last)
        let stored = try #require(tensors[name])
        var broken = try stored.floats()
        broken[broken.count - 1] = -.infinity
        tensors[name] = StoredTensor(shape: stored.shape, floats: broken)
        switch format {
        case .minimind: try PyTorchFile.write(tensors, to: file)
        case .peft, .mlx: try SafetensorsFile.write(tensors, to: file)
        case .gguf: try GGUFFile.write(metadata: GGUFFile.read(file).metadata, tensors: tensors, to: file)
        }
        let place = stored.shape.map { $0 - 1 }
        let text = try #require(refusal(sound))
        #expect(text.hasPrefix("\(sound): '\(name)' cannot be read: its value at \(place) is -inf"), "\(text)")
        #expect(throws: AdapterFileError.self) { try AdapterFile.readAlone(sound) }
        #expect(try !AdapterFile.inspect(sound).modules.isEmpty)
    }

    @Test("A file with changed bytes is read or refused, and nothing else", arguments: AdapterFormat.allCases)
    func changed(_ format: AdapterFormat) throws {
        let state = AdapterState.random(on: configuration, ranks: [1]) { $0 == .layer(0, .linear(.query, nil)) }
        let path = "\(folder)/whole"
        try AdapterFile.write(state, as: format, to: path, for: configuration)
        let names = format.isFolder ? try FileManager.default.contentsOfDirectory(atPath: path) : [""]
        var generator = RandomGenerator(seed: 9)
        var refusals = 0
        for name in names {
            let file = name.isEmpty ? path : "\(path)/\(name)"
            let whole = try Data(contentsOf: URL(fileURLWithPath: file))
            for _ in 0..<200 {
                var bytes = whole
                for _ in 0..<3 {
                    bytes[Int(generator.next() % UInt64(min(bytes.count, 700)))] = UInt8(truncatingIfNeeded: generator.next())
                }
                try bytes.write(to: URL(fileURLWithPath: file))
                if refusal(path) != nil { refusals += 1 }
            }
            try whole.write(to: URL(fileURLWithPath: file))
        }
        #expect(refusals > 50)
    }

    @Test("What is no adapter is called by its name")
    func strangers() throws {
        #expect(refusal(folder + "/nothing")?.contains("no such file") == true)
        #expect(refusal(folder)?.contains("adapter_config.json") == true)
        #expect(refusal(try write(Data(), "empty.pth"))?.contains("empty") == true)
        #expect(refusal(try write(Data("hello, this is a text".utf8), "text.pth"))?.contains("text") == true)
        let golden = try Golden(case: "v2-dense")
        #expect(refusal(golden.folder + "/base.pth")?.contains("base model") == true)
        // A v3 adapter for a v2 model has the same names, so only its shapes can tell; a classic one is turned.
        #expect(refusal(try Golden(case: "v2-classic-dense").folder + "/lora_init.pth") == nil)
        for (text, word) in [("{", "not JSON"), ("[]", "no JSON object"), ("{}", "peft_type"), (#"{"peft_type":"LORA"}"#, "no such file")] {
            let folder = try Paths.temporaryFolder()
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/adapter_config.json"))
            #expect(refusal(folder)?.contains(word) == true, "\(text)")
        }
        try FileManager.default.copyItem(
            atPath: Paths.fixture("LoRATests", "peft/plain/adapter_model.safetensors"), toPath: folder + "/adapter_model.safetensors")
        #expect(refusal(folder)?.contains("no adapter_config.json") == true)
    }

    @Test("An adapter of a deeper or wider model is refused by the module's name")
    func otherModel() throws {
        let path = folder + "/adapter.pth"
        let deeper = try ModelConfiguration(
            generation: .v2, dim: 64, layerCount: 3, headCount: 8, keyValueHeadCount: 2, vocabularySize: 320, hiddenDim: 192)
        try AdapterFile.write(.random(on: deeper), as: .minimind, to: path, for: deeper)
        #expect(refusal(path)?.contains("model.layers.2.self_attn.q_proj") == true)
        let wider = try ModelConfiguration(
            generation: .v2, dim: 128, layerCount: 2, headCount: 8, keyValueHeadCount: 2, vocabularySize: 320, hiddenDim: 192)
        try AdapterFile.write(.random(on: wider), as: .minimind, to: path, for: wider)
        #expect(refusal(path)?.contains("model.layers.0.self_attn.q_proj") == true)
        #expect(throws: AdapterFileError.self) {
            try AdapterFile.write(.random(on: wider), as: .peft, to: folder + "/peft", for: configuration)
        }
        let v3 = try Golden(case: "v3-dense").configuration
        try AdapterFile.write(.random(on: v3), as: .gguf, to: path, for: v3)
        #expect(refusal(path)?.contains("qwen3") == true)
    }

    @Test("A name of a line's end and of great length makes one short line")
    func names() throws {
        var dictionary = StateDictionary()
        let name = "model.layers.0.\n" + String(repeating: "x", count: 10000)
        dictionary[name + ".lora.A.weight"] = StoredTensor(shape: [1, 64], floats: [Float](repeating: 0, count: 64))
        dictionary[name + ".lora.B.weight"] = StoredTensor(shape: [64, 1], floats: [Float](repeating: 0, count: 64))
        try SafetensorsFile.write(dictionary, to: folder + "/names")
        let message = try #require(refusal(folder + "/names"))
        #expect(message.count < 500)
    }

    @Test("mlx-lm's settings that are not read, or make no sense, are refused")
    func mlx() throws {
        let path = folder + "/mlx"
        let state = AdapterState.random(on: configuration)
        try AdapterFile.write(state, as: .mlx, to: path, for: configuration)
        let file = path + "/adapter_config.json"
        let fields = try #require(JSON(parsing: Data(contentsOf: URL(fileURLWithPath: file))).object)
        let parameters = try #require(fields["lora_parameters"]?.object)
        func refusal(_ key: String, _ value: JSON?, inParameters: Bool = false) throws -> String? {
            var (changed, changedParameters) = (fields, parameters)
            if inParameters { changedParameters[key] = value } else { changed[key] = value }
            if inParameters { changed["lora_parameters"] = .object(changedParameters) }
            try Data(JSON.object(changed).serialized.utf8).write(to: URL(fileURLWithPath: file))
            return self.refusal(path)
        }
        #expect(try refusal("fine_tune_type", "full")?.contains("full") == true)
        #expect(try refusal("fine_tune_type", "dora")?.contains("magnitude") == true)
        #expect(try refusal("num_layers", 1)?.contains("model.layers.0") == true)
        #expect(try refusal("num_layers", nil)?.contains("num_layers") == true)
        #expect(try refusal("rank", 8, inParameters: true)?.contains("rank 3") == true)
        #expect(try refusal("scale", nil, inParameters: true)?.contains("scale") == true)
        #expect(try refusal("keys", ["self_attn.q_proj"], inParameters: true)?.contains("k_proj") == true)
        #expect(try refusal("keys", nil, inParameters: true) == nil)
        #expect(try refusal("num_layers", -1) == nil)
    }

    @Test("llama.cpp's settings that are not read are refused")
    func gguf() throws {
        let path = folder + "/adapter.gguf"
        try AdapterFile.write(.random(on: configuration, scales: [2]), as: .gguf, to: path, for: configuration)
        let file = try GGUFFile.read(path)
        func refusal(_ key: String, _ value: GGUFValue?) throws -> String? {
            var metadata = file.metadata
            metadata[key] = value
            try GGUFFile.write(metadata: metadata, tensors: file.tensors, to: path)
            return self.refusal(path)
        }
        #expect(try refusal("general.type", .string("model"))?.contains("not an adapter") == true)
        #expect(try refusal("general.type", nil)?.contains("not an adapter") == true)
        #expect(try refusal("adapter.type", .string("control_vector"))?.contains("control_vector") == true)
        #expect(try refusal("adapter.lora.alpha", .float32(.nan))?.contains("nan") == true)
        #expect(try refusal("general.architecture", .string("gemma"))?.contains("gemma") == true)
        // llama.cpp takes the factors as they are where no alpha is said.
        #expect(try refusal("adapter.lora.alpha", nil) == nil)
        #expect(try AdapterFile.inspect(path).scales == [1])
        var tensors = file.tensors
        tensors["output_norm.weight"] = StoredTensor(shape: [64], floats: [Float](repeating: 1, count: 64))
        try GGUFFile.write(metadata: file.metadata, tensors: tensors, to: path)
        #expect(self.refusal(path)?.contains("output_norm.weight") == true)
    }
}
