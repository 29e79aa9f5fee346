import Tensor

/// What one pass is wrong by.
public struct Loss {
    /// The loss proper, a scalar: the cross-entropy of the published recipe. The backward pass begins here, and takes
    /// the gradient of the auxiliary loss along.
    public let main: Tensor
    /// The auxiliary loss of a mixture of experts; 0 for a dense model.
    public let auxiliary: Float
    /// How many tokens went to each expert, layer by layer; empty for a dense model.
    public let expertUses: [[Int]]

    /// A loss that a backward pass can begin from.
    ///
    /// - Parameters:
    ///   - main: a scalar
    ///   - auxiliary: a part whose gradient comes along with that of `main`, if there is one
    ///   - expertUses: how many tokens went to each expert, layer by layer
    public init(_ main: Tensor, auxiliary: Float = 0, expertUses: [[Int]] = []) {
        self.main = main
        self.auxiliary = auxiliary
        self.expertUses = expertUses
    }

    /// The sum, which training lowers.
    public var value: Float { main.scalar + auxiliary }

    /// Adds the gradient of the sum to that of every trainable tensor.
    ///
    /// - Parameters:
    ///   - seed: the factor; it must be the `lossScale` with which the loss was computed
    ///   - onReady: told of each such tensor (`Tensor.parameterID`) as soon as its gradient is complete
    public func backward(seed: Float = 1, onReady: ((_ parameter: ObjectIdentifier) -> Void)? = nil) {
        main.backward(seed: seed, onReady: onReady)
    }
}
