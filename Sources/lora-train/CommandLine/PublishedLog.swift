import Foundation

/// The lines that the published script prints.
enum PublishedLog {
    static func parameters(total: Int, trained: Int) -> [String] {
        [
            "LLM 总参数量: \(total)",
            "LoRA 参数量: \(trained)",
            "LoRA 参数占比: " + String(format: "%.2f%%", 100 * Double(trained) / Double(total)),
        ]
    }

    /// - Parameter seconds: since the epoch's start
    static func step(
        epoch: Int, epochs: Int, step: Int, stepsPerEpoch: Int, loss: Float?, learningRate: Double, seconds: Double
    ) -> String {
        // Python's floor division of floats, and its printing of the result.
        let left = (seconds / Double(step + 1) * Double(stepsPerEpoch) / 60).rounded(.down) - (seconds / 60).rounded(.down)
        return "Epoch:[\(epoch + 1)/\(epochs)](\(step)/\(stepsPerEpoch)) "
            + "loss:\(loss.map { String(format: "%.3f", $0) } ?? "—") lr:\(String(format: "%.12f", learningRate)) "
            + "epoch_Time:\(left)min:"
    }
}
