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
            computedTokens: model.hasDropout ? batch.sampleTokens : batch.tokens.count, counted: batch.countedTokens)
    }

    /// - Throws: `ModelError` for tokens outside of the vocabulary
    public func loss(of batch: Batch, scale: Float) throws -> Loss {
        let batch = model.hasDropout ? batch.apart : batch
        return try model.loss(TokenRow(batch), batch.predictions.map(LanguageModel.Prediction.init), lossScale: scale)
    }
}

extension TokenRow {
    /// The row of a batch.
    public init(_ batch: Batch) {
        self.init(
            batch.tokens, branches: batch.segments.map { Branch(rows: $0.rows, parent: $0.parent) },
            sequences: batch.sampleRows)
    }
}

extension LanguageModel.Prediction {
    /// A prediction of a batch, which counts once for each sample that asks for it.
    public init(_ prediction: Batch.Prediction) {
        self.init(row: prediction.row, target: prediction.target, weight: Float(prediction.count))
    }
}
