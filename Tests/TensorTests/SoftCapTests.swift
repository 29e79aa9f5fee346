import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite("Logits below a soft cap")
struct SoftCapTests {
    @Test(arguments: [1, 7, 130], [0.5, 1.25, 30] as [Float])
    func gradients(_ width: Int, _ cap: Float) {
        checkGradients([[3, width]]) {
            softCapped($0[0], cap: cap)
        } reference: {
            $0[0].map { Double(cap) * tanh($0 / Double(cap)) }
        }
    }

    /// Of a float64 `x`, by torch 2.13: `y = 30 * torch.tanh(x / 30)`, as transformers has it, and the gradient of `y.sum()`.
    @Test("PyTorch's values, and its gradients")
    func values() {
        let x = Tensor([-120, -40, -10, -1.5, -0.01, 0, 0.3, 5, 25, 60], shape: [10])
        x.isTrainable = true
        let y = softCapped(x, cap: 30)
        y.backward(from: [Float](repeating: 1, count: 10))
        let values = [
            -29.979879, -26.1018499, -9.64538213, -1.49875125, -0.00999999963, 0, 0.29999, 4.95421239, 20.4678537, 28.9208274,
        ]
        let slopes = [
            0.00134095068, 0.242992705, 0.89662956, 0.997504161, 0.999999889, 1, 0.999900007, 0.972728644, 0.53451885, 0.0706508249,
        ]
        // Each relative to itself: a few steps of a float32.
        #expect(zip(y.values, values).allSatisfy { abs(Double($0) - $1) <= 4e-7 * abs($1) })
        #expect(zip(x.gradient?.values ?? [], slopes).allSatisfy { abs(Double($0) - $1) < 4e-7 })
    }

    @Test("Small values keep their digits, and large ones stop at the cap")
    func extremes() {
        let small = (1...40).map { pow(0.7, Float($0)) }
        let bent = softCapped(Tensor(small, shape: [40]), cap: 1).values
        #expect(zip(bent, small).allSatisfy { abs(Double($0) / tanh(Double($1)) - 1) < 4e-7 })
        let x = Tensor([-.infinity, -1e30, -1e3, 1e3, 1e30, .infinity], shape: [6])
        x.isTrainable = true
        let y = softCapped(x, cap: 30)
        y.backward(from: [Float](repeating: 1, count: 6))
        #expect(y.values == [-30, -30, -30, 30, 30, 30] && x.gradient?.values == [0, 0, 0, 0, 0, 0])
        #expect(softCapped(Tensor([.nan], shape: [1]), cap: 30).scalar.isNaN)
    }

    @Test("It is computed in float32 and rounded once", arguments: [Precision.bfloat16, .float16])
    func rounding(_ precision: Precision) {
        let (x, wide) = (normal([50, 81], precision), normal([50, 81], precision).converted(to: .float32))
        wide.isTrainable = true
        let dy = normal([50, 81], precision, seed: 2).values
        let (y, exact) = (softCapped(x, cap: 1.25), softCapped(wide, cap: 1.25))
        y.backward(from: dy)
        exact.backward(from: dy)
        #expect(y.precision == precision && y.values == exact.values.map(precision.rounded))
        #expect(x.gradient?.values == wide.gradient?.values.map(precision.rounded))
    }

    private func normal(_ shape: [Int], _ precision: Precision, seed: UInt64 = 1) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        let tensor = Tensor((0..<shape.reduce(1, *)).map { _ in 2 * generator.normal() }, shape: shape, precision: precision)
        tensor.isTrainable = true
        return tensor
    }
}
