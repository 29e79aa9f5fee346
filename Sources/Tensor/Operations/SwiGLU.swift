import CKernels

/// The gated activation of the feed-forward layer (Shazeer 2020): `y = silu(gate) * up`, with
/// `silu(g) = g σ(g)`.
///
/// `dgate = dy up σ(g) (1 + g (1 − σ(g)))`, `dup = dy silu(g)`.
///
/// - Parameters: `gate` and `up` of one shape
/// - Returns: the same shape
public func swiGLU(gate: Tensor, up: Tensor) -> Tensor {
    precondition(gate.shape == up.shape, "gate \(gate.shape) and up \(up.shape) differ")
    let precision = ComputeContext.current.precision
    let y = Tensor(uninitialized: gate.shape)
    Parallel.ranges(y.count) {
        let i = $0.lowerBound
        swiglu_forward(Int64($0.count), precision.code, gate.pointer + i, up.pointer + i, y.pointer + i)
    }
    let count = y.count
    y.record(inputs: [gate, up]) { dy in
        let dgate = Tensor(uninitialized: gate.shape)
        let dup = Tensor(uninitialized: up.shape)
        Parallel.ranges(count) {
            let i = $0.lowerBound
            swiglu_backward(
                Int64($0.count), precision.code, gate.pointer + i, up.pointer + i, dy.pointer + i,
                dgate.pointer + i, dup.pointer + i)
        }
        if gate.needsGradient { gate.accumulate(dgate) }
        if up.needsGradient { up.accumulate(dup) }
    }
    return y
}
