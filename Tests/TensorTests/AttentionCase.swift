import Testing

@testable import Tensor

/// Sizes, and which queries see which keys.
struct AttentionCase: CustomTestStringConvertible {
    var testDescription: String
    var heads: Int
    var keyValueHeads: Int
    var headDim: Int
    let segments: [AttentionSegment]
    /// Rows of queries and of keys; some may be in no segment.
    let rows: Int
    let keys: Int
    var scale: Float?
    var softCap: Float?
    var window: Int?

    init(
        _ name: String, heads: Int, keyValueHeads: Int, headDim: Int, _ segments: [AttentionSegment], rows: Int? = nil,
        keys: Int? = nil
    ) {
        testDescription = name
        (self.heads, self.keyValueHeads, self.headDim, self.segments) = (heads, keyValueHeads, headDim, segments)
        self.rows = rows ?? segments.map(\.queries.upperBound).max() ?? 0
        self.keys = keys ?? segments.flatMap(\.keys).map(\.upperBound).max() ?? 0
    }

    /// The case with other scores.
    func with(scale: Float?, softCap: Float?) -> AttentionCase {
        var other = self
        (other.scale, other.softCap) = (scale, softCap)
        if let scale { other.testDescription += ", scale \(scale)" }
        if let softCap { other.testDescription += ", cap \(softCap)" }
        return other
    }

    /// The case with a window.
    func with(window: Int) -> AttentionCase {
        var other = self
        other.window = window
        other.testDescription += ", window \(window)"
        return other
    }

    var plan: AttentionPlan { AttentionPlan(segments, heads: heads, keyValueHeads: keyValueHeads, window: window) }

    var shapes: [[Int]] {
        [[rows, heads * headDim], [keys, keyValueHeads * headDim], [keys, keyValueHeads * headDim]]
    }

    var reference: [Reference.Segment] {
        segments.map {
            Reference.Segment(
                queries: Array($0.queries), keys: $0.keys.flatMap { Array($0) }, visible: $0.visibleKeys.map(Int.init),
                window: window ?? .max)
        }
    }

    private var scores: Reference.Scores {
        Reference.Scores(scale: scale.map(Double.init) ?? 1 / Double(headDim).squareRoot(), cap: softCap.map(Double.init))
    }

    func run(_ inputs: [Tensor]) -> Tensor {
        attention(
            q: inputs[0], k: inputs[1], v: inputs[2], plan: plan, scale: scale, softCap: softCap)
    }

    func expected(_ inputs: [[Double]]) -> [Double] {
        Reference.attention(
            inputs[0], inputs[1], inputs[2], rows: rows, heads: heads, keyValueHeads: keyValueHeads, headDim: headDim,
            segments: reference, scores: scores)
    }

    func expectedGradients(_ inputs: [[Double]], _ dy: [Double]) -> [[Double]] {
        Reference.attentionGradients(
            inputs[0], inputs[1], inputs[2], dy, heads: heads, keyValueHeads: keyValueHeads, headDim: headDim,
            segments: reference, scores: scores)
    }

    /// Queries, keys and values of random numbers, marked trainable.
    func inputs(_ precision: Precision = .float32, seed: UInt64 = 7) -> [Tensor] {
        var generator = RandomGenerator(seed: seed)
        return shapes.map { shape in
            let tensor = Tensor((0..<shape[0] * shape[1]).map { _ in generator.normal() }, shape: shape, precision: precision)
            tensor.isTrainable = true
            return tensor
        }
    }

    /// A gradient of the result, of values that both 16-bit types have.
    func direction(seed: UInt64 = 8) -> [Float] {
        var generator = RandomGenerator(seed: seed)
        return (0..<rows * heads * headDim).map { _ in Precision.bfloat16.rounded(generator.normal()) }
    }

    /// The case with other heads.
    func with(heads: Int, keyValueHeads: Int, headDim: Int) -> AttentionCase {
        var other = self
        (other.heads, other.keyValueHeads, other.headDim) = (heads, keyValueHeads, headDim)
        other.testDescription += ", \(heads) heads of \(headDim)"
        return other
    }
}

extension AttentionCase {
    /// Queries behind runs of keys and their own.
    static func branch(_ queries: Range<Int>, behind keys: Range<Int>...) -> AttentionSegment {
        let before = keys.reduce(0) { $0 + $1.count }
        return AttentionSegment(
            queries: queries, keys: keys + [queries], visibleKeys: queries.indices.map { Int32(before + $0 - queries.lowerBound + 1) })
    }

    static let small = [
        AttentionCase("one key", heads: 1, keyValueHeads: 1, headDim: 2, [AttentionSegment(queries: 0..<1, keys: 0..<1)]),
        AttentionCase(
            "grouped heads", heads: 4, keyValueHeads: 2, headDim: 3,
            [AttentionSegment(queries: 0..<3, keys: 0..<3), AttentionSegment(queries: 3..<8, keys: 3..<8)]),
        AttentionCase(
            "kept keys", heads: 6, keyValueHeads: 2, headDim: 5,
            [AttentionSegment(queries: 0..<2, keys: 0..<6), AttentionSegment(queries: 2..<5, keys: 6..<9)]),
        AttentionCase("more rows than a block", heads: 2, keyValueHeads: 1, headDim: 4, [AttentionSegment(queries: 0..<67, keys: 0..<70)]),
        AttentionCase(
            "a shared beginning, branches, and one of a branch", heads: 2, keyValueHeads: 1, headDim: 2,
            [
                AttentionSegment(queries: 0..<9, keys: 0..<9), branch(9..<14, behind: 0..<9), branch(14..<15, behind: 0..<9),
                branch(15..<33, behind: 0..<9), branch(33..<36, behind: 0..<9, 9..<14),
            ]),
        AttentionCase(
            "some queries of a shared beginning and its branches", heads: 2, keyValueHeads: 1, headDim: 2,
            [
                AttentionSegment(queries: 0..<2, keys: [0..<9], visibleKeys: [3, 9]),
                AttentionSegment(queries: 2..<5, keys: [0..<9, 9..<14], visibleKeys: [9, 11, 11]),
                AttentionSegment(queries: 5..<6, keys: [0..<9, 14..<20], visibleKeys: [14]),
            ]),
    ]

    /// Segments whose queries several tasks share.
    static let large = [
        AttentionCase("600 queries", heads: 2, keyValueHeads: 1, headDim: 4, [AttentionSegment(queries: 0..<600, keys: 0..<600)]),
        AttentionCase(
            "1200 queries, few of many", heads: 1, keyValueHeads: 1, headDim: 2,
            [AttentionSegment(queries: 0..<1200, keys: [0..<300], visibleKeys: (0..<1200).map { Int32(1 + $0 / 4) })]),
        AttentionCase(
            "long branches of a long beginning", heads: 2, keyValueHeads: 2, headDim: 2,
            [
                AttentionSegment(queries: 0..<270, keys: 0..<270), branch(270..<610, behind: 0..<270),
                branch(610..<613, behind: 0..<270), branch(613..<890, behind: 0..<270, 270..<610),
            ]),
        AttentionCase(
            "some queries of long branches", heads: 2, keyValueHeads: 1, headDim: 4,
            [
                AttentionSegment(queries: 0..<300, keys: [0..<310], visibleKeys: (0..<300).map { Int32($0 + 5) }),
                AttentionSegment(queries: 300..<420, keys: [0..<310, 310..<490], visibleKeys: (0..<120).map { Int32(311 + $0) }),
            ]),
    ]

    /// Those of which differences are taken quickly.
    private static let few = small.filter { $0.rows < 60 }

    /// A scale of its own, a cap that bends most scores, and both.
    private static let rescored =
        few.map { $0.with(scale: 0.8, softCap: 1.25) } + [
            small[1].with(scale: 0.3, softCap: nil), small[2].with(scale: nil, softCap: 0.5), small[3].with(scale: 2, softCap: 50),
        ]

    static let windowed =
        few.map { $0.with(window: 3) } + [
            small[1].with(window: 2), small[3].with(window: 20), small[4].with(window: 7), small[4].with(window: 12),
            small[2].with(window: 2).with(scale: 0.8, softCap: 1.25), small[4].with(window: 11).with(scale: 0.8, softCap: 1.25),
        ]

    private static let windowedLarge =
        large.map { $0.with(window: 50) } + [
            large[0].with(window: 321), large[2].with(window: 300),
            large[2].with(window: 90).with(scale: 0.8, softCap: 1.25), large[3].with(window: 130),
        ]

    /// What finite differences are taken of.
    static let short = small + rescored + windowed

    static let all = short + large + windowedLarge + [large[2].with(scale: 0.8, softCap: 1.25)]
}
