import CKernels

/// The sum of two tensors of one shape: the residual connection. Its gradient goes to both as it is.
public func add(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "cannot add \(a.shape) and \(b.shape)")
    let y = Tensor(uninitialized: a.shape)
    Parallel.ranges(y.count) {
        let i = $0.lowerBound
        add_f32(Int64($0.count), a.pointer + i, b.pointer + i, y.pointer + i)
    }
    y.record(inputs: [a, b]) { dy in
        if a.needsGradient { a.accumulate(dy, owned: false) }
        if b.needsGradient { b.accumulate(dy, owned: false) }
    }
    return y
}
