import Data
import Foundation
import Model
import Tensor

/// Measures a model on a set of samples: nothing is trained, nothing left out by dropout, and the balance of experts has
/// no part in it.
///
/// Of several processes each takes its shard, and all know the same result to the bit. It does not depend, but for
/// rounding, on how the samples are dealt to batches and processes.
public struct Evaluator<Source: SampleSource> {
    private let loader: DataLoader<Source>
    private let precision: Precision
    private let communicator: any Communicator

    /// - Parameters:
    ///   - batchSize: samples that go through the model at once
    ///   - workers: threads that read and tokenize ahead
    ///   - precision: of the matrix products
    ///   - communicator: the processes that measure together
    public init(
        _ source: Source, batchSize: Int, workers: Int = 0, precision: Precision,
        communicator: any Communicator = SingleProcess()
    ) {
        loader = DataLoader(
            source, batchSize: batchSize, workers: workers, shard: Shard(rank: communicator.rank, count: communicator.count),
            fill: .empty)
        self.precision = precision
        self.communicator = communicator
    }

    /// Measures the model as it is now. To be called by all processes.
    ///
    /// - Parameter isStopping: asked before each batch whether to give up; one process is enough
    /// - Returns: the result, and what became of the samples; `nil` where it was given up
    /// - Throws: ``EvaluationError``, in every process alike; `ModelError` for tokens outside of the vocabulary;
    ///   ``CommunicationError``; what the source throws
    public func evaluate(
        _ model: LanguageModel, isStopping: () -> Bool = { false }
    ) throws -> (result: EvaluationResult, counts: SampleCounts)? {
        let start = ContinuousClock.now
        guard let sums = try combine(sums(model, isStopping)) else { return nil }
        guard sums.countedTokens > 0 else { throw EvaluationError.nothingCounts }
        let loss = sums.loss / Double(sums.countedTokens)
        guard loss.isFinite else { throw EvaluationError.notFinite }
        let result = EvaluationResult(
            loss: loss, countedTokens: sums.countedTokens, samples: sums.counts.samples - sums.counts.badRecords,
            seconds: (ContinuousClock.now - start) / .seconds(1))
        return (result, sums.counts)
    }

    /// What is added up over batches and processes.
    private struct Sums {
        /// Of the losses of all counted tokens.
        var loss = 0.0
        var countedTokens = 0
        var counts = SampleCounts()
    }

    /// The sums of this process; `nil` where it gives up.
    private func sums(_ model: LanguageModel, _ isStopping: () -> Bool) throws -> Sums? {
        var sums = Sums()
        let batches = loader.epoch(0)
        while true {
            if isStopping() { return nil }
            guard let batch = try batches.next() else { return sums }
            sums.counts += batch.counts
            guard !batch.predictions.isEmpty else { continue }
            let readable = model.turnsAlike(batch) ? batch : batch.apart
            let mean = try ComputeContext.with({
                $0.precision = precision
                $0.recordsGraph = false
                $0.dropoutSeed = nil
            }) {
                try model.crossEntropy(TokenRow(readable), readable.predictions.map(LanguageModel.Prediction.init)).scalar
            }
            sums.loss += Double(mean) * Double(batch.countedTokens)
            sums.countedTokens += batch.countedTokens
        }
    }

    /// The sums of all processes, added in the order of ranks.
    private func combine(_ own: Sums?) throws -> Sums? {
        var words = "-"
        if let own {
            let numbers = [own.countedTokens] + own.counts.numbers
            words = ([String(own.loss.bitPattern)] + numbers.map(String.init)).joined(separator: " ")
        }
        var total = Sums()
        for text in try communicator.gather(words) {
            let fields = text.split(separator: " ")
            let numbers = fields.dropFirst().compactMap { Int($0) }
            guard let bits = fields.first.flatMap({ UInt64($0) }), let countedTokens = numbers.first,
                let counts = SampleCounts(numbers: numbers.dropFirst())
            else { return nil }
            total.loss += Double(bitPattern: bits)
            total.countedTokens += countedTokens
            total.counts += counts
        }
        return total
    }
}
