import Tensor

/// Grouped-query attention with rotary embeddings: a token reads those of its sequence up to its own.
public final class Attention {
    /// The projections of queries, keys and values.
    public let queryKeyValue: QueryKeyValue
    /// The projection of what all heads return, `[dim, headCount * headDim]`.
    public let wo: Linear
    /// The norms of queries and keys, `[headDim]` or as wide as all heads, where the model has them.
    public let queryKeyNorms: (query: Tensor, key: Tensor)?
    private let configuration: ModelConfiguration
    /// Whether queries and keys are turned by the angles of their positions.
    private let isRotated: Bool

    /// - Parameter index: of the layer that it stands in
    init(
        _ configuration: ModelConfiguration, index: Int, queryKeyValue: QueryKeyValue, wo: Linear,
        queryKeyNorms: (query: Tensor, key: Tensor)?
    ) {
        self.configuration = configuration
        (self.queryKeyValue, self.wo) = (queryKeyValue, wo)
        self.queryKeyNorms = queryKeyNorms
        isRotated = !configuration.unrotatedLayers.contains(index)
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] { queryKeyValue.linears + [wo] }

    /// The weights that no linear layer has.
    var otherWeights: [Tensor] { queryKeyNorms.map { [$0.query, $0.key] } ?? [] }

    /// - Parameters:
    ///   - x: what the layer reads, normed, `[tokens, dim]`
    ///   - plan: which tokens see which, of those whose results are wanted
    ///   - rotary: the rotary angles of the tokens
    ///   - cache: where keys and values of the row are kept, and what was kept before is read
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all. Keys and values are computed
    ///     for all tokens, everything else only for these.
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`
    func callAsFunction(
        _ x: Tensor, plan: AttentionPlan, rotary: RotaryAngles, cache: LayerCache?, outputRows: [Int32]?
    ) -> Tensor {
        let normsFirst = configuration.queryKeyNorm != .perHeadAfterRotation
        func turned(_ x: Tensor, _ norm: Tensor?, _ table: RotaryTable, _ places: [Int32]) -> Tensor {
            let first = normsFirst ? configuration.normed(x, norm) : x
            guard isRotated else { return normsFirst ? first : configuration.normed(first, norm) }
            let turned = rotate(
                first, positions: places, table: table, layout: configuration.rotaryLayout, headDim: configuration.headDim)
            return normsFirst ? turned : configuration.normed(turned, norm)
        }
        var (q, k, v) = queryKeyValue(x, outputRows: outputRows)
        var gate: Tensor?
        if configuration.gatesAttention {
            let headDim = configuration.headDim
            gate = columns(q, headDim..<2 * headDim, ofEach: 2 * headDim)
            q = columns(q, 0..<headDim, ofEach: 2 * headDim)
        }
        k = turned(k, queryKeyNorms?.key, rotary.keys, rotary.places)
        if let cache { (k, v) = cache.append(k, v) }

        q = turned(q, queryKeyNorms?.query, rotary.queries, outputRows?.map { rotary.places[Int($0)] } ?? rotary.places)
        let heads = attention(
            q: q, k: k, v: v, plan: plan, scale: configuration.attentionScale, softCap: configuration.attentionSoftCap)
        return wo(gate.map { gatedActivation(gate: $0, up: heads, .sigmoid) } ?? heads)
    }
}
