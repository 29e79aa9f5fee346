import Tensor

/// The rows of the tokens, with the updates that are attached to them: a low-rank update adds `scale B A` to the matrix, where B
/// has a row for each token, so that a token's row is `E[token] + scale B[token] A`.
public final class TokenEmbedding: AdaptedModule {
    /// The rows of a text.
    ///
    /// - Parameter tokens: each below the number of rows
    /// - Returns: `[tokens, dim]`, float32
    func callAsFunction(_ tokens: [Int32]) -> Tensor {
        var rows = gatherRows(weight, tokens).converted(to: .float32)
        for replacement in activeRows { rows = replacement.replaced(in: rows, of: tokens) }
        let active = updates.filter { $0.weight != 0 }
        guard !active.isEmpty else { return rows }
        // As in PEFT, dropout leaves the embedding alone.
        let deltas = active.map { matrixProduct(gatherRows($0.factors.b, tokens), $0.factors.a) }
        return weightedSum(
            [rows] + deltas, weights: [1] + active.map { $0.weight * $0.factors.scale }, result: .float32)
    }
}
