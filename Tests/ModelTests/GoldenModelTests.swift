import Model
import Tensor
import TestSupport
import Testing

@Suite("MiniMind against PyTorch")
struct GoldenModelTests {
    let golden: Golden
    let model: LanguageModel

    init() throws {
        golden = try Golden.classicDense()
        model = try golden.model()
    }

    /// The golden logits are those of base plus starting adapter.
    private func attachAdapter() throws {
        let adapter = try golden.startingAdapter()
        for linear in model.linears where linear.isSquare {
            let a = try #require(adapter["\(linear.name).lora.A.weight"])
            let b = try #require(adapter["\(linear.name).lora.B.weight"])
            linear.adapter = LowRankFactors(
                a: Tensor(try a.floats(), shape: a.shape), b: Tensor(try b.floats(), shape: b.shape))
        }
    }

    @Test func logits() throws {
        try attachAdapter()
        let rows = try #require(try golden.batches().first)
        let hidden = try model.hiddenStates(rows.row)
        let expected = try golden.floats("logits")
        #expect(largestDifference(model.logits(hidden).values, expected) < 1e-4)
    }

    @Test("Loss and every gradient of the adapter")
    func gradients() throws {
        try attachAdapter()
        let rows = try #require(try golden.batches().first)
        let adapted = model.linears.compactMap { linear in linear.adapter.map { (linear.name, $0) } }
        #expect(adapted.count == 4)
        for (_, factors) in adapted {
            factors.a.isTrainable = true
            factors.b.isTrainable = true
        }
        let loss = try model.loss(rows.row, rows.predictions)
        #expect(abs(loss.value - (try golden.floats("loss"))[0]) < 1e-4)
        loss.backward()
        for (name, factors) in adapted {
            let a = try #require(factors.a.gradient).values
            let b = try #require(factors.b.gradient).values
            #expect(relativeError(a, try golden.floats("grad.\(name).lora.A.weight")) < 1e-4)
            #expect(relativeError(b, try golden.floats("grad.\(name).lora.B.weight")) < 1e-4)
        }
        #expect(model.parameters.allSatisfy { $0.tensor.gradient == nil })
    }

    @Test("A packed row without padding gives the padded loss")
    func packing() throws {
        try attachAdapter()
        let rows = try #require(try golden.batches().first)
        let length = rows.offsets[1]
        let padded = try model.loss(rows.row, rows.predictions)
        var (tokens, targets, counted, offsets): ([Int32], [Int32], [Int32], [Int]) = ([], [], [], [0])
        for row in 0..<rows.offsets.count - 1 {
            let places = rows.counted.filter { Int($0) / length == row }
            let used = Int(places.last ?? 0) % length + 1
            counted += places.map { $0 - Int32(row * length) + Int32(tokens.count) }
            tokens += rows.tokens[row * length..<row * length + used]
            targets += rows.targets[row * length..<row * length + used]
            offsets.append(tokens.count)
        }
        #expect(tokens.count < rows.tokens.count)
        let packed = try model.loss(
            TokenRow(packed: tokens, segmentOffsets: offsets),
            counted.map { LanguageModel.Prediction(row: $0, target: targets[Int($0)]) })
        #expect(abs(padded.value - packed.value) < 1e-5)
    }

    @Test("Results do not depend on the number of threads", arguments: [2, 3])
    func threads(_ count: Int) throws {
        try attachAdapter()
        let rows = try #require(try golden.batches().first)
        func logits() throws -> [Float] {
            model.logits(try model.hiddenStates(rows.row)).values
        }
        let before = Parallel.threads
        defer { Parallel.threads = before }
        Parallel.threads = 1
        let one = try logits()
        Parallel.threads = count
        #expect(try logits() == one)
    }

    @Test("The portable product gives the same logits")
    func portable() throws {
        let rows = try #require(try golden.batches().first)
        let row = rows.row
        let usual = model.logits(try model.hiddenStates(row)).values
        let portable = try ComputeContext.with({ $0.matmul = PortableMatmul() }) {
            model.logits(try model.hiddenStates(row)).values
        }
        #expect(largestDifference(usual, portable) < 1e-4)
    }

    /// The order of summation decides which way a bfloat16 is rounded where a sum lies near the middle between two:
    /// a few values of the whole pass, each an error of 2⁻⁸ of itself and of what is computed from it. The bounds are
    /// about a third of how far all roundings together take the results from those of float32 (3e-4 of the loss, 1e-2
    /// of the gradients): to leave a kind of them out would show.
    @Test("In bfloat16, real and emulated products give one loss and one gradient")
    func bfloat16Products() throws {
        try attachAdapter()
        let rows = try #require(try golden.batches().first)
        let factors = model.linears.compactMap(\.adapter).flatMap { [$0.a, $0.b] }
        for factor in factors { factor.isTrainable = true }
        func run(_ matmul: any Matmul) throws -> (loss: Float, gradients: [[Float]]) {
            try ComputeContext.with({
                $0.matmul = matmul
                $0.precision = .bfloat16
            }) {
                let loss = try model.loss(rows.row, rows.predictions)
                loss.backward()
                defer { for factor in factors { factor.clearGradient() } }
                return (loss.value, factors.map { $0.gradient?.values ?? [] })
            }
        }
        let runs = try Matmuls.all.map { ($0.name, try run($0)) }
        for (name, run) in runs.dropFirst() {
            #expect(abs(run.loss - runs[0].1.loss) < 1e-4, "\(name)")
            for (gradient, expected) in zip(run.gradients, runs[0].1.gradients) {
                #expect(relativeError(gradient, expected) < 0x1p-8, "\(name)")
            }
        }
    }

    @Test("Linear weights kept in bfloat16 change nothing where products read bfloat16")
    func weightsInBFloat16() throws {
        let rounded = try LanguageModel(
            golden.configuration, weights: TensorFile.read(golden.folder + "/base.pth"), linearPrecision: .bfloat16)
        #expect(rounded.linears.allSatisfy { $0.weight.precision == .bfloat16 })
        let rows = try #require(try golden.batches().first)
        for matmul in Matmuls.all {
            try ComputeContext.with({
                $0.matmul = matmul
                $0.precision = .bfloat16
            }) {
                let expected = model.logits(try model.hiddenStates(rows.row)).values
                #expect(rounded.logits(try rounded.hiddenStates(rows.row)).values == expected, "\(matmul.name)")
            }
        }
        // And nothing at all where everything is kept as it was published.
        let plain = model.parameters.map(\.tensor.values)
        _ = try model.loss(rows.row, rows.predictions)
        #expect(model.parameters.map(\.tensor.values) == plain)
    }

    @Test("A cached generation writes what an uncached one does")
    func generation() throws {
        let prompt: [Int32] = [5, 17, 250, 33, 8]
        let cached = try model.generate(from: prompt, maximumTokens: 20)
        #expect(cached == (try uncached(model, prompt, count: 20)))
        #expect(cached.count == 20)
        let sampler = TokenSampler(temperature: 1.3, topP: 0.9, repetitionPenalty: 1.2, seed: 4)
        let drawn = try model.generate(from: prompt, maximumTokens: 20, sampler: sampler)
        #expect(drawn == (try model.generate(from: prompt, maximumTokens: 20, sampler: sampler)))
        #expect(drawn != cached)
    }

    @Test("What a cache has kept of an earlier prompt changes nothing")
    func continued() throws {
        let cache = KeyValueCache(model.configuration, capacity: 400)
        var prompt: [Int32] = [5, 17, 250, 33, 8]
        // The third turn goes back behind what was written, the last begins with the very same.
        for turn in [[9, 14], [77], [], [3, 4, 5]] as [[Int32]] {
            prompt = (turn.isEmpty ? Array(prompt.prefix(4)) : prompt) + turn
            let answer = try model.generate(from: prompt, maximumTokens: 150 / max(turn.count, 1), cache: cache)
            #expect(answer == (try model.generate(from: prompt, maximumTokens: 150 / max(turn.count, 1))))
            #expect(try model.generate(from: prompt, maximumTokens: 2, cache: cache) == Array(answer.prefix(2)))
            prompt += answer.prefix(20)
        }
        #expect(throws: ModelError.self) { try model.generate(from: Array(repeating: 1, count: 401), maximumTokens: 1, cache: cache) }
    }

    @Test("Generation ends at the end token and when the caller says so")
    func generationEnds() throws {
        let all = try model.generate(from: [5, 17], maximumTokens: 10)
        let end = all[4]
        let until = try model.generate(from: [5, 17], maximumTokens: 10, ends: [end])
        #expect(until == Array(all.prefix(while: { $0 != end })))
        // A limit of any size is one.
        for limit in [10, Int.max] {
            var seen = 0
            let stopped = try model.generate(from: [5, 17], maximumTokens: limit) { _ in
                seen += 1
                return seen < 3
            }
            #expect(stopped == Array(all.prefix(3)))
        }
        #expect(try model.generate(from: [5, 17], maximumTokens: .min).isEmpty)
    }

    @Test("Bad input is an error that names it")
    func badInput() throws {
        #expect(throws: ModelError.tokenOutOfRange(id: 320, vocabularySize: 320)) {
            try model.hiddenStates(TokenRow(packed: [1, 320], segmentOffsets: [0, 2]))
        }
        let weights = try TensorFile.read(golden.folder + "/base.pth")
        var wrong = weights
        wrong["norm.weight"] = nil
        #expect(throws: ModelError.missingWeight(name: "norm.weight")) { try LanguageModel(golden.configuration, weights: wrong) }
        wrong = weights
        wrong["layers.7.attention.wq.weight"] = weights["norm.weight"]
        #expect(throws: ModelError.unknownWeights(["layers.7.attention.wq.weight"])) {
            try LanguageModel(golden.configuration, weights: wrong)
        }
        let wide = try ModelConfiguration(dim: 128, layerCount: 2, vocabularySize: 320)
        #expect(throws: ModelError.shape(name: "tok_embeddings.weight", found: [320, 64], expected: [320, 128])) {
            try LanguageModel(wide, weights: weights)
        }
        #expect(throws: ModelError.self) { try ModelConfiguration(dim: 60, headCount: 8) }
        #expect(throws: ModelError.self) { try ModelConfiguration(headCount: 8, keyValueHeadCount: 3) }
    }
}
