import Foundation
import Tensor

/// The metrics of a run, one JSON object a line, appended as the run goes.
public final class MetricsFile {
    private let handle: FileHandle

    /// Starts a new file; missing folders are made.
    ///
    /// - Throws: `TensorFileError` with the path and the system's reason
    public init(path: String) throws {
        try AtomicFile.write(Foundation.Data(), to: path)
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw TensorFileError.system(path: path, "cannot be written (\(String(cString: strerror(errno))))")
        }
        self.handle = handle
    }

    /// Appends one step: `step`, `epoch`, `loss`, `lr`, `grad_norm`, `tokens`, `seconds`; of a mixture of experts
    /// also `aux_loss` and `expert_uses`, a list a layer.
    public func append(_ report: StepReport) throws {
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
        try handle.write(contentsOf: Foundation.Data((JSON.object(line).serialized + "\n").utf8))
    }

    deinit { try? handle.close() }
}
