import Foundation
import Tensor

/// The metrics of a run, one JSON object a line, appended as the run goes.
public final class MetricsFile {
    private let output: LineOutput

    /// Starts a new file; missing folders are made.
    ///
    /// - Parameter steps: how many steps of a file that is there already are kept, where a run is resumed
    /// - Throws: `TensorFileError` with the path and the system's reason
    public init(path: String, keepingSteps steps: Int = 0) throws(TensorFileError) {
        let kept = steps > 0 ? Self.lines(path, below: steps) : []
        output = try LineOutput(path: path, kept)
    }

    /// The lines of the steps before one. What a killed process left half written is passed over.
    private static func lines(_ path: String, below limit: Int) -> [String] {
        guard let contents = FileManager.default.contents(atPath: path) else { return [] }
        return contents.split(separator: UInt8(ascii: "\n")).compactMap { bytes in
            guard let step = (try? JSON(parsing: Array(bytes)))?["step"]?.integer, step < limit else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

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
