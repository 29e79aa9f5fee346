import TestSupport
import Testing

@testable import Model
@testable import Tensor

/// Layers of short convolutions and of linear attention among layers of attention, in rows of several sequences, in parts, and
/// from a cache.
@Suite("Layers of any kind")
struct LayerKindTests {
    /// The kinds of three layers: the last a convolution, or attention.
    static let convolutions: [[LayerKind]] = {
        let short = LayerKind.shortConvolution(kernelLength: 3, hasBias: false)
        let long = LayerKind.shortConvolution(kernelLength: 5, hasBias: true)
        return [[short, .attention, long], [long, long, .attention], [short, short, short]]
    }()

    /// Those with linear attention.
    static let states: [[LayerKind]] = {
        let net = LayerKind.gatedDeltaNet(DeltaHeads(keyHeads: 2, valueHeads: 4, keyDim: 6, valueDim: 10), kernelLength: 4)
        let wide = LayerKind.gatedDeltaNet(DeltaHeads(keyHeads: 1, valueHeads: 2, keyDim: 20, valueDim: 36), kernelLength: 1)
        return [[net, .attention, wide], [wide, net, .attention], [net, convolutions[0][0], net]]
    }()

    static let kinds = convolutions + states

    /// Two trees, one with branches, a branch of a branch, and runs shorter than a kernel, and a lone sequence.
    private static let ends = [0, 20, 22, 31, 32, 40, 41, 60]
    private static let parents: [Int?] = [nil, 0, 1, 1, 3, 0, nil]
    private static let row: TokenRow = {
        var generator = RandomGenerator(seed: 2)
        return TokenRow(
            (0..<60).map { _ in Int32(generator.next() % 50) },
            branches: parents.indices.map { TokenRow.Branch(rows: ends[$0]..<ends[$0 + 1], parent: parents[$0]) })
    }()

    private func model(_ kinds: [LayerKind]) throws -> LanguageModel {
        var configuration = try ModelConfiguration(dim: 32, layerCount: 3, headCount: 4, keyValueHeadCount: 2, vocabularySize: 50)
        configuration.layerKinds = kinds
        configuration.biases = [.convolutionInput, .convolutionOutput]
        configuration.gatesAttention = Self.states.contains(kinds)
        let model = try LanguageModel(configuration, seed: 1)
        var generator = RandomGenerator(seed: 3)
        for (_, tensor) in model.placedParameters {
            let size: Float = tensor.shape.count == 3 ? 0.6 : 0.2
            tensor.withMutableValues { values in
                for index in values.indices { values[index] = (tensor.shape.count == 1 ? 0.5 : 0) + size * generator.normal() }
            }
        }
        return model
    }

    private func tokens(_ count: Int) -> [Int32] { (0..<count).map { Int32($0 * 37 % 49 + 1) } }

    private func hidden(_ model: LanguageModel, _ tokens: [Int32], _ cache: KeyValueCache? = nil) throws -> [Float] {
        let row =
            cache.map { TokenRow(continuing: $0.count, with: tokens) } ?? TokenRow(packed: tokens, segmentOffsets: [0, tokens.count])
        return try ComputeContext.withoutGradient { try model.hiddenStates(row, cache: cache) }.values
    }

    @Test("A token's predecessors are those of its sequence")
    func predecessors() {
        let branches = [
            TokenRow.Branch(rows: 0..<3, parent: nil), TokenRow.Branch(rows: 3..<4, parent: 0), TokenRow.Branch(rows: 4..<6, parent: 1),
            TokenRow.Branch(rows: 6..<7, parent: 0), TokenRow.Branch(rows: 7..<9, parent: nil),
        ]
        let row = TokenRow((0..<9).map { Int32($0) }, branches: branches)
        #expect(
            row.predecessors(3)
                == [
                    [-1, -1, -1], [-1, -1, 0], [-1, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [0, 1, 2], [-1, -1, -1], [-1, -1, 7],
                ].flatMap { $0 })
        #expect(row.predecessors(1) == [-1, 0, 1, 2, 3, 4, 2, -1, 7])
        #expect(row.predecessors(0).isEmpty)
        let next = TokenRow(continuing: 7, with: [1, 2, 3])
        #expect(next.predecessors(2, after: 2) == [[-1, -1], [-1, -1], [0, 1], [1, 2], [2, 3]].flatMap { $0 })
        #expect(next.predecessors(3, after: 1) == [[-1, -1, -1], [-1, -1, 0], [-1, 0, 1], [0, 1, 2]].flatMap { $0 })
    }

    @Test("Sequences in a row do not know of each other, whatever they share", arguments: kinds)
    func branches(_ kinds: [LayerKind]) throws {
        let (model, row) = (try model(kinds), Self.row)
        let whole = try ComputeContext.withoutGradient { try model.hiddenStates(row) }.values
        #expect(row.sequences.count == 4)
        for sequence in row.sequences {
            let rows = sequence.flatMap { Array($0) }
            let alone = try hidden(model, rows.map { row.tokens[$0] })
            #expect(relativeError(rows.flatMap { whole[$0 * 32..<$0 * 32 + 32] }, alone) < 1e-5)
        }
    }

    @Test(
        "Rows that are asked for are those of the full result", arguments: kinds,
        [[0], [59], [19, 20], [0, 5, 19, 22, 31, 32, 33, 41, 42], Array(0..<60)] as [[Int32]])
    func outputRows(_ kinds: [LayerKind], _ rows: [Int32]) throws {
        let model = try model(kinds)
        let whole = try model.hiddenStates(Self.row).values
        let part = try model.hiddenStates(Self.row, outputRows: rows)
        #expect(part.shape == [rows.count, 32])
        #expect(relativeError(part.values, rows.flatMap { whole[Int($0) * 32..<Int($0) * 32 + 32] }) < 1e-6)
    }

    @Test("So are gradients, and layers that are computed again give the same bits", arguments: kinds)
    func gradients(_ kinds: [LayerKind]) throws {
        let (model, row) = (try model(kinds), Self.row)
        let predictions = [3, 19, 20, 22, 32, 40, 59].map {
            LanguageModel.Prediction(row: $0, target: 1 + $0 % 40, weight: Float(1 + $0 % 2))
        }
        let ours = try model.lossAndGradients { try model.crossEntropy(row, predictions) }
        // Every parameter takes part.
        for (gradient, parameter) in zip(ours.dropFirst(), model.parameters) { #expect(gradient.count == parameter.tensor.count) }
        let theirs = try model.lossAndGradients { try model.crossEntropyOfAllRows(row, predictions) }
        for (index, (gradient, expected)) in zip(ours, theirs).enumerated() {
            #expect(relativeError(gradient, expected) < 1e-5, "\(index == 0 ? "loss" : model.parameters[index - 1].name)")
        }
        model.checkpointsLayers = true
        #expect(try model.lossAndGradients { try model.crossEntropy(row, predictions) } == ours)
    }

    @Test("In 16 bits they are near what they are in 32, from a cache too", arguments: [Precision.bfloat16, .float16], [0, 3])
    func sixteenBits(_ precision: Precision, _ index: Int) throws {
        let (model, tokens) = (try model(Self.kinds[index]), tokens(60))
        let exact = try hidden(model, tokens)
        try ComputeContext.with({ $0.precision = precision }) {
            let whole = try hidden(model, tokens)
            let error = relativeError(whole, exact)
            // Linear attention rounds what makes a state's decays and its errors, each of which goes into all that follows.
            let bound = (precision == .bfloat16 ? 0x1p-6 : 0x1p-9) * (index == 0 ? 1 : 2)
            #expect(error > 0 && error < bound)
            let cache = KeyValueCache(model.configuration, capacity: 60)
            let parts = try [tokens.prefix(7), tokens[7..<8], tokens[8...]].flatMap { try hidden(model, Array($0), cache) }
            #expect(relativeError(parts, exact) < 2 * error)
        }
    }

    @Test("Passes of any size read what one pass does, in little memory", arguments: kinds)
    func continuation(_ kinds: [LayerKind]) throws {
        let (model, tokens) = (try model(kinds), tokens(700))
        let expected = try hidden(model, tokens)
        let cache = KeyValueCache(model.configuration, capacity: 700)
        for size in [1, 1, 5, 1, 400, 1, 7] + Array(repeating: 1, count: 200) + [84] {
            let start = cache.count
            let found = try hidden(model, Array(tokens[start..<start + size]), cache)
            #expect(largestDifference(found, Array(expected[start * 32..<(start + size) * 32])) < 1e-4)
            guard size == 1, start > 410 else { continue }
            for (index, layer) in cache.layers.enumerated() where kinds[index] != .attention { #expect(layer.allocatedRows < 300) }
        }
        #expect(cache.count == 700)
    }

    @Test("Going back goes as far as is remembered, or starts anew", arguments: convolutions)
    func goingBack(_ kinds: [LayerKind]) throws {
        let (model, tokens) = (try model(kinds), tokens(200))
        // As nothing has been forgotten of one pass, all of it can be gone back over.
        for (count, other) in [(199, [7, 3, 12]), (60, [9]), (2, [1, 2]), (1, [5]), (0, [8, 8])] as [(Int, [Int32])] {
            let cache = KeyValueCache(model.configuration, capacity: 300)
            _ = try hidden(model, tokens, cache)
            cache.keep(count)
            #expect(cache.count == count)
            let expected = try hidden(model, tokens.prefix(count) + other).suffix(other.count * 32)
            #expect(largestDifference(try hidden(model, other, cache), Array(expected)) < 1e-4)
        }
        let cache = KeyValueCache(model.configuration, capacity: 500)
        _ = try hidden(model, tokens, cache)
        for token in tokens { _ = try hidden(model, [token], cache) }
        cache.keep(280)
        #expect(cache.count == 280)
        let expected = try hidden(model, tokens + tokens.prefix(80) + [4]).suffix(32)
        #expect(largestDifference(try hidden(model, [4], cache), Array(expected)) < 1e-4)
        cache.keep(20)
        #expect(cache.count == 0 && cache.tokens.isEmpty)
        #expect(largestDifference(try hidden(model, tokens, cache), try hidden(model, tokens)) < 1e-4)
    }

    @Test("States do not go back: all is forgotten", arguments: states)
    func forgetting(_ kinds: [LayerKind]) throws {
        let (model, tokens) = (try model(kinds), tokens(90))
        let cache = KeyValueCache(model.configuration, capacity: 200)
        let expected = try hidden(model, tokens)
        for count in [89, 1, 0] {
            _ = try hidden(model, tokens, cache)
            // What is there already is kept whole.
            cache.keep(90)
            #expect(cache.count == 90)
            cache.keep(count)
            #expect(cache.count == 0 && cache.tokens.isEmpty)
            #expect(largestDifference(try hidden(model, tokens, cache), expected) < 1e-5)
            cache.keep(0)
        }
    }

    @Test("Prompts that part early are read anew", arguments: kinds)
    func generation(_ kinds: [LayerKind]) throws {
        let model = try model(kinds)
        let cache = KeyValueCache(model.configuration, capacity: 300)
        for prompt in [tokens(50), tokens(50) + [8, 9], tokens(20) + [7], tokens(120), tokens(3)] {
            var text = prompt
            for _ in 0..<40 {
                let logits = model.logits(try model.hiddenStates(TokenRow(packed: text, segmentOffsets: [0, text.count]))).values
                let last = logits.suffix(50)
                text.append(Int32(last.indices.max { last[$0] < last[$1] }! - last.startIndex))
            }
            #expect(try model.generate(from: prompt, maximumTokens: 40, cache: cache) == Array(text.dropFirst(prompt.count)))
            #expect(try model.generate(from: prompt, maximumTokens: 40) == Array(text.dropFirst(prompt.count)))
        }
    }
}
