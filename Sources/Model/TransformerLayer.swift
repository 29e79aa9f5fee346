import Tensor

/// One layer: attention and a gated feed-forward network, each behind a norm and beside the
/// residual stream.
public final class TransformerLayer {
    public let attentionNorm: Tensor
    public let wq: Linear
    public let wk: Linear
    public let wv: Linear
    public let wo: Linear
    public let ffnNorm: Tensor
    public let w1: Linear
    public let w2: Linear
    public let w3: Linear
    private let configuration: ModelConfiguration

    init(
        _ configuration: ModelConfiguration, attentionNorm: Tensor, wq: Linear, wk: Linear, wv: Linear,
        wo: Linear, ffnNorm: Tensor, w1: Linear, w2: Linear, w3: Linear
    ) {
        self.configuration = configuration
        self.attentionNorm = attentionNorm
        (self.wq, self.wk, self.wv, self.wo) = (wq, wk, wv, wo)
        self.ffnNorm = ffnNorm
        (self.w1, self.w2, self.w3) = (w1, w2, w3)
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] { [wq, wk, wv, wo, w1, w2, w3] }

    /// Everything in the layer that is trained.
    var trainableParameters: [Tensor] {
        let weights = [attentionNorm, ffnNorm] + linears.map(\.weight)
        let factors = linears.compactMap(\.adapter).flatMap { [$0.a, $0.b] }
        return (weights + factors).filter(\.isTrainable)
    }

    /// - Parameters:
    ///   - x: the residual stream, `[tokens, dim]`
    ///   - row: the row
    ///   - plan: which tokens see which, of those whose results are wanted
    ///   - rotary: the rotary angles
    ///   - cache: where keys and values of the row are kept, and what was kept before is read
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all. Keys and
    ///     values are computed for all tokens, everything after them only for these.
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`
    func callAsFunction(
        _ x: Tensor, _ row: TokenRow, plan: AttentionPlan, rotary: RotaryTable, cache: LayerCache?, outputRows: [Int32]? = nil
    ) -> Tensor {
        let normed = rmsNorm(x, weight: attentionNorm, epsilon: configuration.normEpsilon)
        var k = rotate(wk(normed), positions: row.positions, table: rotary, layout: .interleaved)
        var v = wv(normed)
        if let cache { (k, v) = cache.append(k, v) }

        let stream = outputRows.map { gatherRows(x, $0) } ?? x
        let queried = outputRows.map { gatherRows(normed, $0) } ?? normed
        let q = rotate(
            wq(queried), positions: outputRows?.map { row.positions[Int($0)] } ?? row.positions, table: rotary,
            layout: .interleaved)
        let middle = add(stream, wo(attention(q: q, k: k, v: v, plan: plan)))
        let gated = rmsNorm(middle, weight: ffnNorm, epsilon: configuration.normEpsilon)
        return add(middle, w2(swiGLU(gate: w1(gated), up: w3(gated))))
    }
}
