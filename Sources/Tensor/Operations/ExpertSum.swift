import CKernels

/// The sum of the experts' results for each token, each times its weight: `y[t] = Σj w[t, j] x[t, j]`, where
/// `x[t, j]` is the result of the token's j-th expert.
///
/// `dx[t, j] = w[t, j] dy[t]`, `dw[t, j] = dy[t] · x[t, j]`.
///
/// - Parameters:
///   - results: for each expert that tokens went to, its results `[tokens of it, width]`, all of one type
///   - slots: for each of them, the places of its rows in the routing's `tokens * expertsPerToken`
///   - routing: where the tokens went
/// - Returns: `[tokens, width]`, float32
public func expertSum(_ results: [Tensor], slots: [[Int]], _ routing: ExpertRouting) -> Tensor {
    let context = ComputeContext.current
    let (tokens, terms) = (routing.weights.rows, routing.weights.width)
    guard let first = results.first else { preconditionFailure("tokens go to some expert") }
    let (width, precision) = (first.width, first.precision)
    precondition(results.allSatisfy { $0.width == width && $0.precision == precision }, "results of one width and type")
    /// The address of each slot's row.
    func addresses(_ tensors: [Tensor]) -> [UnsafeMutableRawPointer] {
        var rows = [UnsafeMutableRawPointer?](repeating: nil, count: tokens * terms)
        for (tensor, slots) in zip(tensors, slots) {
            for (row, slot) in slots.enumerated() { rows[slot] = tensor.address(row * width) }
        }
        return rows.map { row in
            guard let row else { preconditionFailure("every slot has a result") }
            return row
        }
    }
    let weights = routing.weights
    let y = Tensor(uninitialized: [tokens, width])
    context.measuring(.elementwise) {
        let rows = addresses(results).map { UnsafeRawPointer($0) as UnsafeRawPointer? }
        rows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            Parallel.rows(tokens, width: width) {
                let first = $0.lowerBound
                weighted_row_sums(
                    Int64($0.count), Int64(terms), Int64(width), precision.code, rows + first * terms,
                    weights.pointer + first * terms, y.pointer + first * width)
            }
        }
    }
    y.record(inputs: results + [weights]) { dy in
        context.measuring(.elementwise) {
            let gradients = results.map { Tensor(uninitialized: $0.shape, precision) }
            let dweights = Tensor(uninitialized: weights.shape)
            let dy = dy.converted(to: .float32)
            let rows = addresses(results).map { UnsafeRawPointer($0) as UnsafeRawPointer? }
            let drows = addresses(gradients).map { $0 as UnsafeMutableRawPointer? }
            rows.withUnsafeBufferPointer { rows in
                drows.withUnsafeBufferPointer { drows in
                    guard let rows = rows.baseAddress, let drows = drows.baseAddress else { return }
                    Parallel.rows(tokens, width: width) {
                        let first = $0.lowerBound
                        weighted_row_sums_backward(
                            Int64($0.count), Int64(terms), Int64(width), precision.code, rows + first * terms,
                            weights.pointer + first * terms, dy.pointer + first * width, drows + first * terms,
                            dweights.pointer + first * terms)
                    }
                }
            }
            for (result, gradient) in zip(results, gradients) where result.needsGradient { result.node.accumulate(gradient) }
            if weights.needsGradient { weights.node.accumulate(dweights) }
        }
    }
    return y
}
