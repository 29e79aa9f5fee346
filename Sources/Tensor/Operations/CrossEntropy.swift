import CKernels

/// The output projection and the cross-entropy of its logits, in one: the sum over rows of
/// `log Σ exp(logits) − logits[target]`, divided by `normalizer`, with `logits = x Wᵀ`.
///
/// Rows are taken in chunks, so that all logits are never held at once, and the gradient is made in
/// the same pass: `dlogits = (softmax − one-hot) / normalizer`, `dx = dlogits W`, `dW = dlogitsᵀ x`.
/// Which positions count is said by taking only those (``gatherRows(_:_:)``).
///
/// - Parameters:
///   - x: `[rows, width]`
///   - weight: `[vocabulary, width]`
///   - targets: one a row, each below `vocabulary`
///   - normalizer: what the sum is divided by; the number of rows for a mean
///   - lossScale: the factor with which ``Tensor/backward(seed:)`` will be called (a gradient
///     scaler's scale); 16-bit gradients are rounded after this factor
/// - Returns: a scalar
public func projectedCrossEntropy(
    _ x: Tensor, weight: Tensor, targets: [Int32], normalizer: Float, lossScale: Float = 1
) -> Tensor {
    let context = ComputeContext.current
    let (width, vocabulary) = (weight.shape[1], weight.shape[0])
    precondition(x.width == width && x.rows == targets.count, "one target a row of \(width)")
    precondition(targets.allSatisfy { $0 >= 0 && $0 < vocabulary }, "targets lie inside the vocabulary")
    let wantsGradient = context.recordsGraph && (x.needsGradient || weight.needsGradient)
    let dx = wantsGradient && x.needsGradient ? Tensor(uninitialized: x.shape) : nil
    let dweight = wantsGradient && weight.needsGradient ? Tensor(repeating: 0, shape: weight.shape) : nil

    let precision = context.precision
    let xs = x.operand(precision)
    let ws = weight.operand(precision)
    let losses = Tensor(uninitialized: [x.rows])
    // About 8 MB of logits: they stay in the cache between the product and its use.
    let chunk = max(16, (2 << 20) / vocabulary)
    let logits = Tensor(uninitialized: [min(chunk, x.rows), vocabulary])
    for first in stride(from: 0, to: x.rows, by: chunk) {
        let count = min(chunk, x.rows - first)
        let rows = xs.pointer + first * width
        context.matmul.multiplyInParallel(
            ProductSize(m: count, n: vocabulary, k: width), MatrixOperand(rows, stride: width),
            MatrixOperand(ws.pointer, stride: width, transposed: true), logits.pointer)
        targets.withUnsafeBufferPointer { targets in
            let targets = targets.baseAddress! + first
            Parallel.rows(count, width: vocabulary) {
                let (i, n) = ($0.lowerBound, Int64($0.count))
                let block = logits.pointer + i * vocabulary
                round_f32(n * Int64(vocabulary), precision.code, block, block)
                if wantsGradient {
                    cross_entropy_with_gradient(
                        n, Int64(vocabulary), precision.code, lossScale / normalizer, targets + i, block,
                        losses.pointer + first + i)
                } else {
                    cross_entropy_forward(n, Int64(vocabulary), targets + i, block, losses.pointer + first + i)
                }
            }
        }
        let dlogits = UnsafePointer(logits.pointer)
        if let dx {
            context.matmul.multiplyInParallel(
                ProductSize(m: count, n: width, k: vocabulary), MatrixOperand(dlogits, stride: vocabulary),
                MatrixOperand(ws.pointer, stride: width), dx.pointer + first * width)
        }
        if let dweight {
            context.matmul.multiplyInParallel(
                ProductSize(m: vocabulary, n: width, k: count),
                MatrixOperand(dlogits, stride: vocabulary, transposed: true),
                MatrixOperand(rows, stride: width), beta: 1, dweight.pointer)
        }
    }
    dx?.round(to: precision)
    dweight?.round(to: precision)

    let total = losses.withValues { $0.reduce(0.0) { $0 + Double($1) } }
    let loss = Tensor([Float(total / Double(normalizer))], shape: [])
    loss.record(inputs: [x, weight]) { upstream in
        // One, where the caller seeds the backward pass as announced.
        let factor = upstream.scalar / lossScale
        for (target, gradient) in [(x, dx), (weight, dweight)] {
            guard let gradient else { continue }
            if factor != 1 {
                Parallel.ranges(gradient.count) {
                    let p = gradient.pointer + $0.lowerBound
                    scale_f32(Int64($0.count), factor, p, p)
                }
            }
            target.accumulate(gradient)
        }
    }
    return loss
}
