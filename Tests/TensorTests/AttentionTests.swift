import CKernels
import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite("Attention against float64")
struct AttentionTests {
    @Test("Gradients are finite differences", arguments: AttentionCase.short)
    func differences(_ size: AttentionCase) { checkGradients(size.shapes, operation: size.run, reference: size.expected) }

    @Test("So are those of the reference", arguments: AttentionCase.short)
    func reference(_ size: AttentionCase) {
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

    @Test("Long and branching segments, in several tasks", arguments: AttentionCase.all)
    func tasks(_ size: AttentionCase) {
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

    @Test("Where only some gradients are wanted, they are the same", arguments: AttentionCase.small + AttentionCase.windowed)
    func someGradients(_ size: AttentionCase) {
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
        let size = AttentionCase(
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
    @Test("In 16 bits close to float32", arguments: AttentionCase.all, [Precision.bfloat16, .float16])
    func sixteenBits(_ size: AttentionCase, _ precision: Precision) {
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

    @Test("A cap bends scores by a tanh, precisely near 0 and far from it")
    func softCap() {
        let places: [Float] = (-2000...2000).map { Float($0) / 100 } + (1...60).map { Float(sign: .plus, exponent: -$0, significand: 1.3) }
        var (scores, slopes, alone) = (places, places, places)
        attention_soft_cap(Int64(places.count), 1, 1, &scores, &slopes)
        attention_soft_cap(Int64(places.count), 1, 1, &alone, nil)
        #expect(scores == alone)
        for (x, (y, slope)) in zip(places, zip(scores, slopes)) {
            let exact = tanh(Double(x))
            #expect(abs(Double(y) - exact) <= 0x1p-22 * abs(exact) && abs(Double(slope) - (1 - exact * exact)) < 0x1p-22)
        }
        var ends: [Float] = [.infinity, -.infinity, 0, .nan]
        attention_soft_cap(4, 0.5, 30, &ends, nil)
        #expect(ends.prefix(3) == [30, -30, 0] && ends[3].isNaN)
    }
}
