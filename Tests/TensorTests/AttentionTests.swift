import TestSupport
import Testing

@testable import Tensor

@Suite("Attention against float64")
struct AttentionTests {
    /// Sizes, and which queries see which keys.
    struct Case: CustomTestStringConvertible {
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
        func with(scale: Float?, softCap: Float?) -> Case {
            var other = self
            (other.scale, other.softCap) = (scale, softCap)
            if let scale { other.testDescription += ", scale \(scale)" }
            if let softCap { other.testDescription += ", cap \(softCap)" }
            return other
        }

        var shapes: [[Int]] {
            [[rows, heads * headDim], [keys, keyValueHeads * headDim], [keys, keyValueHeads * headDim]]
        }

        var reference: [Reference.Segment] {
            segments.map {
                Reference.Segment(queries: Array($0.queries), keys: $0.keys.flatMap { Array($0) }, visible: $0.visibleKeys.map(Int.init))
            }
        }

        private var scores: Reference.Scores {
            Reference.Scores(scale: scale.map(Double.init) ?? 1 / Double(headDim).squareRoot(), cap: softCap.map(Double.init))
        }

        func run(_ inputs: [Tensor]) -> Tensor {
            attention(
                q: inputs[0], k: inputs[1], v: inputs[2], plan: AttentionPlan(segments, heads: heads, keyValueHeads: keyValueHeads),
                scale: scale, softCap: softCap)
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
        func with(heads: Int, keyValueHeads: Int, headDim: Int) -> Case {
            var other = self
            (other.heads, other.keyValueHeads, other.headDim) = (heads, keyValueHeads, headDim)
            other.testDescription += ", \(heads) heads of \(headDim)"
            return other
        }
    }

    private static func branch(_ queries: Range<Int>, behind keys: Range<Int>...) -> AttentionSegment {
        let before = keys.reduce(0) { $0 + $1.count }
        return AttentionSegment(
            queries: queries, keys: keys + [queries], visibleKeys: queries.indices.map { Int32(before + $0 - queries.lowerBound + 1) })
    }

    private static let small = [
        Case("one key", heads: 1, keyValueHeads: 1, headDim: 2, [AttentionSegment(queries: 0..<1, keys: 0..<1)]),
        Case(
            "grouped heads", heads: 4, keyValueHeads: 2, headDim: 3,
            [AttentionSegment(queries: 0..<3, keys: 0..<3), AttentionSegment(queries: 3..<8, keys: 3..<8)]),
        Case(
            "kept keys", heads: 6, keyValueHeads: 2, headDim: 5,
            [AttentionSegment(queries: 0..<2, keys: 0..<6), AttentionSegment(queries: 2..<5, keys: 6..<9)]),
        Case("more rows than a block", heads: 2, keyValueHeads: 1, headDim: 4, [AttentionSegment(queries: 0..<67, keys: 0..<70)]),
        Case(
            "a shared beginning, branches, and one of a branch", heads: 2, keyValueHeads: 1, headDim: 2,
            [
                AttentionSegment(queries: 0..<9, keys: 0..<9), branch(9..<14, behind: 0..<9), branch(14..<15, behind: 0..<9),
                branch(15..<33, behind: 0..<9), branch(33..<36, behind: 0..<9, 9..<14),
            ]),
        Case(
            "some queries of a shared beginning and its branches", heads: 2, keyValueHeads: 1, headDim: 2,
            [
                AttentionSegment(queries: 0..<2, keys: [0..<9], visibleKeys: [3, 9]),
                AttentionSegment(queries: 2..<5, keys: [0..<9, 9..<14], visibleKeys: [9, 11, 11]),
                AttentionSegment(queries: 5..<6, keys: [0..<9, 14..<20], visibleKeys: [14]),
            ]),
    ]

    /// Segments whose queries several tasks share.
    private static let large = [
        Case("600 queries", heads: 2, keyValueHeads: 1, headDim: 4, [AttentionSegment(queries: 0..<600, keys: 0..<600)]),
        Case(
            "1200 queries, few of many", heads: 1, keyValueHeads: 1, headDim: 2,
            [AttentionSegment(queries: 0..<1200, keys: [0..<300], visibleKeys: (0..<1200).map { Int32(1 + $0 / 4) })]),
        Case(
            "long branches of a long beginning", heads: 2, keyValueHeads: 2, headDim: 2,
            [
                AttentionSegment(queries: 0..<270, keys: 0..<270), branch(270..<610, behind: 0..<270),
                branch(610..<613, behind: 0..<270), branch(613..<890, behind: 0..<270, 270..<610),
            ]),
        Case(
            "some queries of long branches", heads: 2, keyValueHeads: 1, headDim: 4,
            [
                AttentionSegment(queries: 0..<300, keys: [0..<310], visibleKeys: (0..<300).map { Int32($0 + 5) }),
                AttentionSegment(queries: 300..<420, keys: [0..<310, 310..<490], visibleKeys: (0..<120).map { Int32(311 + $0) }),
            ]),
    ]

    /// A scale of its own, a cap that bends most scores, and both.
    private static let rescored =
        small.map { $0.with(scale: 0.8, softCap: 1.25) } + [
            small[1].with(scale: 0.3, softCap: nil), small[2].with(scale: nil, softCap: 0.5), small[3].with(scale: 2, softCap: 50),
            large[2].with(scale: 0.8, softCap: 1.25),
        ]

    @Test("Gradients are finite differences", arguments: small + rescored.filter { $0.rows < 100 })
    func differences(_ size: Case) { checkGradients(size.shapes, operation: size.run, reference: size.expected) }

    @Test("So are those of the reference", arguments: small + rescored.filter { $0.rows < 100 })
    func reference(_ size: Case) {
        let inputs = size.inputs().map { $0.values.map(Double.init) }
        let dy = size.direction().map(Double.init)
        let gradients = size.expectedGradients(inputs, dy)
        var generator = RandomGenerator(seed: 11)
        // Along a direction in all inputs at once.
        let along = inputs.map { $0.map { _ in Double(generator.normal()) } }
        func value(_ step: Double) -> Double {
            let moved = zip(inputs, along).map { zip($0, $1).map { $0 + step * $1 } }
            return zip(size.expected(moved), dy).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let numeric = (value(1e-5) - value(-1e-5)) / 2e-5
        let exact = zip(gradients, along).reduce(0.0) { $0 + zip($1.0, $1.1).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect((numeric - exact).magnitude < 1e-6 * max(1, exact.magnitude))
    }

    @Test("Long and branching segments, in several tasks", arguments: small + large + rescored)
    func tasks(_ size: Case) {
        for size in [size, size.with(heads: 4, keyValueHeads: 2, headDim: 6)] {
            let inputs = size.inputs()
            let (values, dy) = (inputs.map { $0.values.map(Double.init) }, size.direction())
            let result = size.run(inputs)
            result.backward(from: dy)
            #expect(distance(result.values, size.expected(values)) < 1e-5)
            for (input, expected) in zip(inputs, size.expectedGradients(values, dy.map(Double.init))) {
                #expect(distance(input.gradient?.values ?? [], expected) < 1e-5)
            }
        }
    }

    @Test("Where only some gradients are wanted, they are the same", arguments: small)
    func someGradients(_ size: Case) {
        let all = size.inputs()
        let dy = size.direction()
        size.run(all).backward(from: dy)
        for wanted in [[0], [1], [2], [0, 1], [1, 2]] {
            let inputs = size.inputs()
            for (index, input) in inputs.enumerated() { input.isTrainable = wanted.contains(index) }
            size.run(inputs).backward(from: dy)
            for (index, input) in inputs.enumerated() {
                #expect(input.gradient?.values == (wanted.contains(index) ? all[index].gradient?.values : nil))
            }
        }
    }

    @Test("Rows in no segment get a gradient of zero, whatever is said of their results", arguments: Precision.allCases)
    func rowsInNoSegment(_ precision: Precision) {
        let size = Case(
            "gaps", heads: 2, keyValueHeads: 1, headDim: 4,
            [
                AttentionSegment(queries: 12..<15, keys: [20..<29, 3..<6], visibleKeys: [2, 10, 11]),
                AttentionSegment(queries: 2..<5, keys: [20..<29], visibleKeys: [1, 4, 9]),
            ], rows: 17, keys: 33)
        let queries = Set([2, 3, 4, 12, 13, 14])
        let inputs = size.inputs(precision)
        let values = inputs.map { $0.values.map(Double.init) }
        var dy = size.direction()
        let expected = size.expectedGradients(values, dy.map(Double.init))
        for row in 0..<17 where !queries.contains(row) { for column in 0..<8 { dy[row * 8 + column] = .nan } }
        let result = size.run(inputs)
        result.backward(from: dy)
        let tolerance = precision == .float32 ? 1e-5 : 0.02
        for (input, expected) in zip(inputs, expected) {
            #expect(distance(input.gradient?.values ?? [], expected) < tolerance)
        }
        let dq = inputs[0].gradient?.values ?? []
        #expect((0..<17).allSatisfy { row in queries.contains(row) || dq[row * 8..<row * 8 + 8].allSatisfy { $0 == 0 } })
        // Key 5 stands in the last place of the keys, which no query sees.
        let seen = Set(Array(20..<29) + [3, 4])
        for input in inputs.dropFirst() {
            let gradient = input.gradient?.values ?? []
            #expect((0..<33).allSatisfy { row in seen.contains(row) || gradient[row * 4..<row * 4 + 4].allSatisfy { $0 == 0 } })
        }
        let (outputs, right) = (result.values, size.expected(values))
        for row in queries {
            #expect(distance(Array(outputs[row * 8..<row * 8 + 8]), Array(right[row * 8..<row * 8 + 8])) < tolerance)
        }
    }

    /// Results, probabilities and their gradients are rounded, each by at most half a unit in the last
    /// place: 2⁻⁸ of the value in bfloat16, 2⁻¹¹ in float16. What several roundings make of a value is
    /// at most a few times that of the largest; reading the inputs is no error, for they have the type.
    @Test("In 16 bits close to float32", arguments: small + large + rescored, [Precision.bfloat16, .float16])
    func sixteenBits(_ size: Case, _ precision: Precision) {
        let tolerance = precision == .bfloat16 ? 0x1p-7 : 0x1p-10
        // A head of odd width has no whole pairs of values; one of 8 has.
        let paired = size.with(heads: 2, keyValueHeads: 1, headDim: 8)
        for size in size.rows > 100 ? [paired] : [size, paired] {
            let values = size.inputs(precision).map { $0.values.map(Double.init) }
            let dy = size.direction()
            let expected = [size.expected(values)] + size.expectedGradients(values, dy.map(Double.init))
            for matmul in Matmuls.all {
                let inputs = size.inputs(precision)
                let result = ComputeContext.with({
                    $0.matmul = matmul
                    $0.precision = precision
                }) {
                    let result = size.run(inputs)
                    result.backward(from: dy)
                    return result
                }
                #expect(result.precision == precision && inputs.allSatisfy { $0.gradient?.precision == precision })
                let found = [result.values] + inputs.map { $0.gradient?.values ?? [] }
                let errors = zip(found, expected).map(distance)
                #expect(errors.max() ?? .infinity < tolerance, "\(matmul.name): \(errors)")
            }
        }
    }
}
