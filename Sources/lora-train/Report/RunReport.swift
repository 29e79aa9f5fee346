import Foundation
import LoRA
import Model
import Report
import Tensor
import Training

/// The page of a run, from what the run left on disk.
enum RunReport {
    /// Where the page of a run goes: `{stem}.report.html` beside `{stem}.metrics.jsonl`.
    static func path(ofMetrics path: String) -> String {
        let ending = [MetricsPath.ending, ".jsonl"].first(where: path.hasSuffix) ?? ""
        return path.dropLast(ending.count) + ".report.html"
    }

    /// Writes the page of a run that has just ended.
    ///
    /// - Throws: ``CommandError`` or `TensorFileError`, with the path
    static func write(metricsPath: String, to path: String) throws {
        try ReportPage([subject(metricsPath: metricsPath, loraPath: nil, basePath: nil)]).write(to: path)
    }

    /// What is to be shown of a run. An adapter or a base that cannot be read is said to be missing.
    ///
    /// - Parameters:
    ///   - loraPath: `nil` for the adapter that the run saved
    ///   - basePath: `nil` for the base that the run began with
    /// - Throws: ``CommandError`` or `TensorFileError` where the file holds no run
    static func subject(metricsPath: String, loraPath: String?, basePath: String?) throws -> ReportPage.Subject {
        let history = try RunHistory(path: metricsPath)
        guard history.run != nil || history.end != nil || !history.steps.isEmpty || !history.evaluations.isEmpty || !history.answers.isEmpty
        else {
            throw CommandError.failure(
                history.problems.isEmpty
                    ? "\(metricsPath) is empty: no run has written to it"
                    : "\(metricsPath) is no metrics file: not one of its lines is a record of a run")
        }
        var subject = ReportPage.Subject(history)
        let adapter = Adapter(history, loraPath: loraPath, basePath: basePath)
        (subject.adapter, subject.problems) = adapter.analyze()
        return subject
    }
}

/// The adapter of a run, and its base.
private struct Adapter {
    /// `nil` where the metrics do not say it.
    private let path: String?
    private let basePath: String?
    /// What the run knew of its base.
    private let hints: ModelHints
    private let trainsAll: Bool

    init(_ history: RunHistory, loraPath: String?, basePath: String?) {
        let run = history.run
        path = loraPath ?? run.map { Self.found($0.savedPath, beside: history.path) }
        self.basePath = basePath ?? run?.basePath
        hints = ModelHints(recipe: run?.recipe ?? [:])
        trainsAll = loraPath == nil && run?.recipe["--full"]?.string == "True"
    }

    /// A path of another working folder or machine may mean a file that was moved along with the metrics.
    private static func found(_ path: String, beside metrics: String) -> String {
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        let sibling = metrics.sibling((path as NSString).lastPathComponent)
        return FileManager.default.fileExists(atPath: sibling) ? sibling : path
    }

    /// What the adapter changes, and what could not be found out.
    func analyze() -> (AdapterAnalysis?, [String]) {
        guard !trainsAll else { return (nil, []) }
        guard let path else { return (nil, ["The metrics do not say where the adapter is; --lora_path names it."]) }
        guard FileManager.default.fileExists(atPath: path) else {
            return (nil, ["There is no adapter at \(path), so the page does not show it; --lora_path names another place."])
        }
        var problems: [String] = []
        do {
            if let base = try base() { return (try AdapterAnalysis(path: path, base: base), problems) }
            problems.append("The metrics name no base, so the adapter is shown without its relation to one; --base_path names it.")
        } catch {
            problems.append("The adapter is shown without its base: \(error)")
        }
        do {
            return (try AdapterAnalysis(path: path, base: nil), problems)
        } catch {
            return (nil, problems + ["The adapter cannot be shown: \(error)"])
        }
    }

    private func base() throws -> ModelFile? {
        guard let basePath else { return nil }
        guard FileManager.default.fileExists(atPath: basePath) else {
            throw CommandError.failure("there is none at \(basePath); --base_path names another place")
        }
        return try ModelFile.open(basePath, hints)
    }
}
