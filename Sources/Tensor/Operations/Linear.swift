/// A linear layer, with or without a bias and a low-rank update: `y = x Wᵀ + bias + scale (x Aᵀ) Bᵀ`.
///
/// `dx = dy W + scale (dy B) A`, `dW = dyᵀ x`, `dbias = Σ dy`, `dB = dyᵀ (scale x Aᵀ)`, `dA = (scale dy B)ᵀ x`; each
/// only where somebody needs it. With dropout the update reads `d(x)` in place of `x`, and its part of `dx` goes through
/// the same mask, which is made again for it. In a 16-bit precision every product reads rounded values and returns
/// rounded values, a scale other than 1 rounds once more; sums are float32. The bias is read in the type of the result, as
/// under `torch.autocast`, and is in the sums before they are rounded.
///
/// - Parameters:
///   - x: `[rows, in]`, of any type
///   - weight: `[out, in]`
///   - factors: `A [rank, in]`, `B [out, rank]`
///   - bias: `[out]`, float32
///   - dropout: what the update's input leaves out
///   - result: the type of the result, where what follows would lose by rounding; `nil` for the context's precision
/// - Returns: `[rows, out]`
public func linear(
    _ x: Tensor, _ weight: Tensor, _ factors: LowRankFactors? = nil, bias: Tensor? = nil, dropout: DropoutMask? = nil,
    result: Precision? = nil
) -> Tensor {
    let context = ComputeContext.current
    let (input, output) = (weight.shape[1], weight.shape[0])
    precondition(x.width == input, "a linear layer of [\(output), \(input)] cannot read \(x.shape)")
    let xs = context.measuring(.elementwise) { x.converted(to: context.precision) }
    let y = Tensor(uninitialized: x.shape.dropLast() + [output], result ?? context.precision)
    // The product is added to the bias: every product takes its sums to what is there before it rounds them.
    if let bias { context.measuring(.elementwise) { fillRows(of: y, with: bias) } }
    let product = 2 * x.rows * input * output
    context.measuring(.matmul, operations: product) {
        context.matmul.multiply(xs, by: weight.packed(transposed: true, context), into: y, accumulating: bias != nil)
    }
    // Each of the update's products has this size.
    let lowRankProduct = 2 * x.rows * (factors?.rank ?? 0)
    let hidden = factors.map { factors in
        context.measuring(.lora, operations: lowRankProduct * (input + output)) {
            addLowRankProduct(factors, of: dropout?.applied(to: xs) ?? xs, to: y, context)
        }
    }

    let (node, biasNode) = (x.node, bias?.node)
    // Only gradients of weights read the input's values again.
    let keepsInput = weight.needsGradient || factors?.a.needsGradient == true
    let kept = keepsInput ? xs : nil
    y.record(inputs: [x, weight] + (factors.map { [$0.a, $0.b] } ?? []) + (bias.map { [$0] } ?? [])) { dy in
        let ys = context.measuring(.elementwise) { dy.converted(to: context.precision) }
        let dhidden = factors.flatMap { factors in
            factors.a.needsGradient || node.needsGradient
                ? context.measuring(.lora, operations: lowRankProduct * output) { lowRankGradient(factors, of: ys, context) } : nil
        }
        if node.needsGradient {
            node.withGradientOfProducts { dx, isFresh in
                context.measuring(.matmul, operations: product) {
                    context.matmul.multiply(
                        ys, by: weight.packed(transposed: false, context), into: dx, accumulating: !isFresh)
                }
                guard let factors, let dhidden else { return }
                context.measuring(.lora, operations: lowRankProduct * input) {
                    let a = factors.a.packed(transposed: false, context)
                    if let dropout {
                        let part = Tensor(uninitialized: dx.shape, dx.precision)
                        context.matmul.multiply(dhidden, by: a, into: part)
                        dropout.apply(to: part, into: dx, accumulating: true)
                    } else {
                        context.matmul.multiply(dhidden, by: a, into: dx, accumulating: true)
                    }
                }
            }
        }
        if weight.needsGradient, let kept { addTransposedProduct(ys, kept, to: weight.node, context) }
        if let biasNode, biasNode.needsGradient { context.measuring(.elementwise) { addColumnSums(ys, to: biasNode) } }
        guard let factors else { return }
        if factors.b.needsGradient, let hidden { addTransposedProduct(ys, hidden, to: factors.b.node, context) }
        if factors.a.needsGradient, let kept, let dhidden {
            addTransposedProduct(dhidden, dropout?.applied(to: kept) ?? kept, to: factors.a.node, context)
        }
    }
    return y
}

/// Adds `scale (x Aᵀ) Bᵀ` to `y` and returns `scale x Aᵀ`, `[rows, rank]`.
private func addLowRankProduct(_ factors: LowRankFactors, of x: Tensor, to y: Tensor, _ context: ComputeContext) -> Tensor {
    let hidden = scaledProduct(x, by: factors.a.packed(transposed: true, context), factors.scale, context)
    context.matmul.multiply(hidden, by: factors.b.packed(transposed: true, context), into: y, accumulating: true)
    return hidden
}

/// `scale dy B`, `[rows, rank]`.
private func lowRankGradient(_ factors: LowRankFactors, of dy: Tensor, _ context: ComputeContext) -> Tensor {
    scaledProduct(dy, by: factors.b.packed(transposed: false, context), factors.scale, context)
}

private func scaledProduct(_ x: Tensor, by b: any PackedMatrix, _ scale: Float, _ context: ComputeContext) -> Tensor {
    let y = Tensor(uninitialized: [x.rows, b.columns], context.precision)
    context.matmul.multiply(x, by: b, into: y)
    if scale != 1 { y.scale(by: scale) }
    return y
}
