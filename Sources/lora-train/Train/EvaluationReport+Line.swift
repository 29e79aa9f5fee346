import Foundation
import Training

extension EvaluationReport {
    /// What the terminal says of it.
    var line: String {
        let name = set == .validation ? "val" : "retained"
        return String(format: "eval step %d epoch %.1f: %@ loss %.3f, perplexity %.2f", step, epoch, name, result.loss, result.perplexity)
            + (isBest ? " (best)" : "")
    }
}
