import CKernels

/// The gated activation of the feed-forward layer (Shazeer 2020): `y = silu(gate) * up`, with
/// `silu(g) = g σ(g)`.
///
/// `dgate = dy up σ(g) (1 + g (1 − σ(g)))`, `dup = dy silu(g)`.
///
/// - Parameters: `gate` and `up` of one shape and type
/// - Returns: the same shape and type
public func swiGLU(gate: Tensor, up: Tensor) -> Tensor {
    precondition(gate.shape == up.shape, "gate \(gate.shape) and up \(up.shape) differ")
    precondition(gate.precision == up.precision, "gate \(gate.precision) and up \(up.precision) differ")
    let context = ComputeContext.current
    let (precision, shape, count) = (gate.precision, gate.shape, gate.count)
    let y = Tensor(uninitialized: shape, precision)
    context.measuring(.elementwise) {
        Parallel.ranges(count) {
            let i = $0.lowerBound
            swiglu_forward(Int64($0.count), precision.code, gate.address(i), up.address(i), y.address(i))
        }
    }
    y.record(inputs: [gate, up]) { dy in
        context.measuring(.elementwise) {
            let dy = dy.converted(to: precision)
            let dgate = Tensor(uninitialized: shape, precision)
            let dup = Tensor(uninitialized: shape, precision)
            Parallel.ranges(count) {
                let i = $0.lowerBound
                swiglu_backward(
                    Int64($0.count), precision.code, gate.address(i), up.address(i), dy.address(i), dgate.address(i),
                    dup.address(i))
            }
            if gate.needsGradient { gate.node.accumulate(dgate) }
            if up.needsGradient { up.node.accumulate(dup) }
        }
    }
    return y
}
