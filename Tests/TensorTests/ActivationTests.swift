import Foundation
import Testing

@testable import Tensor

@Suite("Activations")
struct ActivationTests {
    private static let ramps = [Activation.silu, .gelu, .tanhGELU]
    private static let all = ramps + [.sigmoid]

    @Test(arguments: all, [1, 7, 130])
    func gradients(_ activation: Activation, _ width: Int) {
        checkGradients([[3, width]]) {
            activated($0[0], activation)
        } reference: {
            $0[0].map { Reference.activation(activation, $0) }
        }
        checkGradients([[3, width], [3, width]]) {
            gatedActivation(gate: $0[0], up: $0[1], activation)
        } reference: {
            zip($0[0], $0[1]).map { Reference.activation(activation, $0) * $1 }
        }
    }

    /// Of a float64 `x`, by torch 2.13: `y = F.silu(x)`, `F.gelu(x)` and `F.gelu(x, approximate="tanh")`, and the gradient
    /// of `y.sum()`.
    private static let golden: [(Activation, values: [Double], slopes: [Double])] = [
        (
            .silu,
            [
                -0.0148357389, -0.14227762, -0.273638286, -0.188770334, -0.00497500021, 0, 0.172332755, 0.731058579, 2.31035455,
                5.98516426,
            ],
            [
                -0.0123264326, -0.088104106, -0.0412941543, 0.260038813, 0.495000083, 0.5, 0.64778001, 0.927670512, 1.09940111,
                1.01232643,
            ]
        ),
        (
            .gelu,
            [
                -5.91952587e-09, -0.00404969409, -0.100210802, -0.154268769, -0.00496010644, 0, 0.185373427, 0.841344746,
                2.48447584, 5.99999999,
            ],
            [
                -3.54687095e-08, -0.0119456472, -0.127469192, 0.132504875, 0.49202142, 0.5, 0.732327767, 1.08331547, 1.03761109,
                1.00000004,
            ]
        ),
        (
            .tanhGELU,
            [
                -8.43964898e-11, -0.00363739208, -0.100428423, -0.15428599, -0.00496010644, 0, 0.185370924, 0.841191991,
                2.48491573, 6,
            ],
            [
                -7.70997601e-10, -0.0115841666, -0.127710793, 0.132630096, 0.492021422, 0.5, 0.732295452, 1.08296408, 1.03795158,
                1,
            ]
        ),
    ]

    @Test("PyTorch's values, and its gradients", arguments: 0..<3)
    func values(_ index: Int) {
        let (activation, values, slopes) = Self.golden[index]
        let x = Tensor([-6, -3, -1.5, -0.5, -0.01, 0, 0.3, 1, 2.5, 6], shape: [10])
        x.isTrainable = true
        let y = activated(x, activation)
        y.backward(from: [Float](repeating: 1, count: 10))
        // A value and a slope alone, so that the tails count as well: a few steps of a float32 of 1.
        #expect(zip(y.values, values).allSatisfy { abs(Double($0) - $1) < 4e-7 * max(1, abs($1)) })
        #expect(zip(x.gradient?.values ?? [], slopes).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    }

    @Test("Far out an activation is the ramp, and its slope a number", arguments: ramps)
    func extremes(_ activation: Activation) {
        let x = Tensor([-1e20, -1e4, -50, 50, 1e4, 1e20], shape: [6])
        x.isTrainable = true
        let y = activated(x, activation)
        y.backward(from: [Float](repeating: 1, count: 6))
        for (value, expected) in zip(y.values, [0, 0, 0, 50, 1e4, 1e20]) { #expect(abs(value - Float(expected)) < 1e-15) }
        for (slope, expected) in zip(x.gradient?.values ?? [], [0, 0, 0, 1, 1, 1]) { #expect(abs(slope - Float(expected)) < 1e-15) }
    }
}
