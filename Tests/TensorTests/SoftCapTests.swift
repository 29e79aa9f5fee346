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

    @Test("The projected loss", arguments: [(4, 5, 7), (40, 3, 9)], [0.5, 1.25, 30] as [Float])
    func loss(_ size: (rows: Int, width: Int, vocabulary: Int), _ cap: Float) {
        let targets = (0..<size.rows).map { ($0 * 5 + 2) % size.vocabulary }
        for lossScale: Float in [1, 8] {
            checkGradients([[size.rows, size.width], [size.vocabulary, size.width]]) {
                projectedCrossEntropy(
                    $0[0], weight: $0[1], targets: targets.map(Int32.init), normalizer: 3, lossScale: lossScale, softCap: cap)
            } reference: {
                let logits = Reference.linear($0[0], $0[1], rows: size.rows, input: size.width, output: size.vocabulary)
                return [Reference.crossEntropy(logits.map { Double(cap) * tanh($0 / Double(cap)) }, targets: targets) / 3]
            }
        }
    }

    /// In float64, by torch 2.13, with `values(n, a, b) = (torch.arange(n) * a % b - b // 2) / 4`:
    ///
    /// ```python
    /// x, w = values(12, 7, 11).reshape(4, 3), values(15, 5, 13).reshape(5, 3)
    /// logits = torch.tanh(F.linear(x, w) / 1.25) * 1.25
    /// F.cross_entropy(logits, torch.tensor([2, 0, 4, 1])).backward()
    /// ```
    @Test("PyTorch's loss, and its gradients")
    func golden() {
        func values(_ n: Int, _ a: Int, _ b: Int) -> [Float] { (0..<n).map { Float($0 * a % b - b / 2) / 4 } }
        let (x, weight) = (Tensor(values(12, 7, 11), shape: [4, 3]), Tensor(values(15, 5, 13), shape: [5, 3]))
        func loss() -> Tensor { projectedCrossEntropy(x, weight: weight, targets: [2, 0, 4, 1], normalizer: 4, softCap: 1.25) }
        #expect(abs(loss().scalar - 2.14350721) < 1e-6)
        for input in [x, weight] { input.isTrainable = true }
        let recorded = loss()
        recorded.backward()
        #expect(abs(recorded.scalar - 2.14350721) < 1e-6)
        let dx = [
            -0.0511767719, 0.00190880887, 0.111560583, 0.0170452486, 0.0330979787, -0.141712282, -0.0909925742, 0.293744027,
            -0.0745416853, 0.010367934, 0.0268850929, -0.123079803,
        ]
        let dweight = [
            -0.0481368491, 0.0102278591, -0.00630093411, -0.0509849715, 0.0210056967, -0.003456411, 0.218083075, -0.0194148983,
            -0.131956224, 0.123024493, 0.0180298215, -0.175214959, -0.0241756112, 0.00544195779, 0.0239023636,
        ]
        #expect(distance(x.gradient?.values ?? [], dx) < 1e-6)
        #expect(distance(weight.gradient?.values ?? [], dweight) < 1e-6)
    }

    /// The products of rows by one are the rows, so their gradient is what the loss made of the logits.
    @Test(
        "The loss rounds the logits and their gradient, and nothing between", arguments: [3, 150],
        [Precision.bfloat16, .float16])
    func lossRounding(_ rows: Int, _ precision: Precision) {
        let (width, cap) = (60, 1.25)
        let x = normal([rows, width], precision)
        let weight = Tensor((0..<width * width).map { $0 % (width + 1) == 0 ? 1 : 0 }, shape: [width, width])
        let targets = (0..<rows).map { $0 * 7 % width }
        let loss = ComputeContext.with({ $0.precision = precision }) {
            projectedCrossEntropy(
                x, weight: weight, targets: targets.map(Int32.init), normalizer: 0.25, softCap: Float(cap))
        }
        loss.backward()
        let bent = x.values.map { tanh(Double($0) / cap) }
        #expect(abs(Double(loss.scalar) / (4 * Reference.crossEntropy(bent.map { cap * $0 }, targets: targets)) - 1) < 1e-6)
        let gradient = bent.indices.map { place in
            let row = place / width
            let sum = bent[row * width..<(row + 1) * width].reduce(0) { $0 + exp(cap * $1) }
            let difference = exp(cap * bent[place]) / sum - (place % width == targets[row] ? 1 : 0)
            return precision.rounded(Float(4 * difference * (1 - bent[place] * bent[place])))
        }
        // A sixteenth of half a unit in the last place, as of other operations.
        #expect(relativeError(x.gradient?.values ?? [], gradient) < (precision == .bfloat16 ? 0x1p-12 : 0x1p-15))
    }

    private func normal(_ shape: [Int], _ precision: Precision, seed: UInt64 = 1) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        let tensor = Tensor((0..<shape.reduce(1, *)).map { _ in 2 * generator.normal() }, shape: shape, precision: precision)
        tensor.isTrainable = true
        return tensor
    }
}
