import Foundation
import Model
import Report
import Tensor

/// Makes the page of a run again from its metrics, or one page of several runs.
struct ReportCommand {
    let options: ReportOptions
    private var console: Console { Console.shared }

    func run() throws {
        guard !options.paths.isEmpty else {
            throw CommandError.usage("report needs a run: lora-train report METRICS…; each a metrics file, an adapter, or an out_dir")
        }
        let paths = try options.paths.flatMap(MetricsPath.find)
        if paths.count > 1, options.model.loraPath != nil {
            throw CommandError.usage("--lora_path is the adapter of one run, but these are \(paths.count): \(paths.joined(separator: " "))")
        }
        // A run names files that may be gone by now; who names one himself wants that very one.
        let basePath = try options.model.basePath.map { try LocalModels.path(of: $0) }
        for (flag, path) in [("lora_path", options.model.loraPath), ("base_path", basePath)] {
            guard let path, !FileManager.default.fileExists(atPath: path) else { continue }
            throw CommandError.failure("--\(flag): there is no \(path)")
        }
        let output = options.output ?? (paths.count == 1 ? RunReport.path(ofMetrics: paths[0]) : "comparison.report.html")
        try OutputPath.check(output, flag: "--out", against: paths + [options.model.loraPath, basePath])
        try options.model.computing {
            let subjects = try paths.map {
                try RunReport.subject(metricsPath: $0, loraPath: options.model.loraPath, basePath: basePath)
            }
            for (path, subject) in zip(paths, subjects) {
                for problem in subject.history.problems.map({ "\(path): \($0)" }) + subject.problems { console.note("note: \(problem)") }
            }
            try ReportPage(subjects).write(to: output)
        }
        console.line("wrote \(output)")
    }
}
