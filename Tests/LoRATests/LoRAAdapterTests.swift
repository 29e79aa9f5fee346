import LoRA
import Model
import Tensor
import TestSupport
import Testing

@Suite("Adapters")
struct LoRAAdapterTests {
    let golden: Golden
    let model: LanguageModel

    init() throws {
        golden = try Golden.classicDense()
        model = try golden.model()
    }

    private func logits() throws -> [Float] {
        let rows = try #require(try golden.batches().first)
        return model.logits(try model.hiddenStates(TokenRow(packed: rows.tokens, segmentOffsets: rows.offsets))).values
    }

    @Test("A new adapter joins the square linears, counts as published, and changes nothing yet")
    func start() throws {
        let before = try logits()
        let adapter = try LoRAAdapter(on: model, seed: 3)
        #expect(adapter.modules.map(\.name) == (0..<2).flatMap { ["layers.\($0).attention.wq", "layers.\($0).attention.wo"] })
        #expect(adapter.parameterCount == 4 * 2 * 16 * 64)
        #expect(try logits() == before)
        let a = try #require(adapter.parameters.first).tensor.values
        let deviation = (a.reduce(0) { $0 + $1 * $1 } / Float(a.count)).squareRoot()
        #expect(abs(deviation - 0.02) < 0.002)
        let again = try LoRAAdapter(on: golden.model(), seed: 3)
        #expect(again.parameters[0].tensor.values == a)
        #expect(try LoRAAdapter(on: golden.model(), seed: 4).parameters[0].tensor.values != a)
        adapter.detach()
        #expect(model.linears.allSatisfy { $0.adapter == nil })
    }

    @Test("What is saved is what is read")
    func roundTrip() throws {
        let adapter = try LoRAAdapter(on: model, from: golden.startingAdapter())
        let path = try Paths.temporaryFolder() + "/lora/name_64.pth"
        try PyTorchFile.write(adapter.stateDictionary, to: path)
        let read = try TensorFile.read(path)
        #expect(read.names == adapter.parameters.map(\.name))
        for (name, tensor) in adapter.parameters {
            #expect(read[name]?.shape == tensor.shape)
            #expect(try read[name]?.floats() == tensor.values)
        }
    }

    @Test(
        "Merged weights are the golden ones, and answer like the adapter",
        arguments: Golden.cases.filter { $0.hasSuffix("dense") })
    func merge(_ name: String) throws {
        let golden = try Golden(case: name)
        let model = try golden.model()
        func logits() throws -> [Float] {
            model.logits(try model.hiddenStates(try #require(try golden.batches().first).row)).values
        }
        let adapter = try LoRAAdapter(on: model, from: TensorFile.read(golden.folder + "/lora_trained.pth"))
        let adapted = try logits()
        adapter.merge()
        #expect(largestDifference(try logits(), adapted) < 1e-4)
        let merged = try TensorFile.read(golden.folder + "/merged.safetensors")
        for (name, tensor) in model.parameters {
            let expected = try #require(merged[name])
            #expect(largestDifference(tensor.values, try expected.floats()) < 1e-6, "\(name)")
        }
    }

    @Test("A file that does not fit is refused by name, and the model is left alone")
    func refusals() throws {
        let good = try golden.startingAdapter()
        func refusal(_ change: (inout StateDictionary) -> Void) -> AdapterFileError? {
            var changed = good
            change(&changed)
            do {
                _ = try LoRAAdapter(on: model, from: changed)
                return nil
            } catch {
                return error as? AdapterFileError
            }
        }
        let key = "layers.0.attention.wq.lora.A.weight"
        #expect(refusal { $0["score.weight"] = StoredTensor(shape: [1], floats: [1]) } == .unexpectedKey("score.weight"))
        #expect(
            refusal { $0["norm.weight"] = StoredTensor(shape: [1], floats: [1]) }
                == .parameterShape(name: "norm.weight", found: [1], expected: [model.configuration.dim]))
        #expect(refusal { $0[key] = nil } == .incomplete(module: "layers.0.attention.wq", missing: "A"))
        #expect(
            refusal { for name in $0.names { $0[name] = nil } }
                == .notAnAdapter("there is no adapter in it (no keys ending in .lora.A.weight)"))
        #expect(
            refusal { dictionary in
                dictionary["layers.9.attention.wq.lora.A.weight"] = dictionary[key]
                dictionary["layers.9.attention.wq.lora.B.weight"] = dictionary["layers.0.attention.wq.lora.B.weight"]
            } == .unknownModule("layers.9.attention.wq"))
        #expect(
            refusal { $0[key] = StoredTensor(shape: [4, 32], floats: [Float](repeating: 0, count: 128)) }
                == .shape(module: "layers.0.attention.wq", a: [4, 32], b: [64, 4], magnitude: nil, layer: [64, 64]))
        #expect(model.linears.allSatisfy { $0.adapter == nil })
        // The names of a distributed run.
        var distributed = StateDictionary()
        for name in good.names { distributed["module." + name] = good[name] }
        #expect(try LoRAAdapter(on: model, from: distributed).modules.count == 4)
    }
}
