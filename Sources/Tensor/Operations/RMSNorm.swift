import CKernels

/// Root mean square normalisation (Zhang & Sennrich 2019): `y = weight * x / sqrt(mean(x²) + epsilon)`
/// over the last dimension.
///
/// With `r = 1 / sqrt(mean(x²) + epsilon)`: `dx = r (w dy − x r² mean(w dy x))`, `dw = Σ dy x r`.
///
/// - Parameters:
///   - x: `[rows, width]`, or any shape whose last dimension is `width`
///   - weight: `[width]`
/// - Returns: the shape of `x`
public func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float) -> Tensor {
    let (rows, width) = (x.count / weight.count, weight.count)
    precondition(x.count == rows * width, "a norm of \(width) cannot read \(x.shape)")
    let y = Tensor(uninitialized: x.shape)
    let inverse = Tensor(uninitialized: [rows])
    Parallel.rows(rows, width: width) {
        let first = $0.lowerBound
        rms_norm_forward(
            Int64($0.count), Int64(width), epsilon, x.pointer + first * width, weight.pointer,
            y.pointer + first * width, inverse.pointer + first)
    }
    y.record(inputs: [x, weight]) { dy in
        if weight.needsGradient {
            weight.withGradientToAdd { gradient, beta in
                if beta == 0 { gradient.pointer.initialize(repeating: 0, count: width) }
                Parallel.ranges(width, grain: 64) {
                    rms_norm_weight_gradient(
                        Int64(rows), Int64(width), Int64($0.lowerBound), Int64($0.upperBound), x.pointer,
                        inverse.pointer, dy.pointer, gradient.pointer)
                }
            }
        }
        guard x.needsGradient else { return }
        // The sum with a gradient that is there already is taken in the same pass.
        let base = x.gradient
        let dx = base != nil && !x.gradientIsBorrowed ? base! : Tensor(uninitialized: x.shape)
        Parallel.rows(rows, width: width) {
            let first = $0.lowerBound
            rms_norm_backward(
                Int64($0.count), Int64(width), x.pointer + first * width, weight.pointer,
                inverse.pointer + first, dy.pointer + first * width, base.map { UnsafePointer($0.pointer + first * width) },
                dx.pointer + first * width)
        }
        x.gradient = dx
        x.gradientIsBorrowed = false
    }
    return y
}
