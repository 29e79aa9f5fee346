import Foundation
import Tensor
import Training

/// Runs to make pages of.
enum Histories {
    static func description(epochs: Int = 3, stepsPerEpoch: Int = 10, name: String = "lora_test_8") -> RunDescription {
        RunDescription(
            name: name, version: "1.2.3", started: "2025-01-02T03:04:05Z", epochs: epochs, stepsPerEpoch: stepsPerEpoch,
            basePath: "base.pth", savedPath: "out/lora/\(name).pth",
            recipe: ["--learning_rate": "0.002", "--grad_clip": "1.0", "--dtype": "'float32'"],
            subject: ["base": "base.pth: tiny", "data": "data.jsonl", "parameters": "1000", "trained parameters": "100"],
            environment: ["processor": "of some kind"])
    }

    /// - Parameters:
    ///   - loss: `nil` where no token counted
    ///   - uses: of the experts, layer by layer
    static func step(
        _ step: Int, loss: Double?, gradientNorm: Double? = 0.5, overflowed: Bool = false, uses: [[Int]] = []
    ) throws -> RunRecord {
        var line: JSONObject = [
            "step": .integer(step), "epoch": .integer(step / 10), "loss": loss.map(JSON.number) ?? .null, "lr": .number(1e-3),
            "grad_norm": gradientNorm.map(JSON.number) ?? .null, "tokens": .integer(800 + step % 7), "seconds": 0.25, "samples": 16,
            "computed_tokens": .integer(600), "counted_tokens": .integer(loss == nil ? 0 : 300),
        ]
        if overflowed { line["overflowed"] = true }
        if !uses.isEmpty { line["expert_uses"] = .array(uses.map { .array($0.map(JSON.integer)) }) }
        guard let report = StepReport(.object(line)) else { throw CocoaError(.coderInvalidValue) }
        return .step(report)
    }

    static func evaluation(_ set: EvaluationReport.Set, step: Int, loss: Double) -> RunRecord {
        .evaluation(
            EvaluationReport(
                set, EvaluationResult(loss: loss, countedTokens: 4321, samples: 40, seconds: 0.5), step: step, epoch: Double(step) / 10))
    }

    static func answers(_ moment: AnswerReport.Moment, step: Int, _ answers: [(String, String)]) -> RunRecord {
        .answers(AnswerReport(moment: moment, step: step, answers: answers.map { .init(prompt: $0, answer: $1) }))
    }

    static let end = RunRecord.end(RunEnd(reason: .complete, seconds: 7.5, tokensPerSecond: 3200, peakMemory: 93_200_000))

    /// A run of 30 steps with everything that a run can tell.
    static func full() throws -> RunHistory {
        var records: [RunRecord] = [
            .start(description()), evaluation(.validation, step: 0, loss: 3.1), evaluation(.retained, step: 0, loss: 1.2),
            answers(.before, step: 0, [("你是谁？", "我是小石。"), ("Who?", "Pebble.")]),
        ]
        for number in 0..<30 {
            records.append(
                try step(
                    number, loss: number == 12 ? nil : 3 * exp(-Double(number) / 10), gradientNorm: number == 5 ? nil : 0.7,
                    overflowed: number == 5, uses: [[10, 20, 30, 40], [25, 25, 25, 25 + number]]))
            if number % 10 == 9 {
                records += [
                    evaluation(.validation, step: number + 1, loss: number == 19 ? 0.625 : 0.75),
                    evaluation(.retained, step: number + 1, loss: 1.25),
                ]
            }
        }
        records += [answers(.after, step: 30, [("你是谁？", "我是MiniMind。"), ("Who?", "Pebble.")]), end]
        return RunHistory(path: "out/lora/lora_test_8.metrics.jsonl", records)
    }
}

extension String {
    /// How often a text occurs.
    func count(of text: String) -> Int { components(separatedBy: text).count - 1 }

    /// What lies between a beginning and the next end behind it.
    func part(from start: String, to end: String) -> String? {
        guard let first = range(of: start), let last = self[first.upperBound...].range(of: end) else { return nil }
        return String(self[first.upperBound..<last.lowerBound])
    }
}
