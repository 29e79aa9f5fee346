import Data
import Model

/// The published objective: the mean cross-entropy over the counted next tokens of a batch of conversations, and the
/// auxiliary loss of experts.
public struct NextTokenLoss: Objective {
    /// What is trained.
    public let model: LanguageModel

    /// The published objective for a model.
    public init(_ model: LanguageModel) { self.model = model }

    public var expertShape: (layers: Int, experts: Int) { (model.configuration.expertLayerCount, model.configuration.experts?.count ?? 0) }

    public func size(of batch: Batch) -> BatchSize {
        BatchSize(
            samples: batch.counts.samples, tokens: batch.sampleTokens,
            computedTokens: sharesRows(of: batch) ? batch.tokens.count : batch.sampleTokens, counted: batch.countedTokens)
    }

    /// - Throws: `ModelError` for tokens outside of the vocabulary
    public func loss(of batch: Batch, scale: Float) throws -> Loss {
        let batch = sharesRows(of: batch) ? batch : batch.apart
        return try model.loss(TokenRow(batch), batch.predictions.map(LanguageModel.Prediction.init), lossScale: scale)
    }

    private func sharesRows(of batch: Batch) -> Bool { !model.hasDropout && model.turnsAlike(batch) }
}

extension TokenRow {
    /// The row of a batch.
    public init(_ batch: Batch) {
        self.init(
            batch.tokens, branches: batch.segments.map { Branch(rows: $0.rows, parent: $0.parent) },
            sequences: batch.sampleRows, followed: true)
    }
}

extension LanguageModel {
    /// Whether what samples of a batch share is turned by the same angles in all of them.
    func turnsAlike(_ batch: Batch) -> Bool {
        guard batch.sharesRows else { return true }
        // The last token of a sample is no row.
        return turnsAlike(lengths: batch.sampleRows.filter { !$0.isEmpty }.map { $0.reduce(1) { $0 + $1.count } })
    }
}

extension LanguageModel.Prediction {
    /// A prediction of a batch, which counts once for each sample that asks for it.
    public init(_ prediction: Batch.Prediction) {
        self.init(row: prediction.row, target: prediction.target, weight: Float(prediction.count))
    }
}
