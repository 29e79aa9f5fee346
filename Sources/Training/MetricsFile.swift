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

    /// Appends one step: `step`, `epoch`, `loss`, `lr`, `grad_norm`, `tokens`, `seconds`.
    public func append(_ report: StepReport) throws {
        let line: JSON = [
            "step": .integer(report.step),
            "epoch": .integer(report.epoch),
            "loss": report.loss.map { .number(Double($0)) } ?? .null,
            "lr": .number(report.learningRate),
            "grad_norm": report.gradientNorm.map(JSON.number) ?? .null,
            "tokens": .integer(report.tokens),
            "seconds": .number(report.seconds),
        ]
        try handle.write(contentsOf: Foundation.Data((line.serialized + "\n").utf8))
    }

    deinit { try? handle.close() }
}
