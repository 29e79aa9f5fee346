import Testing
import Training

@testable import Tensor

/// What the golden cases, all of whose parameters have a gradient at every step, do not show.
@Suite("AdamW")
struct AdamWTests {
    /// torch.optim.AdamW([x], lr=0.1) on x = [1, -2], by the gradients of `steps`; at a `nil` its `grad` is None.
    @Test("A step without a gradient is none for that parameter: PyTorch's values")
    func skippedSteps() {
        let (always, late) = (Tensor([1, -2], shape: [2]), Tensor([1, -2], shape: [2]))
        var optimizer = AdamW([always, late])
        let gradients: [[Float]] = [[0.5, -1], [0.25, 3], [-2, 0.125], [1, 1]]
        for (step, gradient) in gradients.enumerated() {
            always.gradient = Tensor(gradient, shape: [2])
            late.gradient = step < 2 ? nil : Tensor(gradient, shape: [2])
            optimizer.step(learningRate: 0.1)
        }
        let expected: ([Float], [Float]) = ([0.85125548, -2.03159618], [1.12453473, -2.17804861])
        #expect(zip(always.values, expected.0).allSatisfy { abs($0 - $1) < 1e-6 }, "\(always.values)")
        #expect(zip(late.values, expected.1).allSatisfy { abs($0 - $1) < 1e-6 }, "\(late.values)")
        #expect(optimizer.stepCount == 4 && optimizer.memories(of: late).last?.values.values == [2])
    }
}
