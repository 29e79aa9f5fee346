import Foundation
import LoRATrain

/// Two answers to one question, of which the first is preferred.
struct Pair: Sendable {
    let chosen: Sample
    let rejected: Sample
    /// The margin of the two before training.
    var baseMargin: Float = 0
}

/// Direct preference optimization (Rafailov et al. 2023): the mean over pairs of `−log σ(β (margin − baseMargin))`, where
/// a pair's margin is `log p(chosen) − log p(rejected)`. Margins also grow where both answers become unlikely and the
/// rejected one more so; therefore the mean loss of the chosen answer's tokens is added (Pang et al. 2024).
struct PreferenceLoss: Objective {
    let model: LanguageModel
    var beta: Float = 0.1

    func size(of batch: [Pair]) -> BatchSize {
        let tokens = batch.reduce(0) { $0 + $1.chosen.ids.count + $1.rejected.ids.count }
        return BatchSize(samples: batch.count, tokens: tokens, computedTokens: tokens, counted: batch.count)
    }

    func loss(of batch: [Pair], scale: Float) throws -> Loss {
        let terms = try batch.flatMap { pair in
            let chosen = try meanLoss(pair.chosen)
            let margin = margin(pair, chosen: chosen, rejected: try meanLoss(pair.rejected))
            return [chosen, cost(of: margin, above: pair.baseMargin)]
        }
        return Loss(weightedSum(terms, weights: terms.map { _ in 1 / Float(batch.count) }, result: .float32))
    }

    /// By how much the model finds the preferred answer more likely.
    func margin(_ pair: Pair) throws -> Float {
        try ComputeContext.withoutGradient {
            margin(pair, chosen: try meanLoss(pair.chosen), rejected: try meanLoss(pair.rejected)).scalar
        }
    }

    private func margin(_ pair: Pair, chosen: Tensor, rejected: Tensor) -> Tensor {
        weightedSum(
            [chosen, rejected], weights: [-Float(pair.chosen.countedTokens), Float(pair.rejected.countedTokens)],
            result: .float32)
    }

    /// Of the answer's tokens, a scalar.
    private func meanLoss(_ sample: Sample) throws -> Tensor {
        let batch = Batch([(0, sample)])
        return try model.crossEntropy(TokenRow(batch), batch.predictions.map(LanguageModel.Prediction.init))
    }

    /// An operation of our own: `log(1 + exp z)` with `z = β (base − margin)`, whose derivative is `−β σ(z)`.
    private func cost(of margin: Tensor, above base: Float) -> Tensor {
        let z = beta * (base - margin.scalar)
        return customOperation([margin]) {
            Tensor([max(z, 0) + log1p(exp(-abs(z)))], shape: [])
        } gradients: { dy in
            [Tensor([-beta / (1 + exp(-z)) * dy.scalar], shape: [])]
        }
    }
}
