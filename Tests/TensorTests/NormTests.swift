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
}
