import Data
import Tensor
import TestSupport
import Testing
import Training

@Suite("Training does not depend on the number of threads", .serialized)
struct ThreadTests {
    /// Samples with a common beginning, one of them so long that several threads share its attention, and a batch of
    /// few tokens.
    private static let batches: [Batch] = {
        var generator = RandomGenerator(seed: 6)
        let prompt = TinyModel.ids(40, &generator)
        return [[400, 30, 90], [5], [70, 71, 300, 2]].map { lengths in
            TinyModel.batch(lengths.map { TinyModel.sample(prompt + TinyModel.ids($0, &generator), from: 40) })
        }
    }()

    /// The factors, bit by bit, after three steps.
    private func train(_ precision: Precision) throws -> (start: [[UInt32]], end: [[UInt32]]) {
        let tiny = try TinyModel()
        let factors = tiny.factors
        func bits() -> [[UInt32]] { factors.map { $0.values.map(\.bitPattern) } }
        let start = bits()
        var configuration = TrainerConfiguration()
        configuration.precision = precision
        let trainer = Trainer(
            NextTokenLoss(tiny.model), parameters: tiny.adapter.parameters, optimizer: AdamW(factors),
            schedule: CosineSchedule(baseRate: 1e-2, totalSteps: Self.batches.count), configuration: configuration)
        var rest = Self.batches[...]
        try trainer.runEpoch(stepsPerEpoch: rest.count, nextBatch: { rest.popFirst() })
        return (start, bits())
    }

    @Test(arguments: [Precision.float32, .bfloat16])
    func adapters(_ precision: Precision) throws {
        let before = Parallel.threads
        defer { Parallel.threads = before }
        for matmul in Matmuls.all {
            try ComputeContext.with({ $0.matmul = matmul }) {
                Parallel.threads = 1
                let one = try train(precision)
                #expect(zip(one.start, one.end).allSatisfy { $0 != $1 })
                for threads in [2, 3] {
                    Parallel.threads = threads
                    #expect(try train(precision).end == one.end, "\(matmul.name) on \(threads) threads")
                }
            }
        }
    }
}
