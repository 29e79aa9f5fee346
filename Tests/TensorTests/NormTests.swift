import Testing

@testable import Tensor

@Suite("Norms of other models")
struct NormTests {
    /// Two rows, and a gradient of their norm.
    private let rows: [Float] = [1, -2, 0.5, 3, 0.1, 0.2, -0.3, 0.4]
    private let direction: [Float] = [1, 2, -1, 0.5, -0.5, 1, 1.5, 2]

    @Test("A weight that is kept as its difference from 1", arguments: [(1, 1), (3, 7), (9, 129)], [Float(1), -0.5])
    func offset(_ size: (Int, Int), _ offset: Float) {
        checkGradients([[size.0, size.1], [size.1]]) {
            rmsNorm($0[0], weight: $0[1], epsilon: 1e-5, offset: offset)
        } reference: {
            Reference.rmsNorm($0[0], $0[1].map { Double(offset) + $0 }, epsilon: 1e-5)
        }
    }

    /// By transformers 5.24: `norm = GemmaRMSNorm(4, eps=1e-3)` with this weight, and `norm(x).backward(direction)`.
    @Test func gemma() {
        let (x, weight) = (Tensor(rows, shape: [2, 4]), Tensor([0.5, -0.25, 0, -1.5], shape: [4]))
        (x.isTrainable, weight.isTrainable) = (true, true)
        let y = rmsNorm(x, weight: weight, epsilon: 1e-3, offset: 1)
        y.backward(from: direction)
        #expect(
            distance(y.values, [0.79460788, -0.79460788, 0.2648693, -0.79460788, 0.54410714, 0.54410714, -1.0882144, -0.72547621])
                < 1e-6)
        #expect(
            distance(
                x.gradient?.values ?? [],
                [0.89680946, 0.59020472, -0.47863781, 0.17417006, -1.7957923, 4.5700226, 2.6668413, 0.07159233]) < 1e-6)
        #expect(distance(weight.gradient?.values ?? [], [0.34836954, -1.3934782, -1.8971909, 3.6965127]) < 1e-6)
    }

    @Test(arguments: [(1, 1), (3, 7), (5, 64), (9, 129)])
    func layer(_ rows: Int, _ width: Int) {
        checkGradients([[rows, width], [width], [width]]) {
            layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-5)
        } reference: {
            Reference.layerNorm($0[0], $0[1], $0[2], epsilon: 1e-5)
        }
        // A gradient that is there already is added to, ours or not.
        checkGradients([[rows, width], [width]]) {
            add(add(layerNorm($0[0], weight: $0[1], epsilon: 1e-5), $0[0]), layerNorm($0[0], weight: $0[1], epsilon: 0.1))
        } reference: { inputs in
            let norms = [1e-5, 0.1].map { Reference.layerNorm(inputs[0], inputs[1], nil, epsilon: $0) }
            return inputs[0].indices.map { inputs[0][$0] + norms[0][$0] + norms[1][$0] }
        }
    }

    @Test("A mean far from 0 does not drown the variance")
    func shifted() {
        var generator = RandomGenerator(seed: 4)
        let x = (0..<3 * 64).map { _ in 1000 + generator.normal() }
        let y = layerNorm(Tensor(x, shape: [3, 64]), weight: Tensor(repeating: 1, shape: [64]), epsilon: 1e-5)
        let exact = Reference.layerNorm(x.map(Double.init), [Double](repeating: 1, count: 64), nil, epsilon: 1e-5)
        // A mean of 1000 is rounded by 2⁻¹⁵, and so by its share of the deviation.
        #expect(distance(y.values, exact) < 0x1p-14)
    }

    /// By torch 2.13: `F.layer_norm(x, [4], weight, bias, 1e-3)` and `backward(direction)`.
    @Test func layerGolden() {
        let x = Tensor(rows, shape: [2, 4])
        let (weight, bias) = (Tensor([0.5, 1, -1.5, 2], shape: [4]), Tensor([0.1, -0.2, 0.3, 0], shape: [4]))
        for input in [x, weight, bias] { input.isTrainable = true }
        let y = layerNorm(x, weight: weight, bias: bias, epsilon: 1e-3)
        y.backward(from: direction)
        #expect(
            distance(y.values, [0.20526278, -1.6736788, 0.40526277, 2.6666567, 0.1, 0.18924947, 2.6354969, 2.3354969]) < 1e-6)
        #expect(
            distance(
                x.gradient?.values ?? [],
                [-0.37336078, 0.0872193, 0.12445366, 0.16168797, -3.4059329, -1.7840599, 1.784059, 3.4059334]) < 1e-6)
        #expect(distance(weight.gradient?.values ?? [], [0.21052554, -2.5581079, -2.2653217, 3.002161]) < 1e-6)
        #expect(bias.gradient?.values == [0.5, 3, 0.5, 2.5])
    }
}
