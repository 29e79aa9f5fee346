import LoRA
import Model
import Tensor
import TestSupport
import Testing

@Suite("Several adapters on one model, and merging")
struct AdapterSetTests {
    private static let configuration = try? ModelConfiguration(
        generation: .v3, dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, headDim: 8, vocabularySize: 40)

    private func model(_ precision: Precision = .float32) throws -> LanguageModel {
        let random = try LanguageModel(try #require(Self.configuration), seed: 5)
        for linear in random.linears { linear.weight.scale(by: 8) }
        return try LanguageModel(random.configuration, weights: random.stateDictionary(), linearPrecision: precision)
    }

    /// An adapter with values of its own.
    private func state(_ seed: UInt64, _ targets: ModuleTargets, rank: Int, scale: Float = 1, dora: Bool = false, size: Float = 0.3) throws
        -> AdapterState
    {
        let model = try model()
        var configuration = LoRAConfiguration(targets: targets, rank: rank, scale: scale)
        configuration.usesDoRA = dora
        let adapter = try LoRAAdapter(on: model, configuration, seed: seed)
        var generator = RandomGenerator(seed: seed + 100)
        for (name, tensor) in adapter.parameters where !name.hasSuffix("A.weight") {
            let isMagnitude = name.hasSuffix("magnitude")
            tensor.withMutableValues { values in
                for index in values.indices {
                    values[index] = isMagnitude ? values[index] * (1 + 0.1 * generator.normal()) : size * generator.normal()
                }
            }
        }
        return adapter.state
    }

    private func logits(_ model: LanguageModel) throws -> [Float] {
        model.logits(try model.hiddenStates(TokenRow(packed: (0..<20).map { Int32($0 * 7 % 40) }, segmentOffsets: [0, 12, 20]))).values
    }

    /// The weights of a model's linear layers, bit by bit.
    private func bits(_ model: LanguageModel) -> [[UInt32]] { model.linears.map { $0.weight.values.map(\.bitPattern) } }

    @Test("Switching gives the bits of the adapter alone")
    func switching() throws {
        let states = [
            "plain": try state(1, .square, rank: 3), "wide": try state(2, .allLinear, rank: 5, scale: 0.5),
            "dora": try state(3, .attention, rank: 2, dora: true),
        ]
        let shared = try model()
        let base = try logits(shared)
        let set = AdapterSet(on: shared)
        for name in states.keys.sorted() { try set.load(name, try #require(states[name])) }
        #expect(set.names == ["dora", "plain", "wide"])
        #expect(try logits(shared) == base)
        for name in ["wide", "plain", "dora", "wide"] {
            try set.activate(name)
            let alone = try model()
            _ = try LoRAAdapter(on: alone, try #require(states[name]))
            let expected = try logits(alone)
            #expect(try logits(shared) == expected && expected != base, "\(name)")
        }
        set.deactivate()
        #expect(try logits(shared) == base)
        try set.activate("plain")
        try set.remove("plain")
        #expect(set.names == ["dora", "wide"] && set.active.isEmpty)
        #expect(try logits(shared) == base)
    }

    @Test("A weighted sum is the sum of what each would merge, each times its weight")
    func weights() throws {
        let states = [
            "one": try state(1, .square, rank: 3), "two": try state(2, .allLinear, rank: 5, scale: 0.5),
            "three": try state(3, .attention, rank: 2, dora: true),
        ]
        let mixture: [String: Float] = ["one": 0.7, "two": -0.4, "three": 1.3]
        // The deltas, by merging each adapter into a model of its own.
        var sum = try model().linears.map(\.weight.values)
        let before = sum
        for (name, weight) in mixture {
            let alone = try model()
            try LoRAAdapter(on: alone, try #require(states[name])).merge()
            for (index, linear) in alone.linears.enumerated() {
                for (place, value) in linear.weight.values.enumerated() { sum[index][place] += weight * (value - before[index][place]) }
            }
        }
        let expected = try model()
        for (linear, values) in zip(expected.linears, sum) { linear.weight.replaceValues(values) }
        let shared = try model()
        let set = AdapterSet(on: shared)
        for (name, state) in states { try set.load(name, state) }
        try set.activate(mixture)
        let mixed = try logits(shared)
        #expect(relativeError(mixed, try logits(expected)) < 1e-5)
        try set.activate(["one": 0.5])
        #expect(try logits(shared) != mixed)
        // Merged, it answers alike; and is undone to the bit.
        try set.activate(mixture)
        let start = bits(shared)
        set.merge()
        for (linear, values) in zip(shared.linears, sum) { #expect(largestDifference(linear.weight.values, values) < 1e-5) }
        #expect(relativeError(try logits(shared), mixed) < 1e-5)
        set.unmerge()
        #expect(bits(shared) == start)
        #expect(try logits(shared) == mixed)
    }

    @Test("Loading under a name that is there replaces what is there")
    func replacing() throws {
        let shared = try model()
        let set = AdapterSet(on: shared)
        try set.load("a", state(1, .allLinear, rank: 3))
        try set.activate("a")
        try set.load("a", state(2, .square, rank: 4))
        #expect(set.names == ["a"] && set.active == ["a": 1])
        let alone = try model()
        _ = try LoRAAdapter(on: alone, state(2, .square, rank: 4))
        #expect(try logits(shared) == logits(alone))
        // What does not fit changes nothing.
        var wrong = try state(2, .square, rank: 4)
        wrong.modules[0].a = StoredTensor(shape: [4, 3], floats: [Float](repeating: 0, count: 12))
        #expect(throws: LoRAError.self) { try set.load("a", wrong) }
        #expect(try logits(shared) == logits(alone))
    }

    @Test("Names and weights that there are not")
    func refusals() throws {
        let set = AdapterSet(on: try model())
        #expect(throws: LoRAError.unknownAdapter("x", names: [])) { try set.activate("x") }
        try set.load("a", state(1, .square, rank: 1))
        #expect(throws: LoRAError.unknownAdapter("b", names: ["a"])) { try set.activate(["a": 1, "b": 1]) }
        #expect(throws: LoRAError.unknownAdapter("b", names: ["a"])) { try set.remove("b") }
        #expect(throws: LoRAError.self) { try set.activate(["a": .nan]) }
        #expect(set.active.isEmpty)
    }

    @Test("What was merged is undone to the bit, also in 16 bits and through packed weights", arguments: Precision.allCases)
    func unmerging(_ precision: Precision) throws {
        let model = try model(precision)
        try ComputeContext.with({ $0.precision = precision }) {
            let start = bits(model)
            for dora in [false, true] {
                let adapter = try LoRAAdapter(on: model, state(4, .allLinear, rank: 4, dora: dora))
                let adapted = try logits(model)
                let report = adapter.merge()
                #expect(bits(model) != start)
                // bfloat16 keeps 8 bits of a change that is about as large as the weights.
                let limits: [Precision: Double] = [.float32: 1e-5, .float16: 3e-3, .bfloat16: 3e-2]
                #expect(report.relativeError < limits[precision] ?? 0 && abs(report.survivingShare - 1) < 0.01)
                #expect(relativeError(try logits(model), adapted) < 3 * (limits[precision] ?? 0))
                adapter.unmerge()
                #expect(bits(model) == start)
                #expect(try logits(model) == adapted)
                adapter.detach()
            }
        }
    }

    @Test("What changes a set that is merged begins from the model unmerged")
    func mergedSet() throws {
        let states = ["one": try state(1, .square, rank: 3), "two": try state(2, .allLinear, rank: 5, scale: 0.5)]
        func set() throws -> (AdapterSet, LanguageModel) {
            let model = try model()
            let set = AdapterSet(on: model)
            for name in states.keys.sorted() { try set.load(name, try #require(states[name])) }
            return (set, model)
        }
        let base = try logits(model())
        func alone(_ name: String) throws -> [Float] {
            let (set, model) = try set()
            try set.activate(name)
            return try logits(model)
        }
        let changes: [(change: (AdapterSet) throws -> Void, expected: [Float])] = [
            ({ try $0.activate("two") }, try alone("two")), ({ $0.deactivate() }, base), ({ try $0.remove("one") }, base),
            ({ try $0.load("one", try #require(states["two"])) }, try alone("two")),
        ]
        for (number, (change, expected)) in changes.enumerated() {
            let (set, model) = try set()
            try set.activate("one")
            set.merge()
            try change(set)
            #expect(try logits(model) == expected, "change \(number)")
            set.merge()
            set.unmerge()
            #expect(try logits(model) == expected, "change \(number)")
            #expect(model.linears.allSatisfy { linear in linear.updates.allSatisfy { set.names.contains($0.name) } })
        }
    }

    @Test("A merged adapter can be switched off, saved and taken off")
    func mergedAdapter() throws {
        for precision in [Precision.float32, .bfloat16] {
            let model = try model(precision)
            let (base, start) = (try logits(model), bits(model))
            let adapter = try LoRAAdapter(on: model, state(4, .allLinear, rank: 4))
            let saved = adapter.stateDictionary
            adapter.merge()
            let (merged, mergedBits) = (try logits(model), bits(model))
            #expect(try adapter.switchedOff { try logits(model) } == base)
            #expect(try logits(model) == merged && bits(model) == mergedBits && adapter.updates.isEmpty)
            #expect(adapter.stateDictionary.names == saved.names && !saved.names.isEmpty)
            adapter.detach()
            #expect(bits(model) == start)
        }
    }

    @Test("A second adapter on top of a merged one")
    func onTop() throws {
        let model = try model()
        try LoRAAdapter(on: model, state(4, .allLinear, rank: 4)).merge()
        let (merged, mergedBits) = (try logits(model), bits(model))
        let second = try LoRAAdapter(on: model, state(5, .square, rank: 2))
        #expect(try logits(model) != merged)
        #expect(try second.switchedOff { try logits(model) } == merged)
        second.detach()
        #expect(try logits(model) == merged && bits(model) == mergedBits)
    }

    @Test("An adapter takes the place of the one of its name in all layers, and PiSSA's weights are whole again")
    func replaced() throws {
        let narrow = try state(5, .square, rank: 2)
        let expected = try model()
        _ = try LoRAAdapter(on: expected, narrow)
        for start in [LoRAConfiguration.Start.standard, .pissa] {
            let model = try model()
            var configuration = LoRAConfiguration(targets: .allLinear, rank: 4)
            configuration.start = start
            _ = try LoRAAdapter(on: model, configuration)
            if start == .pissa { #expect(bits(model) != bits(expected)) }
            let second = try LoRAAdapter(on: model, narrow)
            #expect(try bits(model) == bits(expected) && logits(model) == logits(expected))
            #expect(model.linears.reduce(0) { $0 + $1.updates.count } == second.updates.count)
        }
        // PiSSA upon PiSSA begins from the whole weights again.
        let model = try model()
        var configuration = LoRAConfiguration(targets: .square, rank: 4)
        configuration.start = .pissa
        let (start, first) = (bits(model), try LoRAAdapter(on: model, configuration))
        let factors = first.parameters.map(\.tensor.values)
        let second = try LoRAAdapter(on: model, configuration)
        #expect(second.parameters.map(\.tensor.values) == factors)
        second.detach()
        #expect(bits(model) == start)
    }

    @Test("A change too small for the type is reported as lost")
    func swallowed() throws {
        let small = try state(6, .square, rank: 2, size: 1e-4)
        let half = try LoRAAdapter(on: model(.bfloat16), small).merge()
        #expect(half.survivingShare < 0.5 && half.relativeError > 0.5)
        let whole = try LoRAAdapter(on: model(), small).merge()
        #expect(abs(whole.survivingShare - 1) < 1e-2 && whole.relativeError < 0.05)
    }
}
