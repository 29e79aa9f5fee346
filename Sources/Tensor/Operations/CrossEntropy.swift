import CKernels

/// The output projection and the cross-entropy of its logits, in one: the weighted sum over rows of
/// `log Σ exp(logits) − logits[target]`, divided by `normalizer`, with `logits = x Wᵀ`.
///
/// Rows are taken in blocks, so that all logits are never held at once, and the gradient is made in
/// the same pass: `dlogits = weight (softmax − one-hot) / normalizer`, `dx = dlogits W`,
/// `dW = dlogitsᵀ x`. Which positions count is said by taking only those (``gatherRows(_:_:)``).
///
/// Updates of the projection are added to the logits, `logits = x Wᵀ + …`, each a product of its own, and have their gradients
/// in the same pass.
///
/// With a soft cap, as Gemma 2 has it (Gemma Team 2024), `logits = cap tanh(x Wᵀ / cap)`, as of ``softCapped(_:cap:)``,
/// and `dlogits` of `x Wᵀ` has the factor `1 − tanh²(x Wᵀ / cap)`.
///
/// - Parameters:
///   - x: `[rows, width]`, of any type
///   - weight: `[vocabulary, width]`
///   - updates: what is added to the logits
///   - targets: one a row, each below `vocabulary`
///   - weights: how often each row counts; `nil` for once
///   - normalizer: what the sum is divided by; the sum of the weights for a mean
///   - lossScale: the factor with which ``Tensor/backward(seed:onReady:)`` will be called (a gradient
///     scaler's scale); 16-bit gradients are rounded after this factor
///   - softCap: what the logits' magnitude stays below, above 0; `nil` for logits as they are. In a 16-bit type `x Wᵀ`
///     is rounded, and the capped logits are not
/// - Returns: a scalar
public func projectedCrossEntropy(
    _ x: Tensor, weight: Tensor, updates: [LogitUpdate] = [], targets: [Int32], weights: [Float]? = nil, normalizer: Float,
    lossScale: Float = 1,
    softCap: Float? = nil
) -> Tensor {
    let context = ComputeContext.current
    let (width, vocabulary) = (weight.shape[1], weight.shape[0])
    precondition(x.width == width && x.rows == targets.count, "one target a row of \(width)")
    precondition(weights == nil || weights?.count == targets.count, "one weight a row")
    precondition(targets.allSatisfy { $0 >= 0 && $0 < vocabulary }, "targets lie inside the vocabulary")
    precondition(softCap.map { $0 > 0 } ?? true, "a cap is above 0")
    let inputs = [x, weight] + updates.flatMap(\.inputs)
    let wantsGradient = context.recordsGraph && inputs.contains(where: \.needsGradient)
    let parts = updates.map { UpdatedLogits($0, rows: x.rows, vocabulary: vocabulary, wantsGradient: wantsGradient, context) }
    let projection = ProjectedCrossEntropy(
        x: x.converted(to: context.precision), weight: weight, updates: parts, targets: targets,
        scales: (weights ?? targets.map { _ in 1 }).map { $0 * lossScale / normalizer }, softCap: softCap, context: context)
    let dx = wantsGradient && x.needsGradient ? Tensor(uninitialized: x.shape, context.precision) : nil
    let dweight = wantsGradient && weight.needsGradient ? GradientNode(shape: weight.shape, precision: .float32) : nil
    let products = 1 + (dx == nil ? 0 : 1) + (dweight == nil ? 0 : 1)
    let losses = context.measuring(.loss, operations: products * 2 * x.rows * width * vocabulary) {
        projection.run(wantsGradient: wantsGradient, dx, dweight)
    }

    let total = losses.indices.reduce(0.0) { $0 + Double(losses[$1]) * Double(weights?[$1] ?? 1) }
    let loss = Tensor([Float(total / Double(normalizer))], shape: [])
    let node = x.node
    loss.record(inputs: inputs) { upstream in
        // One, where the caller seeds the backward pass as announced.
        let factor = upstream.scalar / lossScale
        for (target, gradient) in [(node, dx), (weight.node, dweight?.gradient)] + parts.flatMap(\.gradients) {
            guard let gradient else { continue }
            if factor != 1 {
                gradient.scale(by: factor)
            }
            target.accumulate(gradient)
        }
    }
    return loss
}

/// The pass over the rows, a block of them at a time on each core.
private struct ProjectedCrossEntropy {
    let x: Tensor
    let weight: Tensor
    let updates: [UpdatedLogits]
    let targets: [Int32]
    /// The factor of each row's gradient.
    let scales: [Float]
    let softCap: Float?
    let context: ComputeContext

    /// Blocks whose logits are kept until the weight's gradient has read them.
    private static let blocksWithWeightGradient = 8

    private var vocabulary: Int { weight.shape[0] }

    /// - Returns: the loss of each row
    func run(wantsGradient: Bool, _ dx: Tensor?, _ dweight: GradientNode?) -> [Float] {
        let forward = weight.packed(transposed: true, context)
        let backward = dx == nil ? nil : weight.packed(transposed: false, context)
        for update in updates { update.prepare(context) }
        let blocks = RowBlocks(x.rows)
        if blocks.count <= 1 { return runFewRows(forward, backward, wantsGradient: wantsGradient, dx, dweight) }
        var losses = [Float](repeating: 0, count: x.rows)
        let keepsLogits = dweight != nil || updates.contains(where: \.readsLogitsAgain)
        let chunk = keepsLogits ? Self.blocksWithWeightGradient : max(blocks.count, 1)
        losses.withUnsafeMutableBufferPointer { losses in
            let losses = losses
            for first in stride(from: 0, to: blocks.count, by: chunk) {
                let count = min(chunk, blocks.count - first)
                var kept = [Tensor?](repeating: nil, count: count)
                kept.withUnsafeMutableBufferPointer { kept in
                    let kept = kept
                    Parallel.forEach(count) { index in
                        let block = blocks[first + index]
                        let logits = logits(block, by: forward)
                        entropy(block, logits, at: 0, wantsGradient: wantsGradient, losses)
                        if let dx, let backward {
                            context.matmul.multiply(
                                rows: block.count, logits.rows(from: 0), by: backward, columns: 0..<backward.columns,
                                into: dx.mutableRows(from: block.lowerBound), accumulating: false)
                        }
                        if wantsGradient { for update in updates { update.takeGradient(block, of: logits, context) } }
                        if keepsLogits { kept[index] = logits }
                    }
                }
                for (index, logits) in kept.enumerated() {
                    let rows = blocks[first + index].clamped(to: 0..<x.rows)
                    guard let logits else { continue }
                    for update in updates { update.addWeightGradient(rows, of: logits, context) }
                    if let dweight { addTransposedProduct(logits.prefix(rows: rows.count), x.copy(rows: rows), to: dweight, context) }
                }
            }
        }
        return losses
    }

    /// Rows too few to be dealt to cores: the products share their columns.
    private func runFewRows(
        _ forward: any PackedMatrix, _ backward: (any PackedMatrix)?, wantsGradient: Bool, _ dx: Tensor?, _ dweight: GradientNode?
    ) -> [Float] {
        var losses = [Float](repeating: 0, count: x.rows)
        let logits = Tensor(uninitialized: [x.rows, vocabulary], context.precision)
        context.matmul.multiply(x, by: forward, into: logits)
        for update in updates { update.add(0..<x.rows, to: logits, context) }
        losses.withUnsafeMutableBufferPointer { losses in
            let losses = losses
            Parallel.forEach(x.rows) { entropy($0..<$0 + 1, logits, at: $0, wantsGradient: wantsGradient, losses) }
        }
        if let dx, let backward { context.matmul.multiply(logits, by: backward, into: dx) }
        if wantsGradient {
            for update in updates {
                update.takeGradient(0..<x.rows, of: logits, context)
                update.addWeightGradient(0..<x.rows, of: logits, context)
            }
        }
        if let dweight { addTransposedProduct(logits, x, to: dweight, context) }
        return losses
    }

    private func logits(_ block: Range<Int>, by weight: any PackedMatrix) -> Tensor {
        let logits = Tensor(uninitialized: [block.count, vocabulary], context.precision)
        context.matmul.multiply(
            rows: block.count, x.rows(from: block.lowerBound), by: weight, columns: 0..<vocabulary,
            into: logits.mutableRows(from: 0), accumulating: false)
        for update in updates { update.add(block, to: logits, context) }
        return logits
    }

    /// The losses of a block, whose logits, from row `first` on, become their gradient.
    private func entropy(
        _ block: Range<Int>, _ logits: Tensor, at first: Int, wantsGradient: Bool, _ losses: UnsafeMutableBufferPointer<Float>
    ) {
        let block = block.clamped(to: 0..<x.rows)
        let (rows, width, type) = (Int64(block.count), Int64(vocabulary), logits.precision.code)
        targets.withUnsafeBufferPointer { targets in
            guard let targets = targets.baseAddress, let losses = losses.baseAddress else { return }
            let (place, values) = (block.lowerBound, logits.address(first * vocabulary))
            if wantsGradient {
                let scratch = Storage(bytes: (softCap == nil ? 4 : 12) * vocabulary)
                scales.withUnsafeBufferPointer {
                    let scales = $0.baseAddress! + place
                    if let softCap {
                        capped_cross_entropy_with_gradient(
                            rows, width, softCap, scales, targets + place, type, values, scratch.floats, losses + place)
                    } else {
                        cross_entropy_with_gradient(
                            rows, width, scales, targets + place, type, values, scratch.floats, losses + place)
                    }
                }
            } else if let softCap {
                let scratch = Storage(bytes: 4 * vocabulary)
                capped_cross_entropy_forward(
                    rows, width, softCap, targets + place, type, values, scratch.floats, losses + place)
            } else {
                cross_entropy_forward(rows, width, targets + place, type, values, losses + place)
            }
        }
    }
}

extension Tensor {
    /// A copy of some rows, outside of the gradient's record.
    func copy(rows: Range<Int>) -> Tensor {
        let copy = Tensor(uninitialized: [rows.count, width], precision)
        copy.address().copyMemory(from: address(rows.lowerBound * width), byteCount: rows.count * width * precision.size)
        return copy
    }
}
