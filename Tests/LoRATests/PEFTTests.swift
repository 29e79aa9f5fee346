import LoRA
import TestSupport
import Testing

@testable import Model
@testable import Tensor

/// One linear layer, against what PEFT computes with the same values (`Fixtures/make_peft.py`).
@Suite("A layer's updates against PEFT")
struct PEFTTests {
    private let fixture: StateDictionary
    private let model: LanguageModel

    init() throws {
        fixture = try TensorFile.read(Paths.fixture("LoRATests", "peft.safetensors"))
        // A layer of 6 by 10, found in a model: the down projection.
        model = try LanguageModel(
            ModelConfiguration(
                dim: 6, layerCount: 1, headCount: 1, keyValueHeadCount: 1, vocabularySize: 4, hiddenDim: 10), seed: 1)
        layer.weight.replaceValues(try values("weight"))
    }

    private var layer: Linear { model.linears.first { $0.role == .down }! }

    private func tensor(_ name: String) throws -> Tensor { try Tensor(#require(fixture[name])) }
    private func values(_ name: String) throws -> [Float] { try #require(fixture[name]).floats() }

    private func update(scale: Float, magnitude: Bool) throws -> LinearUpdate {
        LinearUpdate(
            factors: LowRankFactors(a: try tensor("a"), b: try tensor("b"), scale: scale),
            magnitude: magnitude ? Magnitude(try tensor("magnitude")) : nil)
    }

    private static let cases: [(name: String, scale: Float, dora: Bool, dropout: Bool)] = [
        ("lora", 1.5, false, false), ("rslora", 4.5 / Float(3).squareRoot(), false, false), ("dora", 1.5, true, false),
        ("lora_dropout", 1.5, false, true), ("dora_dropout", 1.5, true, true),
    ]

    @Test("Outputs and gradients", arguments: cases)
    func gradients(_ name: String, _ scale: Float, _ dora: Bool, _ dropout: Bool) throws {
        for matmul in Matmuls.all {
            try ComputeContext.with({ $0.matmul = matmul }) {
                let update = try update(scale: scale, magnitude: dora)
                for tensor in update.tensors { tensor.isTrainable = true }
                let x = try tensor("x")
                x.isTrainable = true
                let y = layer.updated(x, by: update, dropout ? DropoutMask(rate: 0.25, seed: 12345) : nil)
                #expect(relativeError(y.values, try values("\(name).y")) < 2e-6)
                let picked = Tensor([0], shape: [])
                let direction = try tensor("direction")
                picked.record(inputs: [y]) { _ in y.node.accumulate(direction) }
                picked.backward()
                for (tensor, part) in zip([x] + update.tensors, ["x", "a", "b", "magnitude"]) {
                    let expected = try values("\(name).d\(part)")
                    #expect(relativeError(tensor.gradient?.values ?? [], expected) < 3e-6, "\(part), \(matmul.name)")
                }
            }
        }
    }

    @Test("Merged weights, and the start of the magnitude")
    func merging() throws {
        for (name, dora) in [("lora", false), ("dora", true)] {
            layer.attach(try update(scale: 1.5, magnitude: dora))
            let report = try #require(layer.merge([LinearUpdate.defaultName]))
            #expect(relativeError(layer.weight.values, try values("\(name).merged")) < 1e-6)
            #expect(abs(report.survivingShare - 1) < 1e-5 && report.relativeError < 1e-5)
            layer.unmerge()
            #expect(try layer.weight.values == values("weight"))
        }
        let zero = LowRankFactors(a: try tensor("a"), b: Tensor(repeating: 0, shape: [6, 3]))
        #expect(relativeError(Magnitude(of: layer.weight, zero).values.values, try values("dora.start")) < 1e-6)
    }

    @Test("A new DoRA changes nothing, to the bit", arguments: Precision.allCases)
    func start(_ precision: Precision) throws {
        try ComputeContext.with({ $0.precision = precision }) {
            let x = try tensor("x")
            let before = layer(x).values
            var configuration = LoRAConfiguration(targets: .modules(["w2"]), rank: 2)
            configuration.usesDoRA = true
            let adapter = try LoRAAdapter(on: model, configuration)
            #expect(adapter.parameters.map(\.name).contains("layers.0.feed_forward.w2.lora.magnitude"))
            #expect(layer(x).values == before)
        }
    }

    /// The gradients hold the norm as a constant, as the paper does: it is what PEFT detaches, and what the finite
    /// differences here are taken with.
    @Test("DoRA's gradients are central differences with the norm held")
    func differences() throws {
        let update = try update(scale: 1.5, magnitude: true)
        let norms = try #require(update.magnitude).norms(of: layer.weight, update.factors).values.map(Double.init)
        let x = try values("x").map(Double.init)
        let weight = try values("weight").map(Double.init)
        let direction = try values("direction").map(Double.init)
        func value(_ a: [Double], _ b: [Double], _ magnitude: [Double]) -> Double {
            var sum = 0.0
            for row in 0..<7 {
                let hidden = (0..<3).map { k in (0..<10).reduce(0.0) { $0 + x[row * 10 + $1] * a[k * 10 + $1] } }
                for out in 0..<6 {
                    let base = (0..<10).reduce(0.0) { $0 + x[row * 10 + $1] * weight[out * 10 + $1] }
                    let low = (0..<3).reduce(0.0) { $0 + hidden[$1] * b[out * 3 + $1] }
                    sum += direction[row * 6 + out] * magnitude[out] / norms[out] * (base + 1.5 * low)
                }
            }
            return sum
        }
        let start = try ["a", "b", "magnitude"].map { try values($0).map(Double.init) }
        for (index, name) in ["da", "db", "dmagnitude"].enumerated() {
            let numeric = start[index].indices.map { place in
                let ends = [1e-5, -1e-5].map { step in
                    var moved = start
                    moved[index][place] += step
                    return value(moved[0], moved[1], moved[2])
                }
                return Float((ends[0] - ends[1]) / 2e-5)
            }
            #expect(relativeError(try values("dora.\(name)"), numeric) < 1e-5)
        }
    }

    @Test("Two halves of an update are the whole, in value and gradients", arguments: [false, true])
    func halves(_ dora: Bool) throws {
        func run(_ weights: [String: Float]) throws -> [[Float]] {
            let whole = try update(scale: 1.5, magnitude: dora)
            for (name, weight) in weights {
                layer.attach(LinearUpdate(name: name, factors: whole.factors, magnitude: whole.magnitude, weight: weight))
            }
            defer { for name in weights.keys { layer.detach(name) } }
            let x = try tensor("x")
            for tensor in [x] + whole.tensors { tensor.isTrainable = true }
            let y = layer(x)
            let picked = Tensor([0], shape: [])
            let direction = try tensor("direction")
            picked.record(inputs: [y]) { _ in y.node.accumulate(direction, owned: false) }
            picked.backward()
            return [y.values] + ([x] + whole.tensors).map { $0.gradient?.values ?? [] }
        }
        let whole = try run(["a": 1])
        #expect(whole.allSatisfy { !$0.isEmpty })
        for (halves, expected) in zip(try run(["a": 0.25, "b": 0.75, "off": 0]), whole) { #expect(relativeError(halves, expected) < 2e-6) }
        // A weight other than 1 counts for the update, not for the layer's own weight.
        let base = try run([:])[0]
        let double = try run(["a": 2])[0]
        #expect(relativeError(zip(base, whole[0]).map { 2 * $1 - $0 }, double) < 2e-6)
    }

    @Test("In 16 bits a change of the magnitude that is smaller than their steps still counts on the mean")
    func smallChanges() throws {
        var generator = RandomGenerator(seed: 1)
        let x = Tensor((0..<2000 * 10).map { _ in generator.normal() }, shape: [2000, 10])
        ComputeContext.with({ $0.precision = .bfloat16 }) {
            let zero = LowRankFactors(a: Tensor(repeating: 0, shape: [1, 10]), b: Tensor(repeating: 0, shape: [6, 1]))
            let update = LinearUpdate(factors: zero, magnitude: Magnitude(of: layer.weight, zero))
            layer.attach(update)
            func size() -> Double { layer(x).values.reduce(0) { $0 + Double(abs($1)) } }
            let before = size()
            update.magnitude?.values.scale(by: 1.0005)
            #expect(abs(size() / before - 1.0005) < 5e-5)
        }
    }

    @Test("The norm follows the factors")
    func norms() throws {
        let update = try update(scale: 1.5, magnitude: true)
        layer.attach(update)
        let x = try tensor("x")
        let before = layer(x).values
        #expect(layer(x).values == before)
        update.factors.b.scale(by: 0.5)
        let halved = layer(x).values
        #expect(halved != before)
        _ = layer.merge([LinearUpdate.defaultName])
        #expect(relativeError(layer(x).values, halved) < 1e-5)
    }
}
