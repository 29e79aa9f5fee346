import Tensor

/// One layer: attention and a feed-forward network or a mixture of them, each behind a norm and beside the
/// residual stream.
public final class TransformerLayer {
    /// What follows the attention.
    public enum Network {
        /// One feed-forward network for all tokens.
        case dense(FeedForward)
        /// Several, of which each token goes through some.
        case experts(MixtureOfExperts)
    }

    /// The weight of the norm before the attention, `[dim]`.
    public let attentionNorm: Tensor
    /// The projection of queries, `[headCount * headDim, dim]`.
    public let wq: Linear
    /// The projection of keys, `[keyValueHeadCount * headDim, dim]`.
    public let wk: Linear
    /// The projection of values, `[keyValueHeadCount * headDim, dim]`.
    public let wv: Linear
    /// The projection of what all heads return, `[dim, headCount * headDim]`.
    public let wo: Linear
    /// The norms of each head's queries and keys, `[headDim]`, where the model has them.
    public let headNorms: (query: Tensor, key: Tensor)?
    /// The weight of the norm before the feed-forward network, `[dim]`.
    public let feedForwardNorm: Tensor
    /// What follows the attention.
    public let network: Network
    private let configuration: ModelConfiguration

    init(
        _ configuration: ModelConfiguration, attentionNorm: Tensor, wq: Linear, wk: Linear, wv: Linear, wo: Linear,
        headNorms: (query: Tensor, key: Tensor)?, feedForwardNorm: Tensor, network: Network
    ) {
        self.configuration = configuration
        self.attentionNorm = attentionNorm
        (self.wq, self.wk, self.wv, self.wo) = (wq, wk, wv, wo)
        self.headNorms = headNorms
        self.feedForwardNorm = feedForwardNorm
        self.network = network
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] {
        let attention = [wq, wk, wv, wo]
        switch network {
        case .dense(let feedForward): return attention + feedForward.linears
        case .experts(let mixture): return attention + mixture.linears
        }
    }

    /// Everything in the layer that is trained.
    var trainableParameters: [Tensor] {
        var weights = [attentionNorm, feedForwardNorm] + linears.map(\.weight)
        if let headNorms { weights += [headNorms.query, headNorms.key] }
        if case .experts(let mixture) = network { weights.append(mixture.router) }
        let updates = linears.flatMap { $0.updates.flatMap(\.tensors) }
        return (weights + updates).filter(\.isTrainable)
    }

    /// - Parameters:
    ///   - x: the residual stream, `[tokens, dim]`
    ///   - row: the row
    ///   - plan: which tokens see which, of those whose results are wanted; of all where experts are balanced
    ///   - rotary: the rotary angles
    ///   - cache: where keys and values of the row are kept, and what was kept before is read
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all. Keys and
    ///     values are computed for all tokens, everything after them only for these.
    ///   - balance: what measures the use of the experts, which takes the attention of every token, whichever
    ///     results are wanted; `nil` without training
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`
    func callAsFunction(
        _ x: Tensor, _ row: TokenRow, plan: AttentionPlan, rotary: RotaryTable, cache: LayerCache?,
        outputRows: [Int32]? = nil, balance: ExpertBalance? = nil
    ) -> Tensor {
        let middle = attended(x, row, plan: plan, rotary: rotary, cache: cache, outputRows: balance == nil ? outputRows : nil)
        let gated = rmsNorm(middle, weight: feedForwardNorm, epsilon: configuration.normEpsilon)
        switch network {
        case .dense(let feedForward): return add(middle, feedForward(gated))
        case .experts(let mixture):
            // Rows that are wanted are still to be taken where all were attended to.
            let rows = balance == nil ? nil : outputRows
            return add(rows.map { gatherRows(middle, $0) } ?? middle, mixture(gated, outputRows: rows, balance: balance))
        }
    }

    /// The residual stream behind the attention.
    private func attended(
        _ x: Tensor, _ row: TokenRow, plan: AttentionPlan, rotary: RotaryTable, cache: LayerCache?, outputRows: [Int32]?
    ) -> Tensor {
        func turned(_ x: Tensor, _ norm: Tensor?, _ positions: [Int32]) -> Tensor {
            let normed = norm.map { rmsNorm(x, weight: $0, epsilon: configuration.normEpsilon) } ?? x
            return rotate(normed, positions: positions, table: rotary, layout: configuration.rotaryLayout)
        }
        let normed = rmsNorm(x, weight: attentionNorm, epsilon: configuration.normEpsilon)
        var k = turned(wk(normed), headNorms?.key, row.positions)
        var v = wv(normed)
        if let cache { (k, v) = cache.append(k, v) }

        let stream = outputRows.map { gatherRows(x, $0) } ?? x
        let queried = outputRows.map { gatherRows(normed, $0) } ?? normed
        let q = turned(wq(queried), headNorms?.query, outputRows?.map { row.positions[Int($0)] } ?? row.positions)
        return add(stream, wo(attention(q: q, k: k, v: v, plan: plan)))
    }
}
