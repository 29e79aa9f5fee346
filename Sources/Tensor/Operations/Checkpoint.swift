/// Computes `body(x)` without keeping what its gradients need; the backward pass computes it again, with
/// a record, where it comes to it (Chen et al. 2016): memory for time.
///
/// - Parameters:
///   - x: the only input whose gradient is handed on
///   - parameters: what else `body` reads that may be trained
///   - body: of the same result each time
public func checkpointed(_ x: Tensor, parameters: [Tensor], _ body: @escaping (Tensor) -> Tensor) -> Tensor {
    let context = ComputeContext.current
    guard context.recordsGraph else { return body(x) }
    let y = ComputeContext.withoutGradient { body(x) }
    y.record(inputs: [x] + parameters) { dy in
        ComputeContext.with({ $0 = context }) {
            let start = x.withoutRecord()
            start.isTrainable = x.needsGradient
            let again = body(start)
            again.node.accumulate(dy, owned: false)
            again.backwardFromGradient()
            if let dx = start.gradient { x.node.accumulate(dx, owned: !start.node.gradientIsBorrowed) }
        }
    }
    return y
}
