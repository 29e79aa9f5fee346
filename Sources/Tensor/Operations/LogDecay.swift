import CKernels

/// How fast the states of heads decay at a token, as a logarithm (Gu & Dao 2023; `Qwen3_5GatedDeltaNet` of transformers):
/// `y = −exp(logRate) log(1 + exp(x + bias))`, below 0.
///
/// `dx = −exp(logRate) σ(x + bias) dy`, `dbias = Σ dx`, `dlogRate = Σ y dy`.
///
/// - Parameters:
///   - x: `[tokens, heads]`, of any type
///   - bias: `[heads]`, float32
///   - logRate: `[heads]`, float32
/// - Returns: the shape of `x`; float32
public func logDecay(_ x: Tensor, bias: Tensor, logRate: Tensor) -> Tensor {
    let (rows, heads) = (x.rows, x.width)
    precondition(bias.count == heads && logRate.count == heads, "\(bias.shape) and \(logRate.shape) for \(heads) heads")
    let context = ComputeContext.current
    let y = Tensor(uninitialized: x.shape)
    context.measuring(.elementwise) {
        Parallel.rows(rows, width: heads) {
            let first = $0.lowerBound * heads
            log_decay_forward(
                Int64($0.count), Int64(heads), bias.pointer, logRate.pointer, x.precision.code, x.address(first), y.pointer + first)
        }
    }
    let (node, values) = (x.node, y.withoutRecord())
    y.record(inputs: [x, bias, logRate]) { dy in
        context.measuring(.elementwise) {
            let dy = dy.converted(to: .float32)
            if node.needsGradient || bias.needsGradient {
                let dx = Tensor(uninitialized: x.shape)
                Parallel.rows(rows, width: heads) {
                    let first = $0.lowerBound * heads
                    log_decay_backward(
                        Int64($0.count), Int64(heads), bias.pointer, logRate.pointer, x.precision.code, x.address(first),
                        dy.pointer + first, dx.pointer + first)
                }
                if bias.needsGradient { addColumnSums(dx, to: bias.node) }
                if node.needsGradient { node.accumulate(dx) }
            }
            if logRate.needsGradient {
                let products = Tensor(uninitialized: x.shape)
                Parallel.ranges(products.count) {
                    let i = $0.lowerBound
                    multiply_values(Int64($0.count), 0, dy.address(i), values.address(i), products.address(i))
                }
                addColumnSums(products, to: logRate.node)
            }
        }
    }
    return y
}
