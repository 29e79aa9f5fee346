import CKernels

/// `Σ weightᵢ termᵢ`, summed in float32 and rounded once. The gradient of a term is `weightᵢ dy`.
///
/// - Parameters:
///   - terms: at least one, of one shape and any types
///   - weights: as many
///   - result: the type of the result; `nil` for the context's precision
/// - Returns: the same shape
public func weightedSum(_ terms: [Tensor], weights: [Float], result: Precision? = nil) -> Tensor {
    guard let first = terms.first, terms.count == weights.count, terms.allSatisfy({ $0.shape == first.shape }) else {
        preconditionFailure("terms of one shape, and a weight for each")
    }
    let context = ComputeContext.current
    let sum = Tensor(uninitialized: first.shape)
    let y = context.measuring(.elementwise) {
        let addresses = terms.map { ($0.address(), $0.precision) }
        Parallel.ranges(sum.count) { range in
            (sum.pointer + range.lowerBound).initialize(repeating: 0, count: range.count)
            for ((address, precision), weight) in zip(addresses, weights) {
                accumulate_f32(
                    Int64(range.count), weight, precision.code, address + range.lowerBound * precision.size,
                    sum.pointer + range.lowerBound)
            }
        }
        return sum.converted(to: result ?? context.precision)
    }
    let parts = zip(terms.map(\.node), weights).filter { $0.0.needsGradient }
    y.record(inputs: terms) { dy in
        for (node, weight) in parts {
            if weight == 1 { node.accumulate(dy, owned: false) } else { node.accumulate(dy.scaledCopy(by: weight)) }
        }
    }
    return y
}
