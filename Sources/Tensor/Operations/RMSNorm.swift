import CKernels

/// Root mean square normalisation (Zhang & Sennrich 2019): `y = (offset + weight) * x / sqrt(mean(x²) + epsilon)`
/// over the last dimension.
///
/// With `r = 1 / sqrt(mean(x²) + epsilon)` and `w = offset + weight`: `dx = r (w dy − x r² mean(w dy x))`,
/// `dw = Σ dy x r`.
///
/// - Parameters:
///   - x: `[rows, width]`, or any shape that divides into rows of `width`, such as the heads of a row; of any type
///   - weight: `[width]`
///   - offset: 1 where the weight is kept as its difference from 1, as in Gemma
/// - Returns: the shape of `x`, computed in float32 and rounded to the context's precision, in which the
///   linear layers after a norm read it
public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float, offset: Float = 0) -> Tensor {
    let context = ComputeContext.current
    let (rows, width) = (x.count / weight.count, weight.count)
    precondition(x.count == rows * width, "a norm of \(width) cannot read \(x.shape)")
    let y = Tensor(uninitialized: x.shape, context.precision)
    let values = context.measuring(.elementwise) { x.converted(to: .float32) }
    let inverse = Tensor(uninitialized: [rows])
    // A weight of its own: 0 + w is not w where that is -0.
    let factors = offset == 0 ? weight : Tensor(weight.values.map { offset + $0 }, shape: [width])
    context.measuring(.elementwise) {
        Parallel.rows(rows, width: width) {
            let first = $0.lowerBound
            rms_norm_forward(
                Int64($0.count), Int64(width), epsilon, values.pointer + first * width, factors.pointer, y.precision.code,
                y.address(first * width), inverse.pointer + first)
        }
    }
    let node = x.node
    y.record(inputs: [x, weight]) { dy in
        context.measuring(.elementwise) {
            if weight.needsGradient { addWeightGradient(dy, values, inverse, to: weight.node) }
            guard node.needsGradient else { return }
            node.withGradientOfOnePass { present, dx in
                Parallel.rows(rows, width: width) {
                    let first = $0.lowerBound * width
                    rms_norm_backward(
                        Int64($0.count), Int64(width), values.pointer + first, factors.pointer, inverse.pointer + $0.lowerBound,
                        dy.precision.code, dy.address(first), present.map { UnsafePointer($0.pointer + first) },
                        dx.pointer + first)
                }
            }
        }
    }
    return y
}

private func addWeightGradient(_ dy: Tensor, _ x: Tensor, _ inverse: Tensor, to weight: GradientNode) {
    weight.withGradientToAdd { gradient, isFresh in
        if isFresh { gradient.fill(with: 0) }
        Parallel.ranges(gradient.count, grain: 64) {
            rms_norm_weight_gradient(
                Int64(inverse.count), Int64(gradient.count), Int64($0.lowerBound), Int64($0.upperBound), x.pointer,
                inverse.pointer, dy.precision.code, dy.address(), gradient.pointer)
        }
    }
}
