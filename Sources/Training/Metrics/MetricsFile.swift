import Foundation
import Tensor

/// The records of a run, one JSON object a line, appended as the run goes.
public final class MetricsFile: MetricSink {
    private let output: LineOutput
    /// Told of the first line that could not be written; none is tried after it.
    private let onFailure: (TensorFileError) -> Void
    private var hasFailed = false

    /// Starts a new file; missing folders are made.
    ///
    /// - Parameters:
    ///   - run: its first line
    ///   - onFailure: told of the first line that cannot be written, such as on a full disk; the others are left out
    /// - Throws: `TensorFileError` with the path and the system's reason, where the file cannot be begun
    public init(path: String, _ run: RunDescription, onFailure: @escaping (TensorFileError) -> Void = { _ in }) throws(TensorFileError) {
        let kept = Self.lines(path, before: run)
        self.onFailure = onFailure
        // Only what is there already has to be written again at once; a new line that cannot be costs no training.
        output = try LineOutput(path: path, kept.isEmpty ? [] : [RunRecord.start(run).json.serialized] + kept)
        if kept.isEmpty { append(.start(run)) }
    }

    /// What the run before left of what was done by then. What a killed process left half written is passed over.
    private static func lines(_ path: String, before run: RunDescription) -> [String] {
        guard run.completedSteps > 0 || run.evaluatedSteps != nil, let contents = try? TensorFile.pages(of: path) else { return [] }
        return contents.split(separator: UInt8(ascii: "\n")).compactMap { bytes in
            guard let record = (try? JSON(parsing: Array(bytes))).flatMap(RunRecord.init), record.isKept(by: run) else { return nil }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Writes the record as a line, unless one before could not be written.
    public func append(_ record: RunRecord) {
        guard !hasFailed else { return }
        do {
            try output.append(record.json.serialized)
        } catch {
            hasFailed = true
            onFailure(error)
        }
    }
}
