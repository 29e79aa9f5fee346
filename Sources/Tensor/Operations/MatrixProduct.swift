/// The product of two matrices, `y = x b`: for the factors of an embedding's update, where ``linear(_:_:_:bias:dropout:result:)`` would
/// read `b` transposed.
///
/// `dx = dy bᵀ`, `db = xᵀ dy`. In a 16-bit precision it reads rounded values and returns rounded values; sums are float32.
///
/// - Parameters:
///   - x: `[rows, inner]`, of any type
///   - b: `[inner, width]`
/// - Returns: `[rows, width]`, of the context's precision
public func matrixProduct(_ x: Tensor, _ b: Tensor) -> Tensor {
    let context = ComputeContext.current
    precondition(x.width == b.rows && b.shape.count == 2, "\(x.shape) and \(b.shape) have no inner width in common")
    let xs = context.measuring(.elementwise) { x.converted(to: context.precision) }
    let y = Tensor(uninitialized: [x.rows, b.width], context.precision)
    let operations = 2 * x.rows * x.width * b.width
    context.measuring(.lora, operations: operations) {
        context.matmul.multiply(xs, by: b.packed(transposed: false, context), into: y)
    }
    let node = x.node
    let kept = b.needsGradient ? xs : nil
    y.record(inputs: [x, b]) { dy in
        let ys = context.measuring(.elementwise) { dy.converted(to: context.precision) }
        if node.needsGradient {
            node.withGradientOfProducts { dx, isFresh in
                context.measuring(.lora, operations: operations) {
                    context.matmul.multiply(ys, by: b.packed(transposed: true, context), into: dx, accumulating: !isFresh)
                }
            }
        }
        if let kept { addTransposedProduct(kept, ys, to: b.node, context) }
    }
    return y
}
