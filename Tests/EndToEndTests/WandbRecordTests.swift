import Foundation
import Tensor
import TestSupport
import Testing
import Training

@testable import lora_train

/// What the script makes of each kind of record.
@Suite("Weights & Biases, records", .enabled(if: FakeWandb.python != nil, "\(FakeWandb.absenceOfPython)"))
struct WandbRecordTests {
    /// What the client is called with when it gets these records of a run.
    private func calls(_ records: [JSON], id: JSON = .null) throws -> [JSON] {
        let run = RunDescription(
            name: "x", version: "1", started: "", epochs: 2, stepsPerEpoch: 4, basePath: nil, savedPath: "x.pth",
            recipe: ["--lora_rank": "'16'", "--seed": "7"])
        let wandb = try FakeWandb()
        defer { wandb.remove() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(FakeWandb.python))
        process.arguments = ["-c", WandbScript.text]
        process.environment = ProcessInfo.processInfo.environment.merging(wandb.environment) { $1 }
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let place: JSON = ["project": "p", "name": "n", "folder": "/folder", "id": id]
        let lines = [place, RunRecord.start(run).json] + records
        try input.fileHandleForWriting.write(contentsOf: Data(lines.map { $0.serialized + "\n" }.joined().utf8))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try wandb.calls()
    }

    private func numbers(_ call: JSON) -> [String: Double] {
        Dictionary((call["values"]?.object ?? [:]).map { ($0.key, $0.value.number ?? .nan) }) { $1 }
    }

    @Test func evaluations() throws {
        func evaluation(_ set: EvaluationReport.Set, step: Int, loss: Double, isBest: Bool) -> JSON {
            RunRecord.evaluation(
                EvaluationReport(
                    set, EvaluationResult(loss: loss, countedTokens: 3, samples: 2, seconds: 1), step: step, epoch: 1, isBest: isBest)
            ).json
        }
        let calls = try calls([
            evaluation(.validation, step: 4, loss: 0, isBest: true), evaluation(.retained, step: 4, loss: 1, isBest: false),
            // Beyond what a perplexity can be.
            evaluation(.validation, step: 8, loss: 1000, isBest: false),
        ])
        #expect(calls.map { $0["call"]?.string } == ["init", "log", "summary", "log", "log", "finish"])
        #expect(numbers(calls[1]) == ["val/loss": 0, "val/perplexity": 1] && calls[1]["step"]?.integer == 4)
        #expect(numbers(calls[2]) == ["val/best_loss": 0, "val/best_perplexity": 1, "val/best_step": 4])
        #expect(numbers(calls[3]) == ["retain/loss": 1, "retain/perplexity": exp(1)])
        #expect(numbers(calls[4]) == ["val/loss": 1000] && calls[4]["step"]?.integer == 8)
        // No end came: the run is one that failed.
        #expect(calls[5]["exit_code"]?.integer == 1)
    }

    @Test func answers() throws {
        let calls = try calls([
            RunRecord.answers(AnswerReport(moment: .before, step: 0, answers: [.init(prompt: "你是谁？", answer: "我是小石。")])).json
        ])
        #expect(
            calls[1]["values"]?["answers/before"] == ["columns": ["prompt", "answer"], "data": [["你是谁？", "我是小石。"]]])
        #expect(calls[1]["step"]?.integer == 0)
    }

    @Test("A step with experts, and one that has no loss")
    func steps() throws {
        let calls = try calls([
            [
                "step": 1, "epoch": 0, "loss": 1.5, "lr": 0.5, "grad_norm": 2, "tokens": 10, "seconds": 2, "aux_loss": 0.25,
                "expert_uses": [[1, 3], [2, 2]],
            ],
            ["step": 2, "epoch": 0, "loss": nil, "lr": 0.5, "grad_norm": nil, "tokens": 10, "seconds": 2],
        ])
        #expect(
            numbers(calls[1]) == [
                "loss": 1.5, "lr": 0.5, "grad_norm": 2, "aux_loss": 0.25, "epoch": 0.25, "tokens_per_second": 5,
                "experts/0": 0.375, "experts/1": 0.625,
            ])
        #expect(numbers(calls[2]) == ["lr": 0.5, "epoch": 0.5, "tokens_per_second": 5])
    }

    @Test(
        "How a run ended, and which one it goes on with",
        arguments: [
            (RunEnd.Reason.complete, 0), (.earlyStopping, 0), (.interrupted, 255), (.failed, 1),
        ])
    func end(_ reason: RunEnd.Reason, code: Int) throws {
        let end = RunEnd(reason: reason, message: "why", seconds: 3, tokensPerSecond: 5, peakMemory: 7)
        let calls = try calls([RunRecord.end(end).json], id: "abc")
        #expect(calls[0]["id"]?.string == "abc" && calls[0]["resume"]?.string == "allow")
        #expect(calls[0]["config"]?["lora_rank"]?.integer == 16 && calls[0]["config"]?["seed"]?.integer == 7)
        let summary = calls[1]["values"]
        #expect(summary?["end/reason"]?.string == reason.rawValue && summary?["end/message"]?.string == "why")
        #expect(summary?["end/peak_memory"]?.integer == 7 && summary?["end/tokens_per_second"]?.number == 5)
        #expect(calls.last?["exit_code"]?.integer == code)
    }
}
