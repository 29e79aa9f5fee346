import Foundation
import LoRA
import Model
import Tensor

/// Safetensors files, alone and in folders; and the `config.json` and `adapter_config.json` that lie beside them.
struct SafetensorsTarget: FuzzTarget {
    private let scratch: Scratch
    private let model: Scratch
    private let adapters: [Scratch]
    private let configurations: [ModelConfiguration]
    private let sound: [UInt8]

    init(_ scratch: Scratch) throws {
        self.scratch = scratch
        model = try scratch.folder("model")
        configurations = try [TinyModels.configuration(.v3), TinyModels.configuration(.v2)]
        _ = try LanguageModel(configurations[0], seed: 1).writeHuggingFaceFolder(to: "\(model.path)", as: .float16)
        sound = [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: "\(model.path)/model.safetensors")))
        var adapters: [Scratch] = []
        for format in [AdapterFormat.peft, .mlx] {
            let folder = try scratch.folder(format.rawValue)
            try AdapterFile.write(TinyModels.adapter(on: configurations[0]), as: format, to: folder.path, for: configurations[0])
            adapters.append(folder)
        }
        self.adapters = adapters
    }

    func read(_ input: [UInt8], _ recorder: Recorder) throws {
        if input.first == UInt8(ascii: "{") { return try readConfiguration(input, recorder) }
        let path = try scratch.write("input.safetensors", input)
        try WeightsTarget.read(path, for: configurations, recorder)
        guard recorder.isAccepted else { return }
        try unpack(path, recorder)
        try model.write("model.safetensors", input)
        if let file = try recorder.attempt("folder", { try ModelFile.open(model.path) }) { try WeightsTarget.build(file, recorder) }
    }

    /// Settings of every way of packing weights.
    private static let packings: [JSONObject] = [
        ["quantization": ["bits": 4, "group_size": 64]], ["quantization_config": ["quant_method": "bitsandbytes", "load_in_4bit": true]],
        ["quantization_config": ["quant_method": "fp8", "weight_block_size": [48, 40]]],
        ["quantization_config": ["quant_method": "gptq", "bits": 4, "group_size": 16]],
        ["quantization_config": ["quant_method": "awq", "bits": 4, "group_size": 16]],
    ]

    /// Whatever the tensors are, they are read as weights that are packed in each way.
    private func unpack(_ path: String, _ recorder: Recorder) throws {
        guard let tensors = try recorder.attempt("packed", { try SafetensorsFile.read(path) }) else { return }
        for settings in Self.packings {
            let unpacked = try recorder.attempt("unpacked") { try PackedWeights(.object(settings))?.unpacked(tensors) }
            if let unpacked = unpacked ?? nil, unpacked.count < tensors.count { try WeightsTarget.decode(unpacked, recorder) }
        }
    }

    /// What is JSON is read as every configuration that it could be, beside factors and weights that are sound.
    private func readConfiguration(_ input: [UInt8], _ recorder: Recorder) throws {
        let text = String(decoding: input, as: UTF8.self)
        if text.contains("lora") {
            // A configuration says whose it is by the words that it has.
            let folder = adapters[text.contains("lora_parameters") ? 1 : 0]
            try folder.write("adapter_config.json", input)
            try WeightsTarget.adapter(folder.path, for: [configurations[0]], recorder)
            return
        }
        let folder = try scratch.folder("configured")
        try folder.write("config.json", input)
        try folder.write("model.safetensors", sound)
        guard let file = try recorder.attempt("configuration", { try ModelFile.open(folder.path) }) else { return }
        recorder.accept()
        try WeightsTarget.build(file, recorder)
    }
}
