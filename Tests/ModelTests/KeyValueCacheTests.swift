import TestSupport
import Testing

@testable import Model
@testable import Tensor

@Suite("What a cache with windows keeps")
struct KeyValueCacheTests {
    /// A model whose first layer of each two has a window, and the same without.
    private let model, unwindowed: LanguageModel

    init() throws {
        let golden = try Golden.classicDense()
        unwindowed = try golden.model()
        var configuration = golden.configuration
        configuration.windows = (0..<configuration.layerCount).map { $0 % 2 == 0 ? 9 : nil }
        model = try LanguageModel(configuration, weights: TensorFile.read(golden.folder + "/base.pth"))
    }

    private func tokens(_ count: Int) -> [Int32] { (0..<count).map { Int32($0 * 37 % 251 + 1) } }

    private func hidden(
        _ tokens: [Int32], _ cache: KeyValueCache? = nil, of other: LanguageModel? = nil
    ) throws -> [Float] {
        let model = other ?? model
        let row =
            cache.map { TokenRow(continuing: $0.count, with: tokens) } ?? TokenRow(packed: tokens, segmentOffsets: [0, tokens.count])
        return try ComputeContext.withoutGradient { try model.hiddenStates(row, cache: cache) }.values
    }

    @Test("A layer keeps what later queries see, in little memory", arguments: [1, 9, 16, 100])
    func layer(_ window: Int) {
        let layer = LayerCache(capacity: 5000, window: window)
        var position = 0
        for rows in [1, 1, 700, 1, 2, 40] + Array(repeating: 1, count: 600) + [300, 5, 1] {
            let forgotten = layer.forgotten(with: rows)
            // A row is the number of its token.
            let numbers = Tensor((position..<position + rows).map(Float.init), shape: [rows, 1])
            let kept = layer.append(numbers, numbers)
            #expect(forgotten % AttentionPlan.lanes == 0 && forgotten <= max(0, position + 1 - window))
            position += rows
            #expect(kept.keys.values == (forgotten..<position).map(Float.init) && kept.values.values == kept.keys.values)
            #expect(layer.allocatedRows <= max(256, 2 * window + AttentionPlan.lanes + rows))
        }
        #expect(layer.forgotten(with: 1) > 1000)
    }

    @Test("A layer without a window forgets nothing")
    func unwindowedLayer() {
        let layer = LayerCache(capacity: 5000)
        for position in 0..<600 {
            let kept = layer.append(Tensor([Float(position)], shape: [1, 1]), Tensor([1], shape: [1, 1]))
            #expect(layer.forgotten(with: 1) == 0 && kept.keys.rows == position + 1)
        }
        #expect(layer.allocatedRows == 1024 && layer.canKeep(0) && layer.canKeep(600))
    }

    @Test("Passes of any size read what one pass does")
    func continuation() throws {
        let tokens = tokens(400)
        let expected = try hidden(tokens)
        let dim = model.configuration.dim
        // A cache that forgets nothing serves too.
        for configuration in [model.configuration, unwindowed.configuration] {
            let cache = KeyValueCache(configuration, capacity: 400)
            for size in [5, 30, 1, 1, 1, 100, 1, 7] + Array(repeating: 1, count: 200) + [54] {
                let start = cache.count
                let found = try hidden(Array(tokens[start..<start + size]), cache)
                #expect(largestDifference(found, Array(expected[start * dim..<(start + size) * dim])) < 1e-5)
            }
            #expect(cache.count == 400)
        }
    }

    @Test("Windows change what is computed")
    func windows() throws {
        let windowed = try hidden(tokens(40))
        let (all, dim) = (try hidden(tokens(40), of: unwindowed), model.configuration.dim)
        #expect(windowed.prefix(9 * dim) == all.prefix(9 * dim))
        #expect(largestDifference(Array(windowed.suffix(dim)), Array(all.suffix(dim))) > 1e-3)
    }

    @Test("Going back goes as far as is remembered, or starts anew")
    func goingBack() throws {
        let tokens = tokens(300)
        let cache = KeyValueCache(model.configuration, capacity: 400)
        _ = try hidden(tokens, cache)
        for token in tokens.prefix(60) { _ = try hidden([token], cache) }
        #expect(cache.count == 360)
        cache.keep(358)
        #expect(cache.count == 358)
        let other: [Int32] = [77, 3, 12]
        let expected = try hidden(tokens + tokens.prefix(58) + other).suffix(3 * model.configuration.dim)
        #expect(largestDifference(try hidden(other, cache), Array(expected)) < 1e-5)
        cache.keep(20)
        #expect(cache.count == 0 && cache.tokens.isEmpty)
        #expect(largestDifference(try hidden(tokens, cache), try hidden(tokens)) < 1e-5)
        // As nothing has been forgotten of one pass, all of it can be gone back over.
        cache.keep(20)
        #expect(cache.count == 20)
    }

    @Test("Prompts that part early are read anew")
    func generation() throws {
        let cache = KeyValueCache(model.configuration, capacity: 400)
        for prompt in [tokens(50), tokens(50) + [8, 9], tokens(20) + [7], tokens(120), tokens(3)] {
            var text = prompt
            for _ in 0..<60 {
                let logits = model.logits(try model.hiddenStates(TokenRow(packed: text, segmentOffsets: [0, text.count]))).values
                let last = logits.suffix(model.configuration.vocabularySize)
                text.append(Int32(last.indices.max { last[$0] < last[$1] }! - last.startIndex))
            }
            #expect(try model.generate(from: prompt, maximumTokens: 60, cache: cache) == Array(text.dropFirst(prompt.count)))
            #expect(try model.generate(from: prompt, maximumTokens: 60) == Array(text.dropFirst(prompt.count)))
        }
    }
}
