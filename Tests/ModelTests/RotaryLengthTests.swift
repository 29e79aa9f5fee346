import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

/// Rotary angles that depend on how long a text is.
@Suite("Rotary angles of a text's length")
struct RotaryLengthTests {
    private static let scalings: [RotaryScaling] = [
        .longRoPE(
            .init(shortDivisors: [1, 1.1, 1.3, 1.7], longDivisors: [2, 2.5, 3.5, 5.5], originalPositions: 8, attentionFactor: 1.2)),
        .dynamic(factor: 4, originalPositions: 8),
    ]

    private func model(_ scaling: RotaryScaling?, windows: [Int?] = []) throws -> LanguageModel {
        var configuration = try ModelConfiguration(
            family: .llama, dim: 32, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 40, hiddenDim: 48,
            contextLength: 64)
        configuration.ropeTheta = 10000
        configuration.ropeScaling = scaling
        configuration.windows = windows
        let model = try LanguageModel(configuration, seed: 3)
        var generator = RandomGenerator(seed: 4)
        for (_, tensor) in model.placedParameters {
            tensor.withMutableValues { for place in $0.indices { $0[place] += 0.3 * generator.normal() } }
        }
        return model
    }

    private func tokens(_ count: Int, seed: UInt64 = 1) -> [Int32] {
        var generator = RandomGenerator(seed: seed)
        return (0..<count).map { _ in Int32(generator.next(below: 40)) }
    }

    private func scores(_ model: LanguageModel, _ row: TokenRow) throws -> [Float] {
        try ComputeContext.withoutGradient { model.logits(try model.hiddenStates(row)).values }
    }

    /// By transformers 5.24: `ROPE_INIT_FUNCTIONS[kind](config, seq_len=length)` of heads of 8 values, base 10000, and the
    /// numbers of ``scalings``; of 8 positions (`max_position_embeddings`) for "dynamic".
    private static let golden: [(scaling: Int, length: Int, frequencies: [Double])] = [
        (0, 1, [1, 0.0909090936, 0.0076923077, 0.000588235271]),
        (0, 8, [1, 0.0909090936, 0.0076923077, 0.000588235271]),
        (0, 9, [0.5, 0.0399999991, 0.00285714283, 0.000181818177]),
        (0, 4000, [0.5, 0.0399999991, 0.00285714283, 0.000181818177]),
        (1, 1, [1, 0.100000001, 0.00999999978, 0.00100000005]),
        (1, 8, [1, 0.100000001, 0.00999999978, 0.00100000005]),
        (1, 9, [1, 0.0873580426, 0.00763142761, 0.000666666601]),
        (1, 40, [1, 0.0388911106, 0.0015125185, 5.88235307e-05]),
    ]

    @Test("Frequencies are those of transformers", arguments: 0..<golden.count)
    func frequencies(_ index: Int) throws {
        let (scaling, length, expected) = Self.golden[index]
        let ours = try model(Self.scalings[scaling]).configuration.rotaryFrequencies(ofLength: length)
        for (ours, theirs) in zip(ours, expected) { #expect(abs(Double(ours) / theirs - 1) < 1e-6) }
        #expect(ours.count == 4)
    }

    @Test("Short texts have the angles of the first training, long ones others", arguments: 0..<2)
    func lengths(_ index: Int) throws {
        let (scaled, plain) = (try model(Self.scalings[index]), try model(nil))
        let unscaled: RotaryScaling = .divisors([1, 1.1, 1.3, 1.7])
        for count in [1, 7, 8] where index == 1 { #expect(try scaled.scores(tokens(count)) == plain.scores(tokens(count))) }
        #expect(try relativeError(scaled.scores(tokens(9)), plain.scores(tokens(9))) > 1e-3)
        if index == 0 { #expect(try relativeError(scaled.scores(tokens(8)), model(unscaled).scores(tokens(8))) > 1e-3) }
    }

    @Test("In a row each sequence has the angles of its own length", arguments: 0..<2, [[], [5, nil]] as [[Int?]])
    func packed(_ index: Int, _ windows: [Int?]) throws {
        let model = try model(Self.scalings[index], windows: windows)
        let parts = [tokens(3, seed: 1), tokens(11, seed: 2), tokens(8, seed: 3), tokens(20, seed: 4)]
        let offsets = parts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        let row = TokenRow(packed: parts.flatMap { $0 }, segmentOffsets: offsets)
        let alone = try parts.flatMap { try model.scores($0) }
        #expect(try relativeError(scores(model, row), alone) < 1e-6)
    }

    @Test("A token that follows a sequence and is predicted alone counts to its length", arguments: 0..<2)
    func followed(_ index: Int) throws {
        let model = try model(Self.scalings[index])
        let text = tokens(9)
        let row = TokenRow(Array(text.dropLast()), branches: [.init(rows: 0..<8, parent: nil)], followed: true)
        let whole = try model.scores(text)
        #expect(try relativeError(scores(model, row), Array(whole.dropLast(40))) < 1e-6)
    }

    @Test("Sequences share a beginning where their lengths give it the same angles, and are refused where not")
    func shared() throws {
        let (start, short, long, longer) = (tokens(5), tokens(2, seed: 2), tokens(6, seed: 3), tokens(9, seed: 4))
        func row(_ ends: [[Int32]]) -> TokenRow {
            var branches = [TokenRow.Branch(rows: 0..<5, parent: nil)]
            for end in ends {
                let first = branches[branches.count - 1].rows.upperBound
                branches.append(.init(rows: first..<first + end.count, parent: 0))
            }
            return TokenRow(start + ends.flatMap { $0 }, branches: branches)
        }
        for (index, scaling) in Self.scalings.enumerated() {
            let model = try model(scaling)
            for ends in [[short, long], [long, short]] {
                #expect(throws: ModelError.sharedRowsOfOtherAngles) { try model.hiddenStates(row(ends)) }
            }
            #expect(!model.turnsAlike(lengths: [7, 11]) && model.turnsAlike(lengths: [7, 8, 3]))
            #expect(model.turnsAlike(lengths: [11, 14]) == (index == 0))
            if index == 0 {
                let scores = try scores(model, row([long, longer]))
                #expect(try relativeError(Array(scores.prefix(11 * 40)), model.scores(start + long)) < 1e-6)
                #expect(try relativeError(Array(scores.suffix(9 * 40)), Array(model.scores(start + longer).suffix(9 * 40))) < 1e-6)
            } else {
                #expect(throws: ModelError.sharedRowsOfOtherAngles) { try model.hiddenStates(row([long, longer])) }
            }
        }
    }

    /// The token that a text of these goes on with, the whole of it read.
    private func next(_ model: LanguageModel, _ text: [Int32]) throws -> Int32 {
        let last = try Array(model.scores(text).suffix(40))
        return Int32(last.indices.max { last[$0] < last[$1] } ?? 0)
    }

    @Test("LongRoPE writes on as though all of the text was read each time, over the length at which angles change")
    func generation() throws {
        let model = try model(Self.scalings[0])
        for count in [1, 4, 7, 8, 9, 13] {
            let prompt = tokens(count, seed: UInt64(count))
            var text = prompt
            for _ in 0..<9 { text.append(try next(model, text)) }
            #expect(try model.generate(from: prompt, maximumTokens: 9) == Array(text.dropFirst(count)))
        }
    }

    @Test("A prompt that goes on with a cache has the angles of its length", arguments: 0..<2)
    func reused(_ index: Int) throws {
        let model = try model(Self.scalings[index])
        let text = tokens(16)
        let cache = KeyValueCache(model.configuration, capacity: 64)
        // Longer, shorter again, and longer.
        for count in [4, 6, 12, 5, 8, 9, 14, 14] {
            let prompt = Array(text.prefix(count))
            #expect(try model.generate(from: prompt, maximumTokens: 1, cache: cache) == [next(model, prompt)], "\(count)")
        }
        // What has been written meanwhile is a part of the next prompt.
        let written = try model.generate(from: Array(text.prefix(6)), maximumTokens: 6, cache: cache)
        let prompt = Array(text.prefix(6)) + written + [7]
        #expect(try model.generate(from: prompt, maximumTokens: 1, cache: cache) == [next(model, prompt)])
    }

    @Test("Numbers that make no sense are refused")
    func refusals() throws {
        func check(_ scaling: RotaryScaling, headDim: Int = 8) throws { try scaling.check(headDim: headDim) }
        for scaling in Self.scalings { try check(scaling) }
        let long = RotaryScaling.LongRoPE(
            shortDivisors: [1, 2, 3, 4], longDivisors: [1, 2, 3, 4], originalPositions: 8, attentionFactor: 1)
        let changes: [(inout RotaryScaling.LongRoPE) -> Void] = [
            { $0.shortDivisors = [1, 2, 3] }, { $0.longDivisors = [1, 2, 3, 0] }, { $0.originalPositions = 0 },
            { $0.attentionFactor = .infinity }, { $0.originalPositions = .max },
        ]
        for change in changes {
            var scaling = long
            change(&scaling)
            #expect(throws: ModelError.self) { try check(.longRoPE(scaling)) }
        }
        #expect(throws: ModelError.self) { try check(.dynamic(factor: 0, originalPositions: 8)) }
        #expect(throws: ModelError.self) { try check(.dynamic(factor: 2, originalPositions: 0)) }
        #expect(throws: ModelError.self) { try check(.dynamic(factor: 2, originalPositions: 8), headDim: 2) }
        let folder = try Paths.temporaryFolder()
        let error = #expect(throws: ModelError.self) { try model(Self.scalings[1]).writeGGUF(to: folder + "/a.gguf") }
        #expect("\(try #require(error))".contains("'dynamic'"))
        var qwen = try ModelConfiguration(
            family: .qwen2, dim: 32, layerCount: 1, headCount: 4, keyValueHeadCount: 2, vocabularySize: 40, hiddenDim: 48,
            contextLength: 64)
        qwen.biases = [.query, .key, .value]
        qwen.ropeScaling = Self.scalings[0]
        let other = try LanguageModel(qwen, seed: 1)
        let second = #expect(throws: ModelError.self) { try other.writeGGUF(to: folder + "/a.gguf") }
        #expect("\(try #require(second))".contains("'longrope'"))
    }

    @Test("What the class takes where the settings say nothing")
    func settings() throws {
        func scaling(_ changes: JSONObject) throws -> RotaryScaling? {
            var json: JSONObject = [
                "model_type": "phi3", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "vocab_size": 40,
                "intermediate_size": 48, "max_position_embeddings": 65536,
                "rope_scaling": ["type": "su", "short_factor": [1.0, 1.0, 1.0, 1.0], "long_factor": [1.0, 2.0, 3.0, 4.0]],
            ]
            for (key, value) in changes { json[key] = value }
            return try HuggingFaceConfiguration(.object(json)).model.ropeScaling
        }
        func expected(_ positions: Int, _ attention: Float) -> RotaryScaling {
            .longRoPE(
                .init(
                    shortDivisors: [1, 1, 1, 1], longDivisors: [1, 2, 3, 4], originalPositions: positions, attentionFactor: attention))
        }
        // A Phi-3 is trained for 4096 positions where it does not say it; sqrt(1 + ln 16 / ln 4096) and its like.
        #expect(try scaling([:]) == expected(4096, 1.1547005))
        #expect(try scaling(["original_max_position_embeddings": 256]) == expected(256, Float(2).squareRoot()))
        #expect(try scaling(["max_position_embeddings": 2048]) == expected(4096, 1))
        var rope: JSONObject = [
            "rope_type": "longrope", "short_factor": [1.0, 1.0, 1.0, 1.0], "long_factor": [1.0, 2.0, 3.0, 4.0],
            "original_max_position_embeddings": 256, "attention_factor": 1.5,
        ]
        #expect(try scaling(["rope_scaling": .object(rope)]) == expected(4096, 1.5))
        #expect(try scaling(["rope_scaling": .object(rope), "model_type": "llama"]) == expected(256, 1.5))
        rope["attention_factor"] = nil
        rope["factor"] = 65536
        #expect(try scaling(["rope_scaling": .object(rope), "model_type": "llama"]) == expected(256, Float(3).squareRoot()))
        rope["factor"] = nil
        #expect(try scaling(["rope_scaling": .object(rope), "model_type": "llama"]) == expected(256, Float(2).squareRoot()))
    }
}
