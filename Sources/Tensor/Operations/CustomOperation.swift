/// An operation of the caller's own, on the values of tensors, with its gradient.
///
/// - Parameters:
///   - inputs: what it reads
///   - result: makes the operation's value; what is computed in it is not recorded
///   - gradients: from the gradient of the result, of its shape, makes those of the inputs, in their order and of their
///     shapes, `nil` for one that has none. It is called once at most, and only where the gradient of an input is
///     wanted; what is computed in it is not recorded, and neither is a second derivative
/// - Returns: what `result` made
public func customOperation(
    _ inputs: [Tensor], result: () -> Tensor, gradients: @escaping (_ dy: Tensor) -> [Tensor?]
) -> Tensor {
    // Of its own record, also where `result` gave an input back.
    let y = ComputeContext.withoutGradient(result).withoutRecord()
    let nodes = inputs.map(\.node)
    let context = ComputeContext.current
    y.record(inputs: inputs) { dy in
        let found = ComputeContext.with({
            $0 = context
            $0.recordsGraph = false
        }) { gradients(dy) }
        precondition(found.count == nodes.count, "\(found.count) gradients of \(nodes.count) inputs")
        for (node, gradient) in zip(nodes, found) where node.needsGradient {
            guard let gradient else { continue }
            precondition(gradient.shape == node.shape, "a gradient of the shape \(gradient.shape) for an input of \(node.shape)")
            // The caller may hold it, or may have given it for two inputs.
            node.accumulate(gradient, owned: false)
        }
    }
    return y
}
