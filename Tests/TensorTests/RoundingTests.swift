import Foundation
import TestSupport
import Testing

@testable import Tensor

/// Where 16-bit operations round, step by step in float64: as PyTorch's do under autocast, where each is a kernel of its
/// own.
///
/// A step in float32 that lies near the middle between two 16-bit values may be rounded to the other one: about one
/// value in a thousand. The norm of the difference is then far below a rounding left out or put in, which is a quarter
/// of a unit in the last place of each value, on the average.
@Suite("16-bit operations round where PyTorch does")
struct RoundingTests {
    private func random(_ shape: [Int], seed: UInt64, _ precision: Precision) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        let tensor = Tensor((0..<shape.reduce(1, *)).map { _ in 2 * generator.normal() }, shape: shape, precision: precision)
        tensor.isTrainable = true
        return tensor
    }

    /// The bound of an error: a sixteenth of half a unit in the last place.
    private func bound(_ precision: Precision) -> Double { precision == .bfloat16 ? 0x1p-12 : 0x1p-15 }

    private func expect(
        _ values: [Float]?, _ expected: [Double], _ precision: Precision, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = relativeError(values ?? [], expected.map { Float($0) })
        #expect(error < bound(precision), sourceLocation: sourceLocation)
    }

    @Test(arguments: [Precision.bfloat16, .float16])
    func gatedSiLU(_ precision: Precision) {
        let (gate, up) = (random([50, 81], seed: 1, precision), random([50, 81], seed: 2, precision))
        let dy = random([50, 81], seed: 3, precision).values
        let y = swiGLU(gate: gate, up: up)
        y.backward(from: dy)
        func rounded(_ x: Double) -> Double { Double(precision.rounded(Float(x))) }
        let inputs = zip(zip(gate.values, up.values), dy).map { (g: Double($0.0), u: Double($0.1), d: Double($1)) }
        expect(y.values, inputs.map { rounded(rounded(Reference.silu($0.g)) * $0.u) }, precision)
        expect(up.gradient?.values, inputs.map { rounded($0.d * rounded(Reference.silu($0.g))) }, precision)
        expect(
            gate.gradient?.values,
            inputs.map {
                let sigmoid = 1 / (1 + exp(-$0.g))
                return rounded(rounded($0.d * $0.u) * (sigmoid * (1 + $0.g * (1 - sigmoid))))
            }, precision)
    }

    @Test(arguments: [Precision.bfloat16, .float16], [Activation.silu, .gelu, .tanhGELU, .sigmoid])
    func activations(_ precision: Precision, _ activation: Activation) {
        let (x, gate, up) = (
            random([50, 81], seed: 1, precision), random([50, 81], seed: 1, precision), random([50, 81], seed: 2, precision)
        )
        let dy = random([50, 81], seed: 3, precision).values
        let (y, gated) = (activated(x, activation), gatedActivation(gate: gate, up: up, activation))
        y.backward(from: dy)
        gated.backward(from: dy)
        #expect(y.precision == precision && gated.precision == precision)
        func rounded(_ x: Double) -> Double { Double(precision.rounded(Float(x))) }
        let values = x.values.map { rounded(Reference.activation(activation, Double($0))) }
        let slopes = x.values.map { Reference.slope(activation, Double($0)) }
        let (ups, gradients) = (up.values.map(Double.init), dy.map(Double.init))
        expect(y.values, values, precision)
        expect(x.gradient?.values, zip(slopes, gradients).map { rounded($0 * $1) }, precision)
        expect(gated.values, zip(values, ups).map { rounded($0 * $1) }, precision)
        expect(up.gradient?.values, zip(values, gradients).map { rounded($0 * $1) }, precision)
        expect(gate.gradient?.values, zip(slopes, zip(gradients, ups)).map { rounded($0 * rounded($1.0 * $1.1)) }, precision)
    }

    @Test(arguments: [Precision.bfloat16, .float16])
    func scaling(_ precision: Precision) {
        let x = random([50, 81], seed: 1, precision)
        let dy = random([50, 81], seed: 3, precision).values
        // A number that no 16-bit type has: it is not rounded itself.
        let y = scaled(x, by: 0.220_970_87)
        y.backward(from: dy)
        #expect(y.precision == precision)
        #expect(y.values == x.values.map { precision.rounded(0.220_970_87 * $0) })
        #expect(x.gradient?.values == dy.map { 0.220_970_87 * $0 })
    }

    @Test(arguments: [Precision.bfloat16, .float16])
    func product(_ precision: Precision) {
        let (a, b) = (random([50, 81], seed: 1, precision), random([50, 81], seed: 2, precision))
        let dy = random([50, 81], seed: 3, precision).values
        let y = multiply(a, b)
        y.backward(from: dy)
        // The product of two 16-bit values is a float32.
        #expect(y.precision == precision && y.values == zip(a.values, b.values).map { precision.rounded($0 * $1) })
        #expect(a.gradient?.values == zip(dy, b.values).map { precision.rounded($0 * $1) })
        #expect(b.gradient?.values == zip(dy, a.values).map { precision.rounded($0 * $1) })
    }

    @Test("A norm is computed in float32 and rounded once, its gradient not at all", arguments: [Precision.bfloat16, .float16])
    func norm(_ precision: Precision) {
        for offset: Float in [0, 1] {
            let (x, weight) = (random([40, 96], seed: 1, .float32), random([96], seed: 2, .float32))
            let y = ComputeContext.with({ $0.precision = precision }) { rmsNorm(x, weight: weight, epsilon: 1e-5, offset: offset) }
            #expect(y.precision == precision)
            let exact = Reference.rmsNorm(
                x.values.map(Double.init), weight.values.map { Double(offset) + Double($0) }, epsilon: 1e-5)
            expect(y.values, exact.map { Double(precision.rounded(Float($0))) }, precision)
            let dy = random([40, 96], seed: 3, precision).values
            y.backward(from: dy)
            let (x32, weight32) = (random([40, 96], seed: 1, .float32), random([96], seed: 2, .float32))
            rmsNorm(x32, weight: weight32, epsilon: 1e-5, offset: offset).backward(from: dy)
            #expect(x.gradient?.precision == .float32 && x.gradient?.values == x32.gradient?.values)
            #expect(weight.gradient?.values == weight32.gradient?.values)
        }
    }

    @Test("So is a layer norm, with its bias", arguments: [Precision.bfloat16, .float16])
    func layerNormalisation(_ precision: Precision) {
        func inputs() -> [Tensor] {
            [random([40, 96], seed: 1, .float32), random([96], seed: 2, .float32), random([96], seed: 4, .float32)]
        }
        let (narrow, wide) = (inputs(), inputs())
        let y = ComputeContext.with({ $0.precision = precision }) {
            layerNorm(narrow[0], weight: narrow[1], bias: narrow[2], epsilon: 1e-5)
        }
        #expect(y.precision == precision)
        let values = narrow.map { $0.values.map(Double.init) }
        let exact = Reference.layerNorm(values[0], values[1], values[2], epsilon: 1e-5)
        expect(y.values, exact.map { Double(precision.rounded(Float($0))) }, precision)
        let dy = random([40, 96], seed: 3, precision).values
        y.backward(from: dy)
        layerNorm(wide[0], weight: wide[1], bias: wide[2], epsilon: 1e-5).backward(from: dy)
        for (input, expected) in zip(narrow, wide) { #expect(input.gradient?.values == expected.gradient?.values) }
    }

    @Test(arguments: [Precision.bfloat16, .float16], [RotaryLayout.interleaved, .rotateHalf])
    func rope(_ precision: Precision, _ layout: RotaryLayout) {
        let positions = (0..<40).map { $0 * 3 % 50 }
        let x = random([40, 4 * 12], seed: 1, precision)
        for turned in [12, 8] {
            let table = RotaryTable(positions: 50, headDim: turned, base: 1000)
            let y = rotate(x, positions: positions.map(Int32.init), table: table, layout: layout, headDim: 12)
            let exact = Reference.rope(
                x.values.map(Double.init), positions: positions, headDim: 12, turned: turned, base: 1000,
                interleaved: layout == .interleaved)
            #expect(y.precision == precision)
            expect(y.values, exact.map { Double(precision.rounded(Float($0))) }, precision)
            #expect(zip(y.values, x.values).enumerated().allSatisfy { $0 % 12 < turned || $1.0 == $1.1 })
        }
    }

    @Test("A linear layer reads rounded values, sums in float32 and rounds once", arguments: [Precision.bfloat16, .float16])
    func linearLayer(_ precision: Precision) {
        let (x, weight) = (random([60, 70], seed: 1, .float32), random([33, 70], seed: 2, .float32))
        func rounded(_ tensor: Tensor) -> [Double] { tensor.values.map { Double(precision.rounded($0)) } }
        let exact = Reference.linear(rounded(x), rounded(weight), rows: 60, input: 70, output: 33)
        for matmul in Matmuls.all {
            let y = ComputeContext.with({
                $0.matmul = matmul
                $0.precision = precision
            }) { linear(x, weight) }
            #expect(y.precision == precision)
            expect(y.values, exact.map { Double(precision.rounded(Float($0))) }, precision)
        }
    }

    @Test("A bias is read in the result's type and rounded with the sum", arguments: [Precision.bfloat16, .float16])
    func linearWithBias(_ precision: Precision) {
        // Rows in one block and in several; columns in one panel and in several.
        for (rows, input, output) in [(3, 20, 300), (60, 70, 33), (150, 500, 40)] {
            let x = random([rows, input], seed: 1, .float32)
            let (weight, bias) = (random([output, input], seed: 2, .float32), random([output], seed: 3, .float32))
            let dy = random([rows, output], seed: 4, precision).values
            func rounded(_ tensor: Tensor) -> [Double] { tensor.values.map { Double(precision.rounded($0)) } }
            let sums = Reference.linear(rounded(x), rounded(weight), rows: rows, input: input, output: output)
            let (exact, narrow) = (bias.values.map(Double.init), rounded(bias))
            for matmul in Matmuls.all {
                bias.clearGradient()
                let (y, wide) = ComputeContext.with({
                    $0.matmul = matmul
                    $0.precision = precision
                }) { (linear(x, weight, bias: bias), linear(x, weight, bias: bias, result: .float32)) }
                #expect(y.precision == precision && wide.precision == .float32)
                expect(y.values, sums.indices.map { Double(precision.rounded(Float(sums[$0] + narrow[$0 % output]))) }, precision)
                #expect(distance(wide.values, sums.indices.map { sums[$0] + exact[$0 % output] }) < 1e-5, "\(matmul.name)")
                y.backward(from: dy)
                let columns = (0..<output).map { column in (0..<rows).reduce(0.0) { $0 + Double(dy[$1 * output + column]) } }
                #expect(distance(bias.gradient?.values ?? [], columns) < 1e-5)
            }
        }
    }
}
