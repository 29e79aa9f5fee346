import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// State dicts go to `torch.load`, which executes nothing of them.
@Suite("Round trips: PyTorch", .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct TorchRoundTrips {
    @Test("Merged models and adapters of every type, their origin beside them, are what we wrote")
    func files() throws {
        try withFolder { folder in
            let model = try RoundTrip.model(
                ModelConfiguration(dim: 16, layerCount: 1, headCount: 2, keyValueHeadCount: 1, vocabularySize: 24, hiddenDim: 24))
            let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .allLinear, rank: 2, scale: 1.5))
            adapter.fill()
            var state = adapter.state
            state.provenance = Provenance(base: Fingerprint(of: []), seed: 7, recipe: ["lora_rank": 2], version: "1").json
            let types = [ElementType.float32, .float16, .bfloat16]
            var paths: [String] = []
            for type in types {
                paths.append("\(folder)/adapter-\(type.rawValue).pth")
                try AdapterFile.write(state, as: .minimind, to: paths[paths.count - 1], for: model.configuration, elementType: type)
                let provenance = try AdapterFile.read(paths[paths.count - 1], for: model.configuration).provenance
                #expect(provenance?["seed"] == 7)
            }
            adapter.merge()
            for type in types {
                paths.append("\(folder)/model-\(type.rawValue).pth")
                try PyTorchFile.write(model.stateDictionary(as: type), to: paths[paths.count - 1])
            }
            let answers = try Peers.run(each: paths.map { ["torch-load", $0, "--values"] })
            for ((path, answer), type) in zip(zip(paths, answers), types + types) {
                let ours = try TensorFile.read(path)
                let tensors = try #require(answer["tensors"]?.array)
                #expect(tensors.map { $0.array?.first?.string } == ours.names && tensors.count > 8, "\(path)")
                for pair in tensors {
                    let (name, tensor) = (try #require(pair.array?[0].string), try #require(pair.array?[1]))
                    #expect(tensor["shape"]?.array?.compactMap(\.integer) == ours[name]?.shape && tensor["type"]?.string == type.rawValue)
                    #expect(
                        try tensor["values"]?.array?.compactMap { $0.number.map(Float.init) } == ours[name]?.floats(), "\(name) of \(path)")
                }
            }
            // The tied projection is stored once, as PyTorch itself does.
            #expect(try #require(answers.last)["shared"] == [["tok_embeddings.weight", "output.weight"]])
            // The merged weights are base and adapter: not what the base had.
            let merged = try #require(TensorFile.read(paths[3])["layers.0.attention.wq.weight"]).floats()
            adapter.unmerge()
            let name = "layers.0.attention.wq.weight"
            #expect(largestDifference(merged, try #require(model.stateDictionary()[name]).floats()) > 0.01)
        }
    }
}
