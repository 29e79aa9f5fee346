import CKernels

/// Gradients as plain memory, to be summed over processes.
extension Tensor {
    /// Copies the gradient; zeros where there is none.
    ///
    /// - Parameter target: as many values as the tensor has
    package func copyGradient(to target: UnsafeMutableBufferPointer<Float>) {
        precondition(target.count == count, "\(target.count) places for \(count) values")
        guard let gradient else { return target.update(repeating: 0) }
        convert_values(Int64(count), gradient.precision.code, gradient.address(), 0, target.baseAddress)
    }

    /// Puts these values in the place of the gradient.
    ///
    /// - Parameter values: as many as the tensor has
    package func replaceGradient(by values: UnsafeBufferPointer<Float>) {
        node.clearGradient()
        node.accumulate(Tensor(values, shape: shape))
    }
}
