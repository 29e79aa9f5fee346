import Data
import Foundation
import Tensor
import TestSupport
import Testing
import Training

@Suite("Evaluation, end to end")
struct EvaluationTests {
    @Test("Losses at the start, every so many optimizer steps and at the end; the best adapter; what was forgotten")
    func whole() throws {
        let evaluated = try EvaluatedTraining([
            "--val_data_path", "VAL", "--retain_data_path", "RETAIN", "--eval_interval", "3", "--accumulation_steps", "2", "--batch_size",
            "4",
        ])
        defer { evaluated.remove() }
        let run = try evaluated.run()
        #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
        // 20 optimizer steps of two micro-batches.
        let (validation, retained) = (try evaluated.evaluations(.validation), try evaluated.evaluations(.retained))
        #expect(validation.map(\.step) == [0, 6, 12, 18, 24, 30, 36, 40] && retained.map(\.step) == validation.map(\.step))
        #expect(validation.map(\.epoch) == validation.map { Double($0.step) / 10 })
        #expect(validation.allSatisfy { $0.samples == 12 } && Set(validation.map(\.countedTokens)).count == 1)
        #expect(retained.allSatisfy { $0.samples == 10 && !$0.isBest })
        var lowest = Double.infinity
        for report in validation {
            #expect(report.isBest == (report.loss < lowest))
            lowest = min(lowest, report.loss)
        }
        #expect(lowest < 0.9 * validation[0].loss)
        for report in validation + retained.dropFirst() {
            let name = report.set == .validation ? "val" : "retained"
            let words =
                String(format: "epoch %.1f: ", report.epoch) + name
                + String(format: " loss %.3f, perplexity %.2f", report.loss, report.perplexity)
            #expect(run.lines.contains("eval step \(report.step) \(words)" + (report.isBest ? " (best)" : "")))
        }
        let best = try #require(validation.last { $0.isBest })
        #expect(run.lines.contains("best \(evaluated.bestPath) (step \(best.step), val loss \(String(format: "%.3f", best.loss)))"))
        let end = try #require(retained.last)
        #expect(
            run.lines.last
                == String(
                    format: "forgetting on %@: loss %.4f, perplexity %.3f without the adapter; %.4f, %.3f with it; difference %+.4f, %+.3f",
                    evaluated.retainedPath, retained[0].loss, retained[0].perplexity, end.loss, end.perplexity, end.loss - retained[0].loss,
                    end.perplexity - retained[0].perplexity))
        // Another command measures the same.
        let again = try evaluated.evaluate(evaluated.validationPath, ["--lora_path", evaluated.bestPath, "--batch_size", "4"])
        #expect(again["loss"]?.number == best.loss && again["perplexity"]?.number == best.perplexity)
        #expect(again["counted_tokens"]?.integer == best.countedTokens && again["samples"]?.integer == 12)
        #expect(again["base"]?["loss"]?.number == validation[0].loss)
        #expect(again["difference"]?.number == best.loss - validation[0].loss)
        let forgetting = try evaluated.evaluate(
            evaluated.retainedPath, ["--lora_path", evaluated.training.adapterPath, "--batch_size", "4"])
        #expect(forgetting["base"]?["loss"]?.number == retained[0].loss && forgetting["loss"]?.number == end.loss)
    }

    @Test(
        "What is measured changes nothing of what is trained", arguments: [[], ["--lora_dropout", "0.1", "--init_lora_weights", "pissa"]])
    func exactness(_ flags: [String]) throws {
        let plain = try EvaluatedTraining(flags)
        let measured = try EvaluatedTraining(
            flags + ["--val_data_path", "VAL", "--retain_data_path", "RETAIN", "--eval_interval", "1"])
        defer { for evaluated in [plain, measured] { evaluated.remove() } }
        for evaluated in [plain, measured] { #expect(try evaluated.run().status == 0) }
        #expect(measured.training.adapter == plain.training.adapter && plain.training.adapter != nil)
        #expect(try measured.training.metrics() == plain.training.metrics())
        #expect(try plain.evaluations().isEmpty && plain.best == nil)
        #expect(try measured.evaluations(.validation).count == 21)
    }

    @Test(
        "A held-out share is measured and not trained on, and the rest keeps its order",
        arguments: [[], ["--shuffle", "False", "--streaming"]])
    func split(_ flags: [String]) throws {
        let split = try EvaluatedTraining(flags + ["--val_split", "0.2"])
        let files = try EvaluatedTraining(flags + ["--val_data_path", "VAL"])
        defer { for evaluated in [split, files] { evaluated.remove() } }
        let lines = try String(contentsOfFile: files.training.dataPath, encoding: .utf8).split(separator: "\n")
        let choice = HoldOut(0.2, of: lines.count, seed: 1337)
        #expect(choice.heldOutCount == 8)
        for (path, places) in [
            (files.validationPath, (0..<8).map(choice.heldOut(at:))), (files.training.dataPath, (0..<32).map(choice.kept(at:))),
        ] {
            try places.map { String(lines[$0]) }.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        let run = try split.run()
        #expect(run.status == 0, "\(run.errors)")
        #expect(try files.run().status == 0)
        // As if there had been two files from the start.
        #expect(try split.training.metrics() == files.training.metrics() && split.evaluations() == files.evaluations())
        #expect(try split.training.difference(to: files.training) == 0)
        #expect(try split.history().steps.filter { $0.epoch == 0 }.reduce(0) { $0 + $1.samples } == 32)
        #expect(try split.evaluations().map(\.step) == [0, 4, 8, 12, 16] && split.evaluations().allSatisfy { $0.samples == 8 })
        // Another seed holds out others.
        #expect(try split.run(["--seed", "7", "--epochs", "1"]).status == 0)
        #expect(try split.evaluations()[0].loss != files.evaluations()[0].loss)
    }

    @Test("A run whose validation loss falls no more ends, says so, and is complete")
    func earlyStopping() throws {
        // What the base knows by heart gets worse from the first step on.
        let evaluated = try EvaluatedTraining([
            "--val_data_path", "RETAIN", "--eval_interval", "2", "--early_stopping_patience", "2", "--learning_rate", "1e-2",
        ])
        defer { evaluated.remove() }
        let run = try evaluated.run()
        #expect(run.status == 0, "\(run.errors)")
        let history = try evaluated.history()
        let isBest = history.evaluations.map(\.isBest)
        #expect(history.end?.reason == .earlyStopping && history.steps.count < 20 && history.steps.count == 2 * (isBest.count - 1))
        // The patience runs out once, at the end.
        #expect(isBest.suffix(3) == [true, false, false])
        #expect(zip(isBest, isBest.dropFirst()).dropLast().allSatisfy { $0 || $1 })
        #expect(run.lines.contains("stopping early: no lower val loss in the last 2 evaluations"))
        let best = try #require(history.evaluations.last { $0.isBest })
        #expect(run.lines.contains { $0.hasPrefix("best \(evaluated.bestPath) (step \(best.step), ") })
        #expect(evaluated.best != evaluated.training.adapter)
        #expect(try evaluated.evaluate(evaluated.retainedPath, ["--lora_path", evaluated.bestPath])["loss"]?.number == best.loss)
        let (adapter, evaluations, steps) = (evaluated.training.adapter, try evaluated.evaluations(), try evaluated.training.metrics())
        let again = try evaluated.run(["--resume", "auto"])
        #expect(again.status == 0 && again.output.contains("is the end of the run: nothing is left to train"), "\(again.output)")
        #expect(!again.output.contains("Epoch") && !again.output.contains("eval step"))
        #expect(evaluated.training.adapter == adapter)
        #expect(try evaluated.evaluations() == evaluations && evaluated.training.metrics() == steps)
        #expect(try evaluated.history().end?.reason == .earlyStopping)
        let other = try evaluated.run(["--resume", "auto", "--early_stopping_patience", "3"])
        #expect(other.status == 2 && other.errors.contains("--early_stopping_patience was 2, is 3"), "\(other.errors)")
    }

    @Test(
        "The untouched base is what retention is measured against",
        arguments: [["--init_lora_weights", "pissa"], ["--use_dora"], ["--full"]])
    func retention(_ flags: [String]) throws {
        let evaluated = try EvaluatedTraining(flags + ["--retain_data_path", "RETAIN", "--epochs", "2"])
        defer { evaluated.remove() }
        let run = try evaluated.run()
        #expect(run.status == 0, "\(run.errors)")
        let retained = try evaluated.evaluations()
        #expect(retained.map(\.step) == [0, 5, 10] && retained.allSatisfy { $0.set == .retained })
        #expect(try evaluated.evaluate(evaluated.retainedPath, [])["loss"]?.number == retained[0].loss)
        #expect(run.lines.last?.contains(flags == ["--full"] ? " after training;" : " with it;") == true, "\(run.output)")
        #expect(evaluated.best == nil && !run.output.contains("best"))
    }

    @Test("An adapter that is gone on from is switched off for what the base has")
    func goingOn() throws {
        let first = try EvaluatedTraining(["--val_data_path", "VAL"])
        let second = try EvaluatedTraining([
            "--val_data_path", "VAL", "--retain_data_path", "RETAIN", "--lora_path", first.training.adapterPath, "--epochs", "1",
        ])
        defer { for evaluated in [first, second] { evaluated.remove() } }
        for evaluated in [first, second] { #expect(try evaluated.run().status == 0) }
        #expect(try second.evaluate(second.retainedPath, [])["loss"]?.number == second.evaluations(.retained)[0].loss)
        // Validation is of the adapter as it begins.
        #expect(try second.evaluations(.validation)[0].loss == first.evaluations(.validation).last?.loss)
    }

    @Test("The best of all parameters")
    func full() throws {
        let evaluated = try EvaluatedTraining(["--full", "--val_data_path", "VAL", "--epochs", "2", "--learning_rate", "5e-4"])
        defer { evaluated.remove() }
        let run = try evaluated.run()
        #expect(run.status == 0, "\(run.errors)")
        let path = evaluated.training.folder + "/lora_identity_192.best.pth"
        let best = try #require(try evaluated.evaluations().last { $0.isBest })
        #expect(best.step > 0 && run.output.contains("best \(path) (step \(best.step)"))
        let loss = try evaluated.evaluate(evaluated.validationPath, ["--base_path", path])["loss"]?.number
        #expect(abs((loss ?? .nan) - best.loss) < 1e-3)
    }
}
