import Foundation
import Tensor

/// The records of a run, one JSON object a line, appended as the run goes.
public final class MetricsFile: MetricSink {
    private let output: LineOutput
    /// Told of the first line that could not be written; none is tried after it.
    private let onFailure: (TensorFileError) -> Void
    private var hasFailed = false
    /// Where the file of another run is now, that was in the place of the one to go on with.
    public let putAside: String?

    /// Starts a new file; missing folders are made. For a run that goes on from an earlier one, what that one had recorded
    /// by then is kept. Where the file is of another run, or counts other micro-batches, it is put aside.
    ///
    /// - Parameters:
    ///   - run: its first line
    ///   - onFailure: told of the first line that cannot be written, such as on a full disk; the others are left out
    /// - Throws: `TensorFileError` with the path and the system's reason, where the file cannot be begun
    public init(path: String, _ run: RunDescription, onFailure: @escaping (TensorFileError) -> Void = { _ in }) throws(TensorFileError) {
        let (kept, isOther) = Self.lines(path, before: run)
        let place = path.followingLinks
        putAside = isOther && rename(place, place + ".old") == 0 ? place + ".old" : nil
        self.onFailure = onFailure
        // Only what is there already has to be written again at once; a new line that cannot be costs no training.
        output = try LineOutput(path: path, kept.isEmpty ? [] : [RunRecord.start(run).json.serialized] + kept)
        if kept.isEmpty { append(.start(run)) }
    }

    /// What the run before left of what was done by then, and whether the file is of another one. What a killed process
    /// left half written is passed over.
    private static func lines(_ path: String, before run: RunDescription) -> (kept: [String], isOther: Bool) {
        guard run.completedSteps > 0 || run.evaluatedSteps != nil, let contents = try? TensorFile.pages(of: path) else {
            return ([], false)
        }
        var kept: [String] = []
        for bytes in contents.split(separator: UInt8(ascii: "\n")) {
            guard let record = (try? JSON(parsing: Array(bytes))).flatMap(RunRecord.init) else { continue }
            if case .start(let other) = record, !run.canGoOn(from: other) {
                return ([], true)
            }
            if record.isKept(by: run) { kept.append(String(decoding: bytes, as: UTF8.self)) }
        }
        return (kept, false)
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
