import CKernels

/// Layer normalisation (Ba, Kiros & Hinton 2016): `y = weight * (x - mean(x)) / sqrt(variance(x) + epsilon) + bias` over the
/// last dimension, with the variance of all values, not of a sample.
///
/// With `r = 1 / sqrt(variance(x) + epsilon)`, `n = r (x − mean(x))` and `d = weight dy`:
/// `dx = r (d − mean(d) − n mean(d n))`, `dweight = Σ dy n`, `dbias = Σ dy`.
///
/// - Parameters:
///   - x: `[rows, width]`, or any shape that divides into rows of `width`, such as the heads of a row; of any type
///   - weight: `[width]`
///   - bias: `[width]`
/// - Returns: the shape of `x`, computed in float32 and rounded to the context's precision, in which the
///   linear layers after a norm read it
public func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor? = nil, epsilon: Float) -> Tensor {
    let context = ComputeContext.current
    let (rows, width) = (x.count / weight.count, weight.count)
    precondition(x.count == rows * width, "a norm of \(width) cannot read \(x.shape)")
    precondition(bias == nil || bias?.count == width, "a norm of \(width) has a bias of as many")
    let y = Tensor(uninitialized: x.shape, context.precision)
    let values = context.measuring(.elementwise) { x.converted(to: .float32) }
    let (mean, inverse) = (Tensor(uninitialized: [rows]), Tensor(uninitialized: [rows]))
    context.measuring(.elementwise) {
        Parallel.rows(rows, width: width) {
            let first = $0.lowerBound
            layer_norm_forward(
                Int64($0.count), Int64(width), epsilon, values.pointer + first * width, weight.pointer, bias?.pointer,
                y.precision.code, y.address(first * width), mean.pointer + first, inverse.pointer + first)
        }
    }
    let (node, biasNode) = (x.node, bias?.node)
    y.record(inputs: [x, weight] + (bias.map { [$0] } ?? [])) { dy in
        context.measuring(.elementwise) {
            if weight.needsGradient { addWeightGradient(dy, values, mean, inverse, to: weight.node) }
            if let biasNode, biasNode.needsGradient { addColumnSums(dy, to: biasNode) }
            guard node.needsGradient else { return }
            node.withGradientOfOnePass { present, dx in
                Parallel.rows(rows, width: width) {
                    let first = $0.lowerBound * width
                    layer_norm_backward(
                        Int64($0.count), Int64(width), values.pointer + first, weight.pointer, mean.pointer + $0.lowerBound,
                        inverse.pointer + $0.lowerBound, dy.precision.code, dy.address(first),
                        present.map { UnsafePointer($0.pointer + first) }, dx.pointer + first)
                }
            }
        }
    }
    return y
}

private func addWeightGradient(_ dy: Tensor, _ x: Tensor, _ mean: Tensor, _ inverse: Tensor, to weight: GradientNode) {
    weight.withGradientToAdd { gradient, isFresh in
        if isFresh { gradient.fill(with: 0) }
        Parallel.ranges(gradient.count, grain: 64) {
            layer_norm_weight_gradient(
                Int64(inverse.count), Int64(gradient.count), Int64($0.lowerBound), Int64($0.upperBound), x.pointer,
                mean.pointer, inverse.pointer, dy.precision.code, dy.address(), gradient.pointer)
        }
    }
}
