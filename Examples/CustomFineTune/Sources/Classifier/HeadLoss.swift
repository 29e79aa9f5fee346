import LoRATrain

/// A text and what it is.
struct Labelled: Sendable {
    let ids: [Int32]
    let label: Int32
}

/// An objective of our own: a linear head reads the model's state behind the last token and names a class.
struct HeadLoss: Objective {
    let model: LanguageModel
    /// `[classes, dim]`
    let head: Tensor

    func size(of batch: [Labelled]) -> BatchSize {
        let tokens = batch.reduce(0) { $0 + $1.ids.count }
        return BatchSize(samples: batch.count, tokens: tokens, computedTokens: tokens, counted: batch.count)
    }

    func loss(of batch: [Labelled], scale: Float) throws -> Loss {
        Loss(
            projectedCrossEntropy(
                try states(batch), weight: head, targets: batch.map(\.label), normalizer: Float(batch.count), lossScale: scale))
    }

    /// The most likely class of each text.
    func classes(_ batch: [Labelled]) throws -> [Int32] {
        try ComputeContext.withoutGradient {
            let scores = linear(try states(batch), head).values
            let count = head.shape[0]
            return batch.indices.map { text in
                let row = scores[text * count..<(text + 1) * count]
                return Int32((row.indices.max { scores[$0] < scores[$1] } ?? row.startIndex) - row.startIndex)
            }
        }
    }

    /// The normalized state behind the last token of each text, `[texts, dim]`.
    private func states(_ batch: [Labelled]) throws -> Tensor {
        let ends = batch.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.ids.count) }
        let row = TokenRow(packed: batch.flatMap(\.ids), segmentOffsets: ends)
        let hidden = try model.hiddenStates(row, outputRows: ends.dropFirst().map { Int32($0 - 1) })
        return rmsNorm(hidden, weight: model.norm, epsilon: model.configuration.normEpsilon)
    }
}
