import TestSupport
import Testing

@testable import Tensor

/// Where the processor multiplies bfloat16, its products and those of rounded values in float32 have the
/// same exact terms; they differ in the order of summation, by about 2⁻²² of a sum of normal size. That
/// decides the rounding to bfloat16 where a sum lies as near to the middle between two of its values,
/// which are 2⁻⁷ to 2⁻⁸ apart: for about one sum in some thousand. Such a result differs by one unit in
/// the last place, and what is computed from it by a share of that.
///
/// So results agree in nearly all values, and the norm of the difference stays far below what a rounding
/// left out would make, which is 2⁻⁹ to 2⁻¹⁰ of the norm. The bound is a quarter of the smaller.
@Suite("Real and emulated products of bfloat16 agree")
struct BFloat16Tests {
    private static let bound = 0x1p-12

    private func random(_ shape: [Int], seed: UInt64, scale: Float = 1, trainable: Bool = false, _ precision: Precision = .float32)
        -> Tensor
    {
        var generator = RandomGenerator(seed: seed)
        let tensor = Tensor((0..<shape.reduce(1, *)).map { _ in scale * generator.normal() }, shape: shape, precision: precision)
        tensor.isTrainable = trainable
        return tensor
    }

    /// Runs `body` by every product, and compares the lists of numbers it returns.
    private func compare(_ body: () -> [[Float]], sourceLocation: SourceLocation = #_sourceLocation) {
        let runs = Matmuls.all.map { matmul in
            (
                name: matmul.name,
                results: ComputeContext.with(
                    {
                        $0.matmul = matmul
                        $0.precision = .bfloat16
                    }, body)
            )
        }
        for run in runs.dropFirst() {
            for (index, pair) in zip(run.results, runs[0].results).enumerated() {
                let error = relativeError(pair.0, pair.1)
                #expect(error < Self.bound, "\(run.name) and \(runs[0].name), result \(index)", sourceLocation: sourceLocation)
            }
        }
    }

    @Test(arguments: [(1, 64, 32), (47, 65, 33), (130, 300, 70)])
    func linearLayer(_ rows: Int, _ input: Int, _ output: Int) {
        compare {
            let (x, weight) = (random([rows, input], seed: 1, trainable: true), random([output, input], seed: 2, trainable: true))
            let y = linear(x, weight)
            y.backward(from: random([rows, output], seed: 3).values)
            return [y.values, x.gradient?.values ?? [], weight.gradient?.values ?? []]
        }
    }

    @Test(arguments: [(1, 64, 32, 4), (47, 65, 33, 3), (130, 300, 70, 16)])
    func adaptedLayer(_ rows: Int, _ input: Int, _ output: Int, _ rank: Int) {
        compare {
            let x = random([rows, input], seed: 1, trainable: true)
            let factors = LowRankFactors(
                a: random([rank, input], seed: 4, scale: 0.1, trainable: true),
                b: random([output, rank], seed: 5, trainable: true), scale: 0.75)
            let y = linear(x, random([output, input], seed: 2), factors)
            y.backward(from: random([rows, output], seed: 3).values)
            return [y.values, x.gradient?.values ?? [], factors.a.gradient?.values ?? [], factors.b.gradient?.values ?? []]
        }
    }

    @Test(arguments: [2, 8, 64], [nil, 37])
    func attentionLayer(_ headDim: Int, _ window: Int?) {
        compare {
            let inputs = [4, 2, 2].enumerated().map {
                random([150, $1 * headDim], seed: UInt64($0), trainable: true, .bfloat16)
            }
            let segments = [
                AttentionSegment(queries: 0..<101, keys: 0..<101),
                AttentionSegment(queries: 101..<150, keys: [0..<101, 101..<150], visibleKeys: (102...150).map { $0 }),
            ]
            let plan = AttentionPlan(segments, heads: 4, keyValueHeads: 2, window: window)
            let y = attention(q: inputs[0], k: inputs[1], v: inputs[2], plan: plan)
            y.backward(from: random(y.shape, seed: 9, .bfloat16).values)
            return [y.values] + inputs.map { $0.gradient?.values ?? [] }
        }
    }

    @Test(arguments: [(3, 16, 40), (130, 64, 333)], [nil, 2] as [Float?])
    func crossEntropy(_ size: (rows: Int, width: Int, vocabulary: Int), _ softCap: Float?) {
        let (rows, width, vocabulary) = size
        compare {
            let x = random([rows, width], seed: 1, trainable: true)
            let weight = random([vocabulary, width], seed: 2, scale: 0.3, trainable: true)
            let loss = projectedCrossEntropy(
                x, weight: weight, targets: (0..<rows).map { Int32($0 * 7 % vocabulary) }, normalizer: Float(rows),
                softCap: softCap)
            loss.backward()
            return [loss.values, x.gradient?.values ?? [], weight.gradient?.values ?? []]
        }
    }
}
