import Tensor

/// The norm of all gradients together, and its limit: `torch.nn.utils.clip_grad_norm_`.
public enum GradientClipping {
    /// The 2-norm over the gradients of all parameters together; those without a gradient count as 0.
    public static func norm(_ parameters: [Tensor]) -> Double {
        parameters.reduce(0) { $0 + ($1.gradient?.sumOfSquares ?? 0) }.squareRoot()
    }

    /// Scales all gradients so that their norm is at most `limit`; 0 sets no limit.
    static func clip(_ parameters: [Tensor], norm: Double, limit: Double) {
        let factor = limit / (norm + 1e-6)
        guard limit > 0, factor < 1 else { return }
        for parameter in parameters { parameter.gradient?.scale(by: Float(factor)) }
    }
}
