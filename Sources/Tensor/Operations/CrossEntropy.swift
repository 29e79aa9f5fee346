import CKernels

/// The output projection and the cross-entropy of its logits, in one: the weighted sum over rows of
/// `log Σ exp(logits) − logits[target]`, divided by `normalizer`, with `logits = x Wᵀ`.
///
/// Rows are taken in chunks, so that all logits are never held at once, and the gradient is made in
/// the same pass: `dlogits = weight (softmax − one-hot) / normalizer`, `dx = dlogits W`,
/// `dW = dlogitsᵀ x`. Which positions count is said by taking only those (``gatherRows(_:_:)``).
///
/// - Parameters:
///   - x: `[rows, width]`, of any type
///   - weight: `[vocabulary, width]`
///   - targets: one a row, each below `vocabulary`
///   - weights: how often each row counts; `nil` for once
///   - normalizer: what the sum is divided by; the sum of the weights for a mean
///   - lossScale: the factor with which ``Tensor/backward(seed:)`` will be called (a gradient
///     scaler's scale); 16-bit gradients are rounded after this factor
/// - Returns: a scalar
public func projectedCrossEntropy(
    _ x: Tensor, weight: Tensor, targets: [Int32], weights: [Float]? = nil, normalizer: Float, lossScale: Float = 1
) -> Tensor {
    let context = ComputeContext.current
    let (width, vocabulary) = (weight.shape[1], weight.shape[0])
    precondition(x.width == width && x.rows == targets.count, "one target a row of \(width)")
    precondition(weights == nil || weights?.count == targets.count, "one weight a row")
    precondition(targets.allSatisfy { $0 >= 0 && $0 < vocabulary }, "targets lie inside the vocabulary")
    let wantsGradient = context.recordsGraph && (x.needsGradient || weight.needsGradient)
    let projection = ProjectedCrossEntropy(
        x: x.converted(to: context.precision), weight: weight, targets: targets,
        scales: (weights ?? targets.map { _ in 1 }).map { $0 * lossScale / normalizer }, context: context)
    let dx = wantsGradient && x.needsGradient ? Tensor(uninitialized: x.shape, context.precision) : nil
    let dweight = wantsGradient && weight.needsGradient ? GradientNode(shape: weight.shape, precision: .float32) : nil
    let products = 1 + (dx == nil ? 0 : 1) + (dweight == nil ? 0 : 1)
    let losses = context.measuring(.loss, operations: products * 2 * x.rows * width * vocabulary) {
        projection.run(wantsGradient: wantsGradient, dx, dweight)
    }

    let total = losses.indices.reduce(0.0) { $0 + Double(losses[$1]) * Double(weights?[$1] ?? 1) }
    let loss = Tensor([Float(total / Double(normalizer))], shape: [])
    let node = x.node
    loss.record(inputs: [x, weight]) { upstream in
        // One, where the caller seeds the backward pass as announced.
        let factor = upstream.scalar / lossScale
        for (target, gradient) in [(node, dx), (weight.node, dweight?.gradient)] {
            guard let gradient else { continue }
            if factor != 1 {
                let (count, type) = (Int64(gradient.count), gradient.precision.code)
                scale_values(count, type, factor, gradient.address(), gradient.address())
            }
            target.accumulate(gradient)
        }
    }
    return loss
}

/// The pass over the rows, chunk by chunk.
private struct ProjectedCrossEntropy {
    let x: Tensor
    let weight: Tensor
    let targets: [Int32]
    /// The factor of each row's gradient.
    let scales: [Float]
    let context: ComputeContext

    /// Logits that are held at once at the most.
    private static let chunkValues = 8 << 20

    private var vocabulary: Int { weight.shape[0] }

    /// - Returns: the loss of each row
    func run(wantsGradient: Bool, _ dx: Tensor?, _ dweight: GradientNode?) -> [Float] {
        let most = max(Self.chunkValues / vocabulary / 64 * 64, 64)
        let chunks = max((x.rows + most - 1) / most, 1)
        // Chunks of one size, in whole blocks of rows.
        let chunk = ((x.rows + chunks - 1) / chunks + Tensor.rowBlock - 1) / Tensor.rowBlock * Tensor.rowBlock
        let forward = weight.packed(transposed: true, context)
        let backward = dx == nil ? nil : weight.packed(transposed: false, context)
        var losses = [Float](repeating: 0, count: x.rows)
        let logits = Tensor(uninitialized: [min(chunk, x.rows), vocabulary], context.precision)
        losses.withUnsafeMutableBufferPointer { losses in
            nonisolated(unsafe) let losses = losses
            for first in stride(from: 0, to: x.rows, by: chunk) {
                let rows = min(chunk, x.rows - first)
                let blocks = RowBlocks(rows)
                Parallel.forEach(blocks.count) { index in
                    let block = blocks[index]
                    project(block, from: first, by: forward, into: logits)
                    entropy(block.clamped(to: 0..<rows), from: first, logits, wantsGradient: wantsGradient, losses)
                    if let dx, let backward {
                        context.matmul.multiply(
                            rows: block.count, logits.rows(from: block.lowerBound), by: backward,
                            columns: 0..<backward.columns, into: dx.mutableRows(from: first + block.lowerBound),
                            accumulating: false)
                    }
                }
                if let dweight {
                    addTransposedProduct(logits.prefix(rows: rows), x.copy(rows: first..<first + rows), to: dweight, context)
                }
            }
        }
        return losses
    }

    private func project(_ block: Range<Int>, from first: Int, by weight: any PackedMatrix, into logits: Tensor) {
        context.matmul.multiply(
            rows: block.count, x.rows(from: first + block.lowerBound), by: weight, columns: 0..<vocabulary,
            into: logits.mutableRows(from: block.lowerBound), accumulating: false)
    }

    private func entropy(
        _ block: Range<Int>, from first: Int, _ logits: Tensor, wantsGradient: Bool, _ losses: UnsafeMutableBufferPointer<Float>
    ) {
        let (rows, width, type) = (Int64(block.count), Int64(vocabulary), logits.precision.code)
        let (address, place) = (logits.address(block.lowerBound * vocabulary), first + block.lowerBound)
        targets.withUnsafeBufferPointer { targets in
            guard let targets = targets.baseAddress, let losses = losses.baseAddress else { return }
            if wantsGradient {
                let scratch = Storage(bytes: 4 * vocabulary)
                scales.withUnsafeBufferPointer {
                    cross_entropy_with_gradient(
                        rows, width, $0.baseAddress! + place, targets + place, type, address,
                        scratch.pointer.assumingMemoryBound(to: Float.self), losses + place)
                }
            } else {
                cross_entropy_forward(rows, width, targets + place, type, address, losses + place)
            }
        }
    }
}

extension Tensor {
    /// A copy of some rows, outside of the gradient's record.
    fileprivate func copy(rows: Range<Int>) -> Tensor {
        let copy = Tensor(uninitialized: [rows.count, width], precision)
        copy.address().copyMemory(from: address(rows.lowerBound * width), byteCount: rows.count * width * precision.size)
        return copy
    }
}
