import Data
import Foundation
import LoRA
import Model
import Tensor

/// Writes the part of the corpus that our own writers make: tiny models and adapters of every format.
enum CorpusModels {
    static func write(to folder: String) throws {
        for generation in [ModelGeneration.v2Classic, .v2, .v3] {
            for isMixture in [false, true] {
                let configuration = try TinyModels.configuration(generation, isMixture: isMixture)
                let model = try LanguageModel(configuration, seed: 1)
                let name = "model-\(generation.rawValue)\(isMixture ? "-moe" : "")"
                let types: [ElementType] = isMixture ? [.float16] : [.float16, .bfloat16, .float32]
                let type = types[[ModelGeneration.v2Classic, .v2, .v3].firstIndex(of: generation)! % types.count]
                try PyTorchFile.write(model.stateDictionary(as: type), to: "\(folder)/pth/\(name).pth")
                try SafetensorsFile.write(model.stateDictionary(as: type), to: "\(folder)/safetensors/\(name).safetensors")
                if (try? model.writeGGUF(to: "\(folder)/gguf/\(name).gguf", as: .float16)) != nil {}
                let place = "\(folder)/\(name)"
                if (try? model.writeHuggingFaceFolder(to: place, as: .float16)) != nil {
                    let configured = "\(folder)/safetensors/config-\(generation.rawValue)\(isMixture ? "-moe" : "").json"
                    try? FileManager.default.removeItem(atPath: configured)
                    try FileManager.default.moveItem(atPath: "\(place)/config.json", toPath: configured)
                }
                try? FileManager.default.removeItem(atPath: place)
            }
        }
        for generation in [ModelGeneration.v2Classic, .v3] {
            let configuration = try TinyModels.configuration(generation)
            let state = TinyModels.adapter(on: configuration)
            let dora = TinyModels.adapter(on: configuration, rank: 2, hasMagnitudes: true)
            let name = "adapter-\(generation.rawValue)"
            try AdapterFile.write(state, as: .minimind, to: "\(folder)/pth/\(name).pth", for: configuration)
            try AdapterFile.write(dora, as: .minimind, to: "\(folder)/pth/\(name)-dora.pth", for: configuration)
            if (try? AdapterFile.write(state, as: .gguf, to: "\(folder)/gguf/\(name).gguf", for: configuration)) != nil {}
            for (kind, state, format) in [("peft", state, AdapterFormat.peft), ("dora", dora, .peft), ("mlx", state, .mlx)] {
                let place = "\(folder)/\(name)-\(kind)"
                guard (try? AdapterFile.write(state, as: format, to: place, for: configuration)) != nil else { continue }
                for (file, new) in [
                    ("adapter_config.json", "\(name)-\(kind).json"), ("adapter_model.safetensors", "\(name)-\(kind).safetensors"),
                    ("adapters.safetensors", "\(name)-\(kind).safetensors"),
                ] where FileManager.default.fileExists(atPath: "\(place)/\(file)") {
                    try? FileManager.default.removeItem(atPath: "\(folder)/safetensors/\(new)")
                    try FileManager.default.moveItem(atPath: "\(place)/\(file)", toPath: "\(folder)/safetensors/\(new)")
                }
                try? FileManager.default.removeItem(atPath: place)
            }
        }
        // Each type of blocks alone, for what is cut out of a larger file is seldom met.
        let types = try GGUFFile.read("\(folder)/gguf/types.gguf").tensors
        for name in types.names {
            guard let tensor = types[name], tensor.elementType.isQuantized else { continue }
            var file = GGUFWriter(metadata: ["general.architecture": .string("llama"), "general.alignment": .uint32(64)])
            file.add("token_embd.weight", tensor)
            try file.write(to: "\(folder)/gguf/\(tensor.elementType.rawValue).gguf")
        }
    }
}
