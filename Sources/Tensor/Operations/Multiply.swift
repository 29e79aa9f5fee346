import CKernels

/// The product of two tensors, value by value, as gates have it: `y = a * b`, `da = dy * b`, `db = dy * a`, each computed
/// in float32 and rounded once.
///
/// - Parameters: `a` and `b` of one shape and type
/// - Returns: the same shape and type
public func multiply(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "cannot multiply \(a.shape) and \(b.shape)")
    precondition(a.precision == b.precision, "cannot multiply \(a.precision) and \(b.precision)")
    let context = ComputeContext.current
    func product(_ a: Tensor, _ b: Tensor) -> Tensor {
        let y = Tensor(uninitialized: a.shape, a.precision)
        context.measuring(.elementwise) {
            Parallel.ranges(y.count) {
                let i = $0.lowerBound
                multiply_values(Int64($0.count), a.precision.code, a.address(i), b.address(i), y.address(i))
            }
        }
        return y
    }
    let y = product(a, b)
    let (aNode, bNode) = (a.node, b.node)
    // A factor's values are read by the gradient of the other one alone.
    let (keptA, keptB) = (b.needsGradient ? a : nil, a.needsGradient ? b : nil)
    y.record(inputs: [a, b]) { dy in
        let dy = dy.converted(to: aNode.precision)
        if let keptB { aNode.accumulate(product(dy, keptB)) }
        if let keptA { bNode.accumulate(product(dy, keptA)) }
    }
    return y
}
