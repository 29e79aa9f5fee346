import Tensor

/// One layer: attention and a feed-forward network or a mixture of them, with norms before or after them, beside the
/// residual stream.
public final class TransformerLayer {
    /// What follows the attention.
    public enum Network {
        /// One feed-forward network for all tokens.
        case dense(FeedForward)
        /// Several, of which each token goes through some.
        case experts(MixtureOfExperts)
    }

    /// The weights of the norms, `[dim]` each.
    public struct Norms {
        /// Before the attention and the feed-forward network, where the model has norms there.
        public let attention, feedForward: Tensor?
        /// After them and before the residual sum, where the model has norms there.
        public let attentionOutput, feedForwardOutput: Tensor?

        var tensors: [Tensor] { [attention, feedForward, attentionOutput, feedForwardOutput].compactMap { $0 } }
    }

    /// The norms beside the residual stream.
    public let norms: Norms
    /// The projections of queries, keys and values.
    public let queryKeyValue: QueryKeyValue
    /// The projection of what all heads return, `[dim, headCount * headDim]`.
    public let wo: Linear
    /// The norms of queries and keys, `[headDim]` or as wide as all heads, where the model has them.
    public let queryKeyNorms: (query: Tensor, key: Tensor)?
    /// What follows the attention.
    public let network: Network
    private let configuration: ModelConfiguration
    /// Whether queries and keys are turned by the angles of their positions.
    private let isRotated: Bool

    init(
        _ configuration: ModelConfiguration, index: Int, norms: Norms, queryKeyValue: QueryKeyValue, wo: Linear,
        queryKeyNorms: (query: Tensor, key: Tensor)?, network: Network
    ) {
        self.configuration = configuration
        self.norms = norms
        (self.queryKeyValue, self.wo) = (queryKeyValue, wo)
        self.queryKeyNorms = queryKeyNorms
        self.network = network
        isRotated = !configuration.unrotatedLayers.contains(index)
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] {
        let attention = queryKeyValue.linears + [wo]
        switch network {
        case .dense(let feedForward): return attention + feedForward.linears
        case .experts(let mixture): return attention + mixture.linears
        }
    }

    /// Everything in the layer that is trained.
    var trainableParameters: [Tensor] {
        var weights = norms.tensors + linears.map(\.weight)
        if let queryKeyNorms { weights += [queryKeyNorms.query, queryKeyNorms.key] }
        if case .experts(let mixture) = network { weights.append(mixture.router) }
        weights += linears.compactMap(\.bias)
        let updates = linears.flatMap { $0.updates.flatMap(\.tensors) }
        return (weights + updates).filter(\.isTrainable)
    }

    /// - Parameters:
    ///   - x: the residual stream, `[tokens, dim]`
    ///   - plan: which tokens see which, of those whose results are wanted; of all where experts are balanced
    ///   - rotary: the rotary angles of the tokens
    ///   - cache: where keys and values of the row are kept, and what was kept before is read
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all. Keys and
    ///     values are computed for all tokens, everything after them only for these.
    ///   - balance: what measures the use of the experts, which takes the attention of every token, whichever
    ///     results are wanted; `nil` without training
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`
    func callAsFunction(
        _ x: Tensor, plan: AttentionPlan, rotary: RotaryAngles, cache: LayerCache?,
        outputRows: [Int32]? = nil, balance: ExpertBalance? = nil
    ) -> Tensor {
        let middle = attended(x, plan: plan, rotary: rotary, cache: cache, outputRows: balance == nil ? outputRows : nil)
        let read = normed(middle, norms.feedForward)
        switch network {
        case .dense(let feedForward): return sum(middle, feedForward(read), norms.feedForwardOutput)
        case .experts(let mixture):
            // Rows that are wanted are still to be taken where all were attended to.
            let rows = balance == nil ? nil : outputRows
            let stream = rows.map { gatherRows(middle, $0) } ?? middle
            return sum(stream, mixture(read, outputRows: rows, balance: balance), norms.feedForwardOutput)
        }
    }

    /// What a part of the layer reads; where there is no norm before it, in the type that its products read.
    private func normed(_ x: Tensor, _ norm: Tensor?) -> Tensor {
        norm.map { rmsNorm(x, weight: $0, epsilon: configuration.normEpsilon, offset: configuration.normOffset) } ?? x
    }

    /// The residual sum of the stream and what a part of the layer returns.
    private func sum(_ stream: Tensor, _ part: Tensor, _ norm: Tensor?) -> Tensor {
        let part = normed(part, norm)
        let factor = configuration.residualMultiplier
        return factor == 1 ? add(stream, part) : weightedSum([stream, part], weights: [1, factor], result: .float32)
    }

    /// The residual stream after the attention.
    private func attended(
        _ x: Tensor, plan: AttentionPlan, rotary: RotaryAngles, cache: LayerCache?, outputRows: [Int32]?
    ) -> Tensor {
        let normsFirst = configuration.queryKeyNorm != .perHeadAfterRotation
        func turned(_ x: Tensor, _ norm: Tensor?, _ places: [Int32]) -> Tensor {
            let first = normsFirst ? normed(x, norm) : x
            guard isRotated else { return normsFirst ? first : normed(first, norm) }
            let turned = rotate(
                first, positions: places, table: rotary.table, layout: configuration.rotaryLayout, headDim: configuration.headDim)
            return normsFirst ? turned : normed(turned, norm)
        }
        var (q, k, v) = queryKeyValue(normed(x, norms.attention), outputRows: outputRows)
        k = turned(k, queryKeyNorms?.key, rotary.places)
        if let cache { (k, v) = cache.append(k, v) }

        let stream = outputRows.map { gatherRows(x, $0) } ?? x
        q = turned(q, queryKeyNorms?.query, outputRows?.map { rotary.places[Int($0)] } ?? rotary.places)
        let heads = attention(
            q: q, k: k, v: v, plan: plan, scale: configuration.attentionScale, softCap: configuration.attentionSoftCap)
        return sum(stream, wo(heads), norms.attentionOutput)
    }
}
