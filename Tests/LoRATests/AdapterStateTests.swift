import LoRA
import Model
import Tensor
import TestSupport
import Testing

@Suite("An adapter apart from a model")
struct AdapterStateTests {
    private func model(_ generation: ModelGeneration = .v2Classic) throws -> LanguageModel {
        try LanguageModel(
            ModelConfiguration(generation: generation, dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 40),
            seed: 5)
    }

    private func adapter(on model: LanguageModel, scale: Float, dora: Bool = false) throws -> LoRAAdapter {
        var configuration = LoRAConfiguration(targets: .allLinear, rank: 3, scale: scale)
        configuration.usesDoRA = dora
        let adapter = try LoRAAdapter(on: model, configuration)
        var generator = RandomGenerator(seed: 6)
        for (name, tensor) in adapter.parameters where !name.hasSuffix("A.weight") {
            tensor.withMutableValues { for index in $0.indices { $0[index] += 0.1 * generator.normal() } }
        }
        return adapter
    }

    private func logits(_ model: LanguageModel) throws -> [Float] {
        model.logits(try model.hiddenStates(TokenRow(packed: Array(3..<20), segmentOffsets: [0, 17]))).values
    }

    @Test("Through MiniMind's file and back, with a scale of its own, plain and DoRA", arguments: [Float(1), 2, 0.3], [false, true])
    func file(_ scale: Float, _ dora: Bool) throws {
        let first = try model()
        let adapter = try adapter(on: first, scale: scale, dora: dora)
        let path = try Paths.temporaryFolder() + "/adapter.pth"
        try PyTorchFile.write(adapter.stateDictionary, to: path)
        let second = try model()
        let read = try LoRAAdapter(on: second, from: TensorFile.read(path))
        #expect(read.parameters.map(\.name) == adapter.parameters.map(\.name))
        #expect(read.updates.allSatisfy { $0.update.factors.scale == 1 })
        // Exact where the scale is a power of two.
        let (ours, theirs) = (try logits(first), try logits(second))
        #expect(scale == 1 ? ours == theirs : relativeError(theirs, ours) < 1e-5)
        if scale == 2 {
            for (mine, other) in zip(adapter.updates, read.updates) {
                #expect(other.update.factors.b.values == mine.update.factors.b.values.map { 2 * $0 })
            }
        }
    }

    @Test("The state keeps scale, alpha, dropout and what else is known")
    func keeping() throws {
        var configuration = LoRAConfiguration(targets: .square, rank: PerModule(4), alpha: PerModule(6))
        configuration.usesRankStabilizedScale = true
        configuration.dropout = 0.1
        var adapter = try LoRAAdapter(on: model(), configuration)
        adapter.provenance = ["base": "x"]
        let state = adapter.state
        #expect(state.modules.map(\.scale) == [3, 3, 3, 3] && state.modules.map(state.alpha) == [6, 6, 6, 6])
        #expect(state.usesRankStabilizedScale && state.dropout == 0.1 && state.provenance == ["base": "x"] && !state.usesDoRA)
        let again = try LoRAAdapter(on: model(), state).state
        #expect(again.modules.map(\.place) == state.modules.map(\.place) && again.modules.map(\.scale) == state.modules.map(\.scale))
        #expect(again.usesRankStabilizedScale && again.dropout == 0.1 && again.provenance == ["base": "x"])
    }

    @Test("On a model of the other layout of heads it answers alike", arguments: [false, true])
    func layouts(_ dora: Bool) throws {
        let classic = try model()
        // The same function in the other layout.
        let turned = try LanguageModel(
            try ModelConfiguration(generation: .v2, dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 40),
            StoredWeights(classic.stateDictionary(), naming: .classic, rotaryLayout: .interleaved))
        #expect(relativeError(try logits(turned), try logits(classic)) < 1e-5)
        let state = try adapter(on: classic, scale: 0.5, dora: dora).state
        let other = try LoRAAdapter(on: turned, state)
        #expect(relativeError(try logits(turned), try logits(classic)) < 1e-5)
        // And back, to the bit.
        let back = try other.state.turned(to: .interleaved, classic.configuration)
        for (one, two) in zip(back.modules, state.modules) {
            #expect(one.place == two.place && one.b.hasSameElements(as: two.b) && one.a.hasSameElements(as: two.a))
            if let magnitude = two.magnitude { #expect(one.magnitude?.hasSameElements(as: magnitude) == true) }
        }
        #expect(other.state.modules[0].b.hasSameElements(as: state.modules[0].b) == false)
    }

    @Test("What does not fit is refused and changes nothing")
    func refusals() throws {
        let model = try model()
        let good = try adapter(on: self.model(), scale: 1, dora: true).state
        func refusal(_ change: (inout AdapterState) -> Void) -> LoRAError? {
            var changed = good
            change(&changed)
            do throws(LoRAError) {
                _ = try LoRAAdapter(on: model, changed)
                return nil
            } catch {
                return error
            }
        }
        let name = "layers.0.attention.wq"
        #expect(refusal { $0.modules = [] } == .empty)
        #expect(refusal { $0.modules.append($0.modules[0]) } == .repeated(module: name))
        #expect(refusal { $0.modules[0].place = .layer(9, .linear(.query, nil)) } == .unknownModule("layers.9.attention.wq"))
        #expect(refusal { $0.modules[0].place = .layer(0, .router) } == .unknownModule("layers.0.feed_forward.gate"))
        #expect(
            refusal { $0.modules[0].magnitude = StoredTensor(shape: [3], floats: [1, 1, 1]) }
                == .magnitude(module: name, found: [3], expected: 32))
        #expect(refusal { $0.modules[0].b = StoredTensor(shape: [3], floats: [1, 1, 1]) } != nil)
        #expect(refusal { $0.modules[0].scale = .infinity } != nil)
        #expect(refusal { $0.dropout = 1 } != nil)
        #expect(
            refusal {
                $0.rotaryLayout = .rotateHalf
                $0.modules[0].b = StoredTensor(shape: [2, 3], floats: [Float](repeating: 0, count: 6))
            } != nil)
        #expect(model.linears.allSatisfy { $0.updates.isEmpty })
        // The same key with and without the prefix of a distributed run.
        var twice = try adapter(on: self.model(), scale: 1).stateDictionary
        twice["module.\(name).lora.A.weight"] = twice["\(name).lora.A.weight"]
        #expect(throws: AdapterFileError.repeated(module: name)) { try LoRAAdapter(on: model, from: twice) }
    }
}

@Suite("PiSSA's start")
struct PrincipalStartTests {
    private func model(_ precision: Precision = .float32) throws -> LanguageModel {
        let random = try LanguageModel(
            ModelConfiguration(dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 40), seed: 5)
        for linear in random.linears { linear.weight.scale(by: 8) }
        return try LanguageModel(random.configuration, weights: random.stateDictionary(), linearPrecision: precision)
    }

    private func configuration(_ targets: ModuleTargets = .allLinear) -> LoRAConfiguration {
        var configuration = LoRAConfiguration(targets: targets, rank: PerModule(4), alpha: PerModule(8))
        configuration.start = .pissa
        return configuration
    }

    private func logits(_ model: LanguageModel) throws -> [Float] {
        model.logits(try model.hiddenStates(TokenRow(packed: Array(3..<20), segmentOffsets: [0, 17]))).values
    }

    @Test("The weight is what stays plus scale B A, and answers are as before")
    func residual() throws {
        let model = try model()
        let before = model.linears.map(\.weight.values)
        let base = try logits(model)
        let adapter = try LoRAAdapter(on: model, configuration())
        for (linear, weight) in zip(model.linears, before) {
            let factors = try #require(linear.adapter)
            #expect(linear.weight.values != weight)
            #expect(largestDifference(zip(linear.weight.values, factors.product.values).map { $0 + $1 }, weight) < 2e-6)
        }
        #expect(relativeError(try logits(model), base) < 1e-5)
        adapter.detach()
        #expect(model.linears.map(\.weight.values) == before)
    }

    @Test("What the largest singular values hold, against an exact decomposition", arguments: [4, 8, 16])
    func energy(_ rank: Int) throws {
        let fixture = try TensorFile.read(Paths.fixture("LoRATests", "peft.safetensors"))
        let matrix = try Tensor(#require(fixture["svd.matrix"]))
        let exact = try #require(fixture["svd.values"]).floats().prefix(rank)
        let found = TruncatedSVD(matrix, rank: rank).values
        func energy(_ values: some Sequence<Float>) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) } }
        #expect(abs(energy(found) / energy(exact) - 1) < 1e-3)
        #expect(largestDifference(found, exact) < 0.02 * (exact.first ?? 0))
    }

    /// An adapter on a model, moved as if it had been trained.
    private func trained(on model: LanguageModel, _ targets: ModuleTargets = .allLinear) throws -> LoRAAdapter {
        let adapter = try LoRAAdapter(on: model, configuration(targets))
        var generator = RandomGenerator(seed: 2)
        for (_, tensor) in adapter.parameters {
            tensor.withMutableValues { for index in $0.indices { $0[index] += 0.1 * generator.normal() } }
        }
        return adapter
    }

    @Test("What is saved fits the untouched base, as an adapter and merged")
    func saved() throws {
        let model = try model()
        let base = try logits(model)
        let adapter = try trained(on: model)
        let answers = try logits(model)
        #expect(relativeError(answers, base) > 0.01)
        let fresh = try self.model()
        let read = try LoRAAdapter(on: fresh, from: adapter.stateDictionary)
        #expect(read.updates.allSatisfy { $0.update.factors.rank == 8 })
        #expect(relativeError(try logits(fresh), answers) < 1e-5)
        let (before, after) = (fresh.linears.map(\.weight.values), adapter.modules)
        read.merge()
        #expect(relativeError(try logits(fresh), answers) < 1e-5)
        adapter.merge()
        #expect(relativeError(try logits(model), answers) < 1e-5)
        for (linear, other) in zip(after, fresh.linears) { #expect(largestDifference(linear.weight.values, other.weight.values) < 1e-5) }
        adapter.unmerge()
        adapter.detach()
        #expect(model.linears.map(\.weight.values) == before)
    }

    @Test("Weights that are kept in bfloat16 are whole again afterwards")
    func halves() throws {
        let model = try model(.bfloat16)
        let before = model.linears.map(\.weight.values)
        try ComputeContext.with({ $0.precision = .bfloat16 }) {
            let base = try logits(model)
            let adapter = try LoRAAdapter(on: model, configuration())
            #expect(relativeError(try logits(model), base) < 0.05)
            adapter.detach()
        }
        #expect(model.linears.map(\.weight.values) == before)
    }

    @Test("Ranks beyond the layer, and DoRA besides, are refused")
    func refusals() throws {
        var wide = configuration(.square)
        wide.rank = PerModule(33)
        #expect(throws: LoRAError.self) { try LoRAAdapter(on: model(), wide) }
        var both = configuration(.square)
        both.usesDoRA = true
        #expect(throws: LoRAError.self) { try LoRAAdapter(on: model(), both) }
    }
}
