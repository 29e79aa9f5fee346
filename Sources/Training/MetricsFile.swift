import Tensor

/// The metrics of a run, one JSON object a line, appended as the run goes.
public final class MetricsFile {
    private let output: LineOutput

    /// Starts a new file; missing folders are made.
    ///
    /// - Throws: `TensorFileError` with the path and the system's reason
    public init(path: String) throws(TensorFileError) { output = try LineOutput(path: path) }

    /// Appends one step: `step`, `epoch`, `loss`, `lr`, `grad_norm`, `tokens`, `seconds`; of a mixture of experts
    /// also `aux_loss` and `expert_uses`, a list a layer.
    ///
    /// - Throws: `TensorFileError` where the line cannot be written
    public func append(_ report: StepReport) throws(TensorFileError) {
        var line = JSONObject()
        line["step"] = .integer(report.step)
        line["epoch"] = .integer(report.epoch)
        line["loss"] = report.loss.map { .number(Double($0)) } ?? .null
        line["lr"] = .number(report.learningRate)
        line["grad_norm"] = report.gradientNorm.map(JSON.number) ?? .null
        line["tokens"] = .integer(report.tokens)
        line["seconds"] = .number(report.seconds)
        if !report.expertUses.isEmpty {
            line["aux_loss"] = .number(Double(report.auxiliaryLoss))
            line["expert_uses"] = .array(report.expertUses.map { .array($0.map(JSON.integer)) })
        }
        try output.append(JSON.object(line).serialized)
    }
}
