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

    /// How evenly experts are used: the share of each over all layers, and the layer that is furthest from even.
    ///
    /// - Parameter uses: how many tokens went to each expert, layer by layer
    /// - Returns: `nil` for a dense model
    static func balance(_ uses: [[Int]], auxiliaryLoss: Float) -> String? {
        guard let first = uses.first else { return nil }
        func shares(_ counts: [Int]) -> [Double] {
            let total = Double(max(counts.reduce(0, +), 1))
            return counts.map { 100 * Double($0) / total }
        }
        func text(_ shares: [Double]) -> String { shares.map { String(format: "%.0f", $0) }.joined(separator: " ") + " %" }
        let all = shares(first.indices.map { expert in uses.reduce(0) { $0 + $1[expert] } })
        let layers = uses.map(shares)
        let uneven = layers.indices.max { (layers[$0].max() ?? 0) < (layers[$1].max() ?? 0) } ?? 0
        return
            "aux_loss:\(String(format: "%.4f", auxiliaryLoss)) experts: \(text(all)), most uneven in layer \(uneven): \(text(layers[uneven]))"
    }
}
