import Foundation
import Model
import Tensor
import TestSupport
import Testing

/// Every generation, dense and with experts, against PyTorch.
@Suite("Generations against PyTorch")
struct GenerationTests {
    static let cases = Golden.cases

    /// The golden logits are those of base plus starting adapter.
    private func adapted(_ golden: Golden) throws -> LanguageModel {
        let model = try golden.model()
        let adapter = try golden.startingAdapter()
        for linear in model.linears {
            guard let a = adapter["\(linear.name).lora.A.weight"], let b = adapter["\(linear.name).lora.B.weight"] else { continue }
            linear.adapter = LowRankFactors(a: Tensor(try a.floats(), shape: a.shape), b: Tensor(try b.floats(), shape: b.shape))
        }
        return model
    }

    @Test("Logits, loss, auxiliary loss and every gradient", arguments: cases)
    func values(_ name: String) throws {
        let golden = try Golden(case: name)
        let model = try adapted(golden)
        let rows = try #require(try golden.batches().first)
        #expect(largestDifference(model.logits(try model.hiddenStates(rows.row)).values, try golden.floats("logits")) < 1e-4)

        let factors = model.linears.compactMap { linear in linear.adapter.map { (linear.name, $0) } }
        #expect(factors.count == 4)
        for (_, factors) in factors {
            factors.a.isTrainable = true
            factors.b.isTrainable = true
        }
        for isCheckpointed in [false, true] {
            model.checkpointsLayers = isCheckpointed
            let loss = try model.loss(rows.row, rows.predictions)
            #expect(abs(loss.main.scalar - (try golden.floats("loss"))[0]) < 1e-4)
            #expect(abs(loss.auxiliary - (try golden.floats("aux"))[0]) < 1e-4)
            loss.backward()
            for (name, factors) in factors {
                let a = try #require(factors.a.gradient).values
                let b = try #require(factors.b.gradient).values
                #expect(relativeError(a, try golden.floats("grad.\(name).lora.A.weight")) < 1e-4, "\(name)")
                #expect(relativeError(b, try golden.floats("grad.\(name).lora.B.weight")) < 1e-4, "\(name)")
                factors.a.clearGradient()
                factors.b.clearGradient()
            }
            if let experts = golden.configuration.experts {
                let tokens = rows.tokens.count * experts.perToken
                #expect(loss.expertUses.count == 2 && loss.expertUses.allSatisfy { $0.reduce(0, +) == tokens })
            }
        }
    }

    @Test("The auxiliary loss of a shared beginning is that of whole sequences", arguments: cases.filter { $0.hasSuffix("moe") })
    func sharedBeginnings(_ name: String) throws {
        let golden = try Golden(case: name)
        let model = try adapted(golden)
        let factors = model.linears.compactMap(\.adapter).flatMap { [$0.a, $0.b] }
        for factor in factors { factor.isTrainable = true }
        let start: [Int32] = [7, 9, 30, 2, 44, 12]
        let (one, two): ([Int32], [Int32]) = ([5, 80, 91], [6, 81, 200, 17])
        let apart = TokenRow(packed: start + one + start + two, segmentOffsets: [0, 9, 19])
        let together = TokenRow(
            start + one + two,
            branches: [.init(rows: 0..<6, parent: nil), .init(rows: 6..<9, parent: 0), .init(rows: 9..<13, parent: 0)])
        func run(_ row: TokenRow, _ rows: [Int32]) throws -> (Loss, [[Float]]) {
            let loss = try model.loss(row, rows.map { LanguageModel.Prediction(row: $0, target: 3) }, lossScale: 4)
            loss.backward(seed: 4)
            defer { for factor in factors { factor.clearGradient() } }
            return (loss, factors.map { $0.gradient?.values ?? [] })
        }
        let expected = try run(apart, [8, 18])
        let shared = try run(together, [8, 12])
        #expect(expected.0.auxiliary > 0)
        #expect(abs(expected.0.value - shared.0.value) < 1e-5)
        #expect(expected.0.expertUses == shared.0.expertUses)
        for (gradient, other) in zip(expected.1, shared.1) { #expect(relativeError(other, gradient) < 1e-4) }
    }

    @Test("A cached generation writes what an uncached one does", arguments: cases)
    func generation(_ name: String) throws {
        let model = try Golden(case: name).model()
        let prompt: [Int32] = [5, 17, 250, 33, 8]
        let cached = try model.generate(from: prompt, maximumTokens: 20)
        #expect(cached == (try uncached(model, prompt, count: 20)))
        #expect(cached.count == 20)
    }

    @Test("The configuration is recognised from keys and shapes", arguments: cases)
    func recognition(_ name: String) throws {
        let golden = try Golden(case: name)
        let weights = try TensorFile.read(golden.folder + "/base.pth")
        let found = try ModelConfiguration.recognized(in: weights, headCount: 8)
        #expect(found == golden.configuration && found.unsaidByWeights.isEmpty)
        var prefixed = StateDictionary()
        for key in weights.names { prefixed["module._orig_mod." + key] = weights[key] }
        #expect(try ModelConfiguration.recognized(in: prefixed.withoutWrapperPrefixes, headCount: 8) == golden.configuration)
    }

    @Test("What is not recognised is said")
    func strangers() throws {
        let golden = try Golden(case: "v3-dense")
        let weights = try TensorFile.read(golden.folder + "/base.pth")
        let classic = #expect(throws: ModelError.self) { try ModelConfiguration.recognized(in: weights, generation: .v2Classic) }
        #expect("\(try #require(classic))".contains("look like v3"))
        let adapter = #expect(throws: ModelError.self) { try ModelConfiguration.recognized(in: golden.startingAdapter()) }
        #expect("\(try #require(adapter))".contains("no weights of a MiniMind"))
        let heads = #expect(throws: ModelError.self) { try ModelConfiguration.recognized(in: weights, headCount: 5) }
        #expect("\(try #require(heads))".contains("--n_heads"))
    }

    @Test("Heads that no model has are refused", arguments: cases)
    func headCounts(_ name: String) throws {
        let golden = try Golden(case: name)
        let weights = try TensorFile.read(golden.folder + "/base.pth")
        // Without settings beside it.
        let path = try Paths.temporaryFolder() + "/alone.pth"
        try FileManager.default.copyItem(atPath: golden.folder + "/base.pth", toPath: path)
        for count in [0, -1, -8, Int.min, Int.max] {
            let error = #expect(throws: ModelError.self) { try ModelFile.open(path, ModelHints(headCount: count)) }
            #expect("\(try #require(error))".contains("give --n_heads"))
            let other = #expect(throws: ModelError.self) {
                try ModelConfiguration.recognized(in: weights, headCount: 8, keyValueHeadCount: count)
            }
            #expect("\(try #require(other))".contains("leave out --n_kv_heads"))
        }
    }

    @Test("What a state dict leaves unsaid is named, and nothing of MiniMind's own models")
    func unsaid() throws {
        for generation in ModelGeneration.allCases {
            var own = try ModelConfiguration(generation: generation)
            #expect(own.unsaidByWeights.isEmpty && own.showsHeadCount)
            own.experts = generation.defaultExperts
            own.ropeScaling = .yarn(.minimind)
            #expect(own.unsaidByWeights.isEmpty)
        }
        var llama = try ModelConfiguration(
            generation: .v2, dim: 2048, layerCount: 22, headCount: 32, keyValueHeadCount: 4, vocabularySize: 32000, hiddenDim: 5632)
        llama.ropeTheta = 10000
        #expect(llama.unsaidByWeights == ["a rotary base of 10000.0", "32 heads"] && !llama.showsHeadCount)
        llama.normEpsilon = 1e-6
        llama.ropeScaling = .linear(factor: 2)
        #expect(llama.unsaidByWeights.count == 4)

        // Norms of heads show how wide they are.
        var qwen = try ModelConfiguration(generation: .v3, dim: 1024, headCount: 16, keyValueHeadCount: 8, headDim: 128)
        #expect(qwen.unsaidByWeights.isEmpty && qwen.showsHeadCount)
        qwen.experts = ExpertConfiguration(count: 128, perToken: 8, sharedCount: 0, normalizesWeights: false)
        #expect(
            qwen.unsaidByWeights == [
                "8 experts a token", "weights of experts that are not divided by their sum",
                "a factor of 0.1 of the experts' auxiliary loss",
            ])
    }

    @Test("A layer of the highest number that there is, is none", arguments: cases)
    func highestLayer(_ name: String) throws {
        let golden = try Golden(case: name)
        var weights = try TensorFile.read(golden.folder + "/base.pth")
        let prefix = golden.configuration.generation == .v2Classic ? "layers." : "model.layers."
        weights[prefix + "\(Int.max).attention.wq.weight"] = weights[weights.names[0]]
        let error = #expect(throws: ModelError.self) { try ModelConfiguration.recognized(in: weights, headCount: 8) }
        #expect("\(try #require(error))".contains("no layers, or name some that are not there"))
    }
}

/// What a model writes greedily when it reads everything again for each token.
func uncached(_ model: LanguageModel, _ prompt: [Int32], count: Int) throws -> [Int32] {
    var tokens = prompt
    for _ in 0..<count {
        let row = TokenRow(packed: tokens, segmentOffsets: [0, tokens.count])
        let scores = model.logits(try model.hiddenStates(row, outputRows: [Int32(tokens.count - 1)])).values
        tokens.append(Int32(scores.indices.max { scores[$0] < scores[$1] } ?? 0))
    }
    return Array(tokens.dropFirst(prompt.count))
}
