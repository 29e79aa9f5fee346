/// Why training stopped before its end.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The loss of a step is not a number or infinite. Parameters are as the step before left them.
    case lossNotFinite(epoch: Int, step: Int)
    /// A gradient is not a number or infinite. Parameters are as the step before left them.
    case gradientNotFinite(epoch: Int, step: Int)
    /// What a run is measured on, at a path, says nothing, or what was trained is broken.
    case notEvaluated(path: String, EvaluationError)

    public var description: String {
        switch self {
        case .lossNotFinite(epoch: 0, step: 0), .gradientNotFinite(epoch: 0, step: 0):
            "the loss or a gradient is not finite in the first step, before anything was trained: "
                + "the weights, or the scale of an adapter, are too large, or products in 16 bits overflow, which --dtype float32 mends"
        case .lossNotFinite(let epoch, let step):
            "the loss is not finite at epoch \(epoch + 1), step \(step); "
                + "a lower --learning_rate, --warmup_iters or --dtype float32 may help"
        case .gradientNotFinite(let epoch, let step):
            "a gradient is not finite at epoch \(epoch + 1), step \(step); "
                + "a lower --learning_rate, --warmup_iters or --dtype float32 may help"
        case .notEvaluated(let path, let error):
            "\(path): \(error)"
        }
    }
}
