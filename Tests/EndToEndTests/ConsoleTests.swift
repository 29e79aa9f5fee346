import Foundation
import Tensor
import TestSupport
import Testing
import Training

/// What a run shows on a terminal, and what it tells a program.
@Suite("The console") struct ConsoleTests {
    @Suite("On a terminal", .enabled(if: PseudoTerminal.isAvailable, "the system gives no pseudo-terminals"))
    struct OnATerminal {
        @Test(arguments: [40, 80, 200]) func drawsABarThatFits(width: Int) throws {
            let training = try TinyTraining()
            defer { training.remove() }
            let run = try PseudoTerminal(training.arguments, width: width)
            #expect(run.status == 0, "\(run.text)")
            let bars = run.bars
            #expect(!bars.isEmpty)
            #expect(bars.allSatisfy { $0.count < width }, "\(bars.max { $0.count < $1.count } ?? "")")
            let words = ["/20", "loss ", " left"] + (width < 80 ? [] : ["epoch ", "lr ", " tok/s"]) + (width < 200 ? [] : [" MB", "█"])
            for word in words { #expect(bars.last?.contains(word) == true, "\(word) is not in \(bars)") }
            // There is colour, but not in the lines.
            #expect(run.text.contains("\u{1B}[1m"))
            let lines = Screen(run.text, width: width).lines
            #expect(lines.last == "" && !lines.contains { $0.contains(" left") || $0.contains("\u{1B}") })
            let shown = lines.joined()
            for step in 0..<5 { #expect(shown.contains("Epoch:[4/4](\(step)/5) loss:"), "\(lines)") }
        }

        @Test func isDrawnTenTimesASecondAtTheMost() throws {
            let training = try TinyTraining(["--batch_size", "1", "--log_interval", "1000"])
            defer { training.remove() }
            let start = ContinuousClock.now
            let run = try PseudoTerminal(training.arguments, width: 80)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            // One more for each line that stands above it: the first of each epoch, and the end's.
            let lines = run.text.split(whereSeparator: \.isNewline).count
            #expect(run.status == 0 && run.bars.count > 3, "\(run.text)")
            #expect(Double(run.bars.count) <= 10 * seconds + Double(lines) + 1)
        }

        @Test func colours() throws {
            let training = try TinyTraining()
            defer { training.remove() }
            let without = try PseudoTerminal(training.arguments, width: 80, environment: ["NO_COLOR": "1"])
            #expect(!without.bars.isEmpty && !without.text.contains(/\u{1B}\[[0-9;]*m/))
            // Empty, it asks for nothing.
            let with = try PseudoTerminal(training.arguments, width: 80, environment: ["NO_COLOR": ""])
            #expect(with.text.contains(/\u{1B}\[[0-9;]*m/))
            let dumb = try PseudoTerminal(training.arguments, width: 80, environment: ["TERM": "dumb"])
            #expect(dumb.status == 0 && dumb.text.contains("loss:") && !dumb.text.contains("\u{1B}") && !dumb.text.contains(" left"))
        }

        /// `lora-train | tee log`: both write to the same terminal.
        @Test func linesThroughAPipeBeginALine() throws {
            let training = try TinyTraining()
            defer { training.remove() }
            let run = try PseudoTerminal(training.arguments, width: 120, through: "cat")
            let lines = Screen(run.text, width: 120).lines
            let steps = lines.filter { $0.contains("Epoch:[") }
            #expect(steps.count == 20 && steps.allSatisfy { $0.hasPrefix("Epoch:[") }, "\(lines)")
            #expect(lines.last == "", "\(lines)")
        }

        @Test func leavesNoBarBehindWhereItEndsAtOnce() throws {
            // Long steps: the signals, the second of which does not wait for the step, have to come before its end.
            let training = try TinyTraining(
                ["--epochs", "500", "--log_interval", "1000000", "--batch_size", "40", "--save_interval", "1000"])
            defer { training.remove() }
            let run = try PseudoTerminal(training.arguments, width: 80, signals: [SIGINT, SIGTERM])
            // Whichever the system hands over second. Nothing is saved, as it would be at the end of the step.
            #expect([128 + SIGINT, 128 + SIGTERM].contains(run.status) && training.adapter == nil, "\(run.text)")
            #expect(!run.bars.isEmpty && !Screen(run.text, width: 80).lines.contains { $0.contains(" left") })
        }
    }

    @Test func writesNoControlSequencesIntoPipes() throws {
        let training = try TinyTraining()
        defer { training.remove() }
        let run = try Command(training.arguments)
        #expect(run.status == 0 && run.lines.filter { $0.hasPrefix("Epoch:[") }.count == 20)
        #expect(
            !run.output.contains("\u{1B}") && !run.errors.contains("\u{1B}") && !run.output.contains("\r") && !run.errors.contains("\r"))
    }

    @Test func tellsAProgramAllRecordsAndNothingElse() throws {
        let training = try TinyTraining(["--log_format", "json", "--log_interval", "100"])
        defer { training.remove() }
        let run = try Command(training.arguments)
        #expect(run.status == 0, "\(run.errors)")
        let records = try run.output.split(separator: "\n").map { try #require(RunRecord(JSON(parsing: String($0))), "\($0)") }
        guard case .start(let description)? = records.first, case .end(let end)? = records.last else {
            Issue.record("\(run.output)")
            return
        }
        #expect(description.epochs == 4 && description.stepsPerEpoch == 5 && end.reason == .complete)
        #expect(
            description.environment["processor"]?.string?.isEmpty == false && description.environment["precision"]?.string == "bfloat16")
        let steps = records.compactMap { if case .step(let step) = $0 { step.step } else { nil } }
        #expect(steps == Array(0..<20) && records.count == 22)
        // The same as in the file, and what a person would have read is elsewhere.
        #expect(try String(contentsOfFile: training.metricsPath, encoding: .utf8) == run.output)
        #expect(
            run.errors.contains("LoRA 参数量: ") && run.errors.contains("saved \(training.adapterPath)") && !run.errors.contains("Epoch:["))
        // Whom a run speaks to changes no result.
        let again = try Command(training.arguments + ["--resume", "auto", "--log_format", "text"])
        #expect(again.status == 0 && again.output.contains("nothing is left to train"), "\(again.errors)")
    }

    @Test func refusesAnotherFormat() throws {
        let run = try Command(["--log_format", "yaml"])
        #expect(run.status == 2 && run.errors.contains("--log_format is 'yaml', but must be one of text, json"))
    }
}
