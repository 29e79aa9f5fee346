import Foundation
import Testing

@testable import Tensor

@Suite("Columns")
struct ColumnTests {
    /// Some columns of rows of a width.
    private func part<Value>(_ values: [Value], _ width: Int, _ range: Range<Int>) -> [Value] {
        var part: [Value] = []
        for start in stride(from: 0, to: values.count, by: width) {
            part += values[start + range.lowerBound..<start + range.upperBound]
        }
        return part
    }

    @Test("Some columns, and their gradient", arguments: [(1, 3, 0..<3), (5, 7, 2..<3), (4, 130, 65..<130)])
    func gradients(_ rows: Int, _ width: Int, _ range: Range<Int>) {
        checkGradients([[rows, width]]) {
            columns($0[0], range)
        } reference: { inputs in
            part(inputs[0], width, range)
        }
    }

    @Test(
        "The same columns of each part of a row, and their gradient", arguments: [(1, 1, 1, 0..<1), (3, 4, 6, 0..<3), (5, 2, 70, 35..<70)])
    func partsOfRows(_ rows: Int, _ parts: Int, _ width: Int, _ range: Range<Int>) {
        checkGradients([[rows, parts * width]]) {
            let y = columns($0[0], range, ofEach: width)
            #expect(y.shape == [rows, parts * range.count])
            return y
        } reference: { inputs in
            part(inputs[0], width, range)
        }
    }

    @Test("Parts that overlap, and columns that nobody takes, have the sum of their gradients")
    func parts() {
        checkGradients([[6, 70]]) {
            add(columns($0[0], 0..<33), columns($0[0], 20..<53))
        } reference: { inputs in
            zip(part(inputs[0], 70, 0..<33), part(inputs[0], 70, 20..<53)).map { $0 + $1 }
        }
    }

    @Test("In 16 bits the very values, and a gradient in float32", arguments: [Precision.bfloat16, .float16])
    func narrow(_ precision: Precision) {
        let values = (0..<40 * 96).map { precision.rounded(Float($0 % 97) / 7 - 6) }
        let x = Tensor(values, shape: [40, 96], precision: precision)
        x.isTrainable = true
        let (left, right) = (columns(x, 0..<32), columns(x, 32..<96))
        #expect(left.precision == precision && right.precision == precision)
        #expect(left.values == part(values, 96, 0..<32))
        #expect(right.values == part(values, 96, 32..<96))
        left.backward(from: [Float](repeating: 2, count: left.count))
        #expect(x.gradient?.precision == .float32)
        let expected = (0..<40 * 96).map { Float($0 % 96 < 32 ? 2 : 0) }
        #expect(x.gradient?.values == expected)
    }

    @Test(
        "The gated activation of gates and ups side by side is that of both apart, to the bit",
        arguments: [Precision.float32, .bfloat16, .float16], [Activation.silu, .gelu, .tanhGELU])
    func gated(_ precision: Precision, _ activation: Activation) {
        for (rows, width) in [(1, 1), (3, 37), (300, 130)] {
            func fused() -> Tensor {
                var generator = RandomGenerator(seed: 3)
                let values = (0..<rows * 2 * width).map { _ in precision.rounded(2 * generator.normal()) }
                let x = Tensor(values, shape: [rows, 2 * width], precision: precision)
                x.isTrainable = true
                return x
            }
            let (one, two) = (fused(), fused())
            let dy = (0..<rows * width).map { precision.rounded(Float($0 % 11) - 5) }
            let y = gatedActivation(gateUp: one, activation)
            let apart = gatedActivation(gate: columns(two, 0..<width), up: columns(two, width..<2 * width), activation)
            #expect(y.precision == precision && y.values == apart.values)
            y.backward(from: dy)
            apart.backward(from: dy)
            #expect(one.gradient?.values == two.gradient?.values)
        }
    }

    @Test("Its gradient", arguments: [Activation.silu, .gelu, .tanhGELU], [1, 7, 130])
    func gatedGradients(_ activation: Activation, _ width: Int) {
        checkGradients([[3, 2 * width]]) {
            gatedActivation(gateUp: $0[0], activation)
        } reference: { inputs in
            let (gates, ups) = (part(inputs[0], 2 * width, 0..<width), part(inputs[0], 2 * width, width..<2 * width))
            return zip(gates, ups).map { Reference.activation(activation, $0) * $1 }
        }
    }

    /// By torch 2.13, of float64 `x = torch.arange(-5.0, 7.0).reshape(2, 6)`, as Phi-3's class has it:
    /// `gate, up = x.chunk(2, dim=-1); y = up * F.silu(gate)`, and the gradient of `y.sum()`.
    @Test("PyTorch's values, and its gradient")
    func golden() {
        let x = Tensor((-5..<7).map(Float.init), shape: [2, 6])
        x.isTrainable = true
        let y = gatedActivation(gateUp: x, .silu)
        y.backward(from: [Float](repeating: 1, count: y.count))
        let values: [Double] = [0.0669285092, 0.0719448398, -0, 2.92423431, 8.80797078, 17.1463343]
        let gradient: [Double] = [
            0.0530948649, 0.0526646149, -0, -0.0334642546, -0.0719448398, -0.14227762, 3.71068205, 5.45392124, 6.52862464, 0.731058579,
            1.76159416, 2.85772238,
        ]
        func isClose(_ ours: Float, _ exact: Double) -> Bool { abs(Double(ours) - exact) < 1e-6 * max(1, abs(exact)) }
        #expect(zip(y.values, values).allSatisfy { isClose($0, $1) })
        #expect(zip(x.gradient?.values ?? [], gradient).allSatisfy { isClose($0, $1) })
    }
}
