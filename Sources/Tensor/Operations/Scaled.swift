import CKernels

/// A tensor times a number, such as an embedding or a residual branch that a model multiplies: `y = factor x`,
/// `dx = factor dy`, computed in float32 and rounded once.
///
/// - Returns: the shape and type of `x`
public func scaled(_ x: Tensor, by factor: Float) -> Tensor {
    let y = x.scaledCopy(by: factor)
    let node = x.node
    y.record(inputs: [x]) { dy in node.accumulate(dy.scaledCopy(by: factor)) }
    return y
}

extension Tensor {
    /// The values times `factor`, in the same type. Outside of the gradient's record.
    func scaledCopy(by factor: Float) -> Tensor {
        let y = Tensor(uninitialized: shape, precision)
        ComputeContext.current.measuring(.elementwise) {
            Parallel.ranges(count) {
                scale_values(Int64($0.count), precision.code, factor, address($0.lowerBound), y.address($0.lowerBound))
            }
        }
        return y
    }
}
