import TestSupport
import Testing

@testable import Tensor

@Suite("Operations of updates")
struct UpdateTests {
    private let mask = DropoutMask(rate: 0.3, seed: 99)

    /// The mask's factors, by the generator that it is defined by.
    private func factors(_ count: Int) -> [Double] {
        var generator = RandomGenerator(seed: 99)
        let words = (0..<(count + 1) / 2).map { _ in generator.next() }
        return (0..<count).map { place in
            let bits = UInt32(truncatingIfNeeded: words[place / 2] >> (place % 2 == 0 ? 0 : 32))
            return Double(bits) < Double(Float(0.3)) * 0x1p32 ? 0 : 1 / (1 - Double(Float(0.3)))
        }
    }

    @Test("A mask is what its generator says, wherever it is cut", arguments: [1, 7, 511, 513, 100_001])
    func mask(_ count: Int) {
        let expected = factors(count)
        let x = Tensor((0..<count).map { Float($0 % 13) + 1 }, shape: [count])
        let values = dropout(x, mask).values
        #expect(zip(zip(values, x.values), expected).allSatisfy { abs(Double($0.0) - $1 * Double($0.1)) < 1e-5 })
        #expect(largestDifference(zip(values, dropoutRest(x, mask).values).map { $0 + $1 }, x.values) < 1e-5)
    }

    @Test("The share that is left out is the rate", arguments: [Float(0), 0.05, 0.5, 0.9])
    func rate(_ rate: Float) {
        let count = 200_000
        let values = dropout(Tensor(repeating: 1, shape: [count]), DropoutMask(rate: rate, seed: 5)).values
        let share = Float(values.count { $0 == 0 }) / Float(count)
        // Five standard deviations.
        #expect(abs(share - rate) <= 5 * (rate * (1 - rate) / Float(count)).squareRoot())
        #expect(values.allSatisfy { $0 == 0 || $0 == 1 / (1 - rate) })
    }

    @Test("Gradients of dropout and of what it takes away")
    func dropoutGradients() {
        let factors = factors(15)
        checkGradients([[3, 5]]) {
            dropout($0[0], mask)
        } reference: {
            zip($0[0], factors).map { $0 * $1 }
        }
        checkGradients([[3, 5]]) {
            dropoutRest($0[0], mask)
        } reference: {
            zip($0[0], factors).map { $0 * (1 - $1) }
        }
    }

    @Test("Gradients of a linear layer whose update reads a part of the input", arguments: [(3, 5, 4, 2), (50, 8, 6, 3)])
    func linearDropout(_ rows: Int, _ input: Int, _ output: Int, _ rank: Int) {
        let factors = factors(rows * input)
        checkGradients([[rows, input], [output, input], [rank, input], [output, rank]]) {
            linear($0[0], $0[1], LowRankFactors(a: $0[2], b: $0[3], scale: 0.75), dropout: mask)
        } reference: {
            let base = Reference.linear($0[0], $0[1], rows: rows, input: input, output: output)
            let read = zip($0[0], factors).map { $0 * $1 }
            let hidden = Reference.linear(read, $0[2], rows: rows, input: input, output: rank)
            let update = Reference.linear(hidden, $0[3], rows: rows, input: rank, output: output)
            return zip(base, update).map { $0 + 0.75 * $1 }
        }
    }

    @Test("In 16 bits dropout differs by rounding alone", arguments: Matmuls.all.indices)
    func halves(_ index: Int) {
        func run(_ precision: Precision) -> [[Float]] {
            var generator = RandomGenerator(seed: 4)
            let inputs = [[60, 16], [12, 16], [3, 16], [12, 3]].map { shape in
                Tensor((0..<shape[0] * shape[1]).map { _ in generator.normal() }, shape: shape)
            }
            for place in [0, 2, 3] { inputs[place].isTrainable = true }
            return ComputeContext.with({
                $0.precision = precision
                $0.matmul = Matmuls.all[index]
            }) {
                let y = linear(inputs[0], inputs[1], LowRankFactors(a: inputs[2], b: inputs[3]), dropout: mask)
                y.backward(from: (0..<y.count).map { _ in generator.normal() })
                return [y.values] + [0, 2, 3].map { inputs[$0].gradient?.values ?? [] }
            }
        }
        for (half, whole) in zip(run(.bfloat16), run(.float32)) { #expect(relativeError(half, whole) < 0.01) }
    }

    @Test("Gradients of a weighted sum")
    func weightedSums() {
        checkGradients([[3, 4], [3, 4], [3, 4]]) {
            weightedSum($0, weights: [1, -0.5, 2])
        } reference: { terms in
            terms[0].indices.map { terms[0][$0] - 0.5 * terms[1][$0] + 2 * terms[2][$0] }
        }
        let x = Tensor([1, 2], shape: [2])
        #expect(weightedSum([x, x], weights: [1, -0.25]).values == [0.75, 1.5])
    }

    @Test("Gradients of rescaled columns, the norms held")
    func rescaling() {
        let norms: [Float] = [0.5, 2, 3, 4]
        checkGradients([[5, 4], [4]]) {
            rescaledColumns($0[0], magnitude: $0[1], norms: Tensor(norms, shape: [4]))
        } reference: { inputs in
            inputs[0].indices.map { inputs[0][$0] * inputs[1][$0 % 4] / Double(norms[$0 % 4]) }
        }
    }

    @Test("Row norms without the sum", arguments: [(5, 4, 2), (70, 33, 8), (130, 64, 16)])
    func rowNorms(_ rows: Int, _ width: Int, _ rank: Int) {
        var generator = RandomGenerator(seed: 8)
        func random(_ shape: [Int]) -> Tensor { Tensor((0..<shape[0] * shape[1]).map { _ in generator.normal() }, shape: shape) }
        let weight = random([rows, width])
        let factors = LowRankFactors(a: random([rank, width]), b: random([rows, rank]), scale: 0.3)
        let sum = zip(weight.values, factors.product.values).map { $0 + $1 }
        let expected = (0..<rows).map { row in
            sum[row * width..<(row + 1) * width].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
        for matmul in Matmuls.all {
            ComputeContext.with({ $0.matmul = matmul }) {
                #expect(distance(factors.rowNorms(of: weight, squares: weight.rowSquares).values, expected) < 1e-6)
            }
        }
        let direct = Reference.linear(
            factors.b.values.map(Double.init), (0..<width * rank).map { Double(factors.a.values[$0 % rank * width + $0 / rank]) },
            rows: rows, input: rank, output: width
        ).map { $0 * Double(Float(0.3)) }
        #expect(distance(factors.product.values, direct) < 1e-6)
    }

    @Test("Reading values that a packed form alone holds leaves them there")
    func packedValues() {
        let values = (0..<64 * 64).map { Precision.bfloat16.rounded(Float($0) / 100) }
        let weight = Tensor(values, shape: [64, 64], precision: .bfloat16)
        weight.isFrozenWeight = true
        ComputeContext.with({
            $0.precision = .bfloat16
            $0.matmul = PortableMatmul()
        }) {
            _ = weight.packed(transposed: true, .current)
            _ = weight.packed(transposed: false, .current)
        }
        #expect(weight.values == values && weight.values == values)
    }

    @Test("Whoever keeps what is derived from values learns that they change")
    func changes() {
        let x = Tensor([1, 2], shape: [2])
        var seen: Set<UInt64> = [x.changes]
        x.replaceValues([3, 4])
        #expect(seen.insert(x.changes).inserted)
        x.scale(by: 2)
        #expect(seen.insert(x.changes).inserted)
        x.withMutableValues { $0[0] = 1 }
        #expect(seen.insert(x.changes).inserted)
        x.gradient = Tensor([1, 1], shape: [2])
        x.applyAdamW(
            AdamWMoments(like: x), AdamWCoefficients(learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0))
        #expect(seen.insert(x.changes).inserted)
        _ = x.values
        #expect(!seen.insert(x.changes).inserted)
    }
}

@Suite("Truncated singular value decomposition")
struct TruncatedSVDTests {
    private func random(_ rows: Int, _ columns: Int, seed: UInt64 = 3) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        return Tensor((0..<rows * columns).map { _ in generator.normal() }, shape: [rows, columns])
    }

    /// `[rows, columns]` of orthonormal rows, to rounding?
    private func expectOrthonormal(_ rows: [[Float]]) {
        for (i, row) in rows.enumerated() {
            for (j, other) in rows.enumerated() {
                let product = zip(row, other).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                #expect(abs(product - (i == j ? 1 : 0)) < 1e-4)
            }
        }
    }

    private func rows(_ tensor: Tensor) -> [[Float]] {
        stride(from: 0, to: tensor.count, by: tensor.width).map { Array(tensor.values[$0..<$0 + tensor.width]) }
    }

    @Test("All singular values make the matrix whole", arguments: [(6, 4), (4, 6), (9, 9), (1, 5)])
    func whole(_ sizes: (rows: Int, columns: Int)) {
        let matrix = random(sizes.rows, sizes.columns)
        let rank = min(sizes.rows, sizes.columns)
        let parts = TruncatedSVD(matrix, rank: rank)
        #expect(parts.values == parts.values.sorted(by: >))
        let scaled = Tensor(parts.left.values.enumerated().map { $1 * parts.values[$0 % rank] }, shape: parts.left.shape)
        #expect(largestDifference(LowRankFactors(a: parts.right, b: scaled).product.values, matrix.values) < 1e-5)
        expectOrthonormal(rows(parts.right))
    }

    @Test("A matrix of low rank, and one of zeros")
    func deficient() {
        let factors = LowRankFactors(a: random(2, 40), b: random(30, 2, seed: 4))
        let parts = TruncatedSVD(factors.product, rank: 4)
        #expect(parts.values[1] > 1 && parts.values[2] < 1e-4 * parts.values[0])
        let scaled = Tensor(parts.left.values.enumerated().map { $1 * parts.values[$0 % 4] }, shape: [30, 4])
        #expect(relativeError(LowRankFactors(a: parts.right, b: scaled).product.values, factors.product.values) < 1e-5)
        let nothing = TruncatedSVD(Tensor(repeating: 0, shape: [8, 8]), rank: 2)
        #expect(nothing.values == [0, 0])
        #expect((nothing.left.values + nothing.right.values).allSatisfy { $0.isFinite })
    }

    @Test("On every number of threads the same bits")
    func threads() {
        let before = Parallel.threads
        defer { Parallel.threads = before }
        let matrix = random(200, 120)
        Parallel.threads = 1
        let one = TruncatedSVD(matrix, rank: 8)
        Parallel.threads = 3
        let three = TruncatedSVD(matrix, rank: 8)
        #expect(one.values == three.values && one.left.values == three.left.values && one.right.values == three.right.values)
    }
}
