import CKernels

/// DoRA's step from a direction to a length (Liu et al. 2024): `y[r, c] = magnitude[c] / norms[c] · x[r, c]`.
///
/// `dx = magnitude / norms · dy`, `dmagnitude[c] = Σr dy[r, c] x[r, c] / norms[c]`; the norms are constants.
///
/// - Parameters:
///   - x: `[rows, width]`, of any type
///   - magnitude: `[width]`
///   - norms: `[width]`, above 0
///   - result: the type of the result; `nil` for the context's precision
/// - Returns: the shape of `x`. `x` in float32 keeps changes of the magnitude that are
///   smaller than a step of a 16-bit type from being rounded away.
package func rescaledColumns(_ x: Tensor, magnitude: Tensor, norms: Tensor, result: Precision? = nil) -> Tensor {
    precondition(magnitude.count == x.width && norms.count == x.width, "a magnitude and a norm for each of \(x.width) columns")
    let context = ComputeContext.current
    let factors = Tensor(zip(magnitude.values, norms.values).map { $0 / $1 }, shape: [x.width])
    func scaled(_ x: Tensor) -> Tensor {
        let y = Tensor(uninitialized: x.shape, x.precision)
        context.measuring(.elementwise) {
            Parallel.rows(x.rows, width: x.width) {
                let first = $0.lowerBound * x.width
                scale_columns(
                    Int64($0.count), Int64(x.width), x.precision.code, x.address(first), factors.pointer, y.address(first))
            }
        }
        return y
    }
    let y = scaled(x).converted(to: result ?? context.precision)
    let (node, magnitudeNode) = (x.node, magnitude.node)
    let kept = magnitude.needsGradient ? x : nil
    y.record(inputs: [x, magnitude]) { dy in
        let dy = dy.converted(to: node.precision)
        if node.needsGradient { node.accumulate(scaled(dy)) }
        guard magnitudeNode.needsGradient, let kept else { return }
        context.measuring(.elementwise) {
            let sums = Tensor(uninitialized: [kept.width])
            Parallel.ranges(kept.width, grain: 64) {
                column_products(
                    Int64(kept.rows), Int64(kept.width), Int64($0.lowerBound), Int64($0.upperBound), kept.precision.code,
                    dy.address(), kept.address(), sums.pointer)
            }
            for column in 0..<sums.count { sums.pointer[column] /= norms.pointer[column] }
            magnitudeNode.accumulate(sums)
        }
    }
    return y
}
