import TestSupport
import Testing

@testable import Tensor

@Suite("Values that packed forms hold")
struct PackedValuesTests {
    @Test(
        "A weight that is only read forwards gives its values back, whatever its shape",
        arguments: [(1, 1), (3, 70), (33, 8), (130, 257)], [Precision.float32, .bfloat16])
    func forwardsAlone(_ shape: (Int, Int), _ precision: Precision) {
        var generator = RandomGenerator(seed: 3)
        let values = (0..<shape.0 * shape.1).map { _ in precision.rounded(generator.normal()) }
        for matmul in Matmuls.all {
            let weight = Tensor(values, shape: [shape.0, shape.1], precision: precision)
            weight.isFrozenWeight = true
            let x = Tensor((0..<2 * shape.1).map { _ in generator.normal() }, shape: [2, shape.1])
            func product(recording: Bool) -> [Float] {
                ComputeContext.with({
                    $0.matmul = matmul
                    $0.precision = precision
                    $0.recordsGraph = recording
                }) { linear(x, weight).values }
            }
            let first = product(recording: false)
            #expect(weight.holdsPlainValues == (weight.exactForm?.matrix.ownsValues != true), "\(matmul.name)")
            #expect(weight.values == values, "\(matmul.name)")
            // And a backward pass that comes later finds what it needs.
            let trained = Tensor(x.values, shape: x.shape)
            trained.isTrainable = true
            ComputeContext.with({
                $0.matmul = matmul
                $0.precision = precision
            }) { linear(trained, weight).backward(from: Array(repeating: 1, count: 2 * shape.0)) }
            let expected = (0..<shape.1).map { column in (0..<shape.0).reduce(Float(0)) { $0 + values[$1 * shape.1 + column] } }
            #expect(distance(Array((trained.gradient?.values ?? []).prefix(shape.1)), expected.map(Double.init)) < 1e-2, "\(matmul.name)")
            #expect(weight.values == values, "\(matmul.name)")
            #expect(product(recording: false) == first, "\(matmul.name)")
        }
    }
}
