import Tensor

@testable import Model

extension LanguageModel {
    /// The cross-entropy, of all rows, from which those that count are taken at last: what computing for these rows alone must
    /// not differ from.
    func crossEntropyOfAllRows(_ row: TokenRow, _ predictions: [Prediction]) throws -> Tensor {
        let hidden = rmsNorm(try hiddenStates(row), weight: norm, epsilon: configuration.normEpsilon)
        return projectedCrossEntropy(
            gatherRows(hidden, predictions.map(\.row)), weight: embedding.weight, targets: predictions.map(\.target),
            weights: predictions.map(\.weight), normalizer: predictions.reduce(0) { $0 + $1.weight })
    }

    /// A loss, and its gradient by every parameter, in the order of ``parameters``; gradients are cleared again.
    func lossAndGradients(_ loss: () throws -> Tensor) rethrows -> [[Float]] {
        let trained = parameters.map(\.tensor)
        for tensor in trained { tensor.isTrainable = true }
        let loss = try loss()
        loss.backward()
        defer { for tensor in trained { tensor.clearGradient() } }
        return [loss.values] + trained.map { $0.gradient?.values ?? [] }
    }
}
