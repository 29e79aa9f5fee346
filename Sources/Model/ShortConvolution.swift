import Tensor

/// A gated short convolution (Liquid AI 2025; `Lfm2ShortConv` of transformers): of `B`, `C` and `u`, which one projection makes
/// of each token, `out(C * convolution(B * u))`.
public final class ShortConvolution {
    /// `[3 * dim, dim]`: makes `B`, `C` and `u`, side by side.
    public let input: Linear
    /// The kernels, `[dim, 1, kernelLength]`; the last value is multiplied with the token itself.
    public let kernel: Tensor
    /// `[dim]`, where the convolution has one.
    public let bias: Tensor?
    /// `[dim, dim]`
    public let output: Linear

    init(input: Linear, kernel: Tensor, bias: Tensor?, output: Linear) {
        (self.input, self.kernel, self.bias, self.output) = (input, kernel, bias, output)
    }

    /// The linear layers, in the order of the state dict.
    public var linears: [Linear] { [input, output] }

    /// The weights that no linear layer has.
    var otherWeights: [Tensor] { [kernel, bias].compactMap { $0 } }

    /// - Parameters:
    ///   - x: what the layer reads, normed, `[tokens, dim]`
    ///   - plan: which tokens come before which, and whose results are wanted
    ///   - cache: where the convolution's inputs are kept, and those of the tokens before are read
    /// - Returns: `[tokens, dim]`, or as many rows as results are wanted
    func callAsFunction(_ x: Tensor, plan: ConvolutionPlan, cache: LayerCache?) -> Tensor {
        let projected = input(plan.rows.map { gatherRows(x, $0) } ?? x)
        let dim = kernel.shape[0]
        func part(_ index: Int) -> Tensor { columns(projected, index * dim..<(index + 1) * dim) }
        var gated = multiply(part(0), part(2))
        if let cache { gated = cache.append(gated, last: plan.kept + gated.rows) }
        var mixed = causalConvolution(gated, kernel: kernel, bias: bias, predecessors: plan.predecessors)
        var gate = part(1)
        if let results = plan.results {
            mixed = gatherRows(mixed, results)
            // What a cache kept has no gate: it is of tokens that are done with.
            gate = gatherRows(gate, results.map { $0 - Int32(plan.kept) })
        }
        return output(multiply(gate, mixed))
    }
}
