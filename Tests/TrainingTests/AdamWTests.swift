import Foundation
import TestSupport
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

    private static let fixture = Result {
        try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: Paths.fixture("TrainingTests", "adamw.json"))))
    }

    @Test("Other numbers than the defaults: PyTorch's values after each step")
    func numbers() throws {
        let fixture = try Self.fixture.get()
        let gradients = try #require(fixture["gradients"]?.array).map { ($0.array ?? []).compactMap(\.number).map { Float($0) } }
        let cases = try #require(fixture["steps"]?.array)
        #expect(cases.count == 7)
        for one in cases {
            let parameter = Tensor([1, -2, 0.5], shape: [3])
            var optimizer = AdamW([parameter])
            optimizer.weightDecay = try #require(one["weight_decay"]?.number)
            optimizer.beta1 = try #require(one["beta1"]?.number)
            optimizer.beta2 = try #require(one["beta2"]?.number)
            optimizer.epsilon = try #require(one["eps"]?.number)
            let course = try #require(one["course"]?.array)
            for (gradient, expected) in zip(gradients, course) {
                parameter.gradient = Tensor(gradient, shape: [3])
                optimizer.step(learningRate: 0.1)
                let values = (expected.array ?? []).compactMap(\.number)
                #expect(zip(parameter.values, values).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(parameter.values) \(values)")
            }
        }
    }

    @Test("The linear and the constant schedule: the rates of transformers")
    func schedules() throws {
        let cases = try #require(try Self.fixture.get()["schedules"]?.array)
        #expect(cases.count == 4)
        for one in cases {
            let warmup = try #require(one["warmup"]?.integer)
            let schedule: any LearningRateSchedule =
                one["name"]?.string == "linear"
                ? LinearSchedule(baseRate: 2e-3, totalSteps: 10, warmupSteps: warmup)
                : ConstantSchedule(baseRate: 2e-3, warmupSteps: warmup)
            let rates = (one["rates"]?.array ?? []).compactMap(\.number)
            #expect(rates.count == 10)
            for (step, rate) in rates.enumerated() { #expect(abs(schedule.learningRate(at: step) - rate) < 1e-15) }
        }
    }
}
