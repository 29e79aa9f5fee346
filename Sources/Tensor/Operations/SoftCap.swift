import CKernels

/// Values bent to stay between `-cap` and `cap`, as logits are in Gemma 2 (Gemma Team 2024): `y = cap tanh(x / cap)`,
/// `dx = dy (1 − tanh²(x / cap))`, computed in float32 and rounded once.
///
/// - Parameter cap: above 0
/// - Returns: the shape and type of `x`
public func softCapped(_ x: Tensor, cap: Float) -> Tensor {
    precondition(cap > 0, "a cap is above 0")
    let context = ComputeContext.current
    let (precision, shape, count) = (x.precision, x.shape, x.count)
    let y = Tensor(uninitialized: shape, precision)
    context.measuring(.elementwise) {
        Parallel.ranges(count) {
            let i = $0.lowerBound
            soft_cap_forward(Int64($0.count), cap, precision.code, x.address(i), y.address(i))
        }
    }
    y.record(inputs: [x]) { dy in
        context.measuring(.elementwise) {
            let dy = dy.converted(to: precision)
            let dx = Tensor(uninitialized: shape, precision)
            Parallel.ranges(count) {
                let i = $0.lowerBound
                soft_cap_backward(Int64($0.count), cap, precision.code, x.address(i), dy.address(i), dx.address(i))
            }
            x.node.accumulate(dx)
        }
    }
    return y
}
