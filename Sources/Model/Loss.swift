import Tensor

/// What one pass over a row is wrong by.
public struct Loss {
    /// The cross-entropy, a scalar. The backward pass begins here, and takes the gradient of the auxiliary loss
    /// along.
    public let crossEntropy: Tensor
    /// The auxiliary loss of a mixture of experts; 0 for a dense model.
    public let auxiliary: Float
    /// How many tokens went to each expert, layer by layer; empty for a dense model.
    public let expertUses: [[Int]]

    /// The sum, which training lowers.
    public var value: Float { crossEntropy.scalar + auxiliary }

    /// Adds the gradient of the sum to that of every trainable tensor.
    ///
    /// - Parameters:
    ///   - seed: the factor; it must be the `lossScale` with which the loss was computed
    ///   - onReady: told of each such tensor (`Tensor.parameterID`) as soon as its gradient is complete
    public func backward(seed: Float = 1, onReady: ((_ parameter: ObjectIdentifier) -> Void)? = nil) {
        crossEntropy.backward(seed: seed, onReady: onReady)
    }
}
