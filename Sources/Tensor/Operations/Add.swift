import CKernels

/// The sum of two tensors of one shape: the residual connection. Its gradient goes to both as it is.
///
/// - Parameters:
///   - a: float32: the residual stream
///   - b: of any type
/// - Returns: float32
public func add(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "cannot add \(a.shape) and \(b.shape)")
    let y = Tensor(uninitialized: a.shape)
    ComputeContext.current.measuring(.elementwise) {
        Parallel.ranges(y.count) {
            let i = $0.lowerBound
            add_f32(Int64($0.count), a.pointer + i, b.precision.code, b.address(i), y.pointer + i)
        }
    }
    let nodes = [a.node, b.node]
    y.record(inputs: [a, b]) { dy in
        for node in nodes where node.needsGradient { node.accumulate(dy, owned: false) }
    }
    return y
}
