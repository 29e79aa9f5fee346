import Foundation
import Tensor
import TestSupport
import Testing
import Training

/// A run that is cut short has, once it has gone on, the evaluations, the best adapter and the end of one that was not.
@Suite("Evaluations of runs that are cut short", .serialized)
struct EvaluationResumeTests {
    /// Runs of 20 optimizer steps, if they come to their end.
    enum Kind: CaseIterable {
        /// Each evaluation is better than the one before.
        case learning
        /// What the base knows by heart gets worse, until patience runs out.
        case forgetting

        var flags: [String] {
            let sets =
                self == .learning
                ? ["--val_data_path", "VAL", "--retain_data_path", "RETAIN"]
                : ["--val_data_path", "RETAIN", "--retain_data_path", "VAL", "--early_stopping_patience", "2"]
            return sets + [
                "--eval_interval", "3", "--learning_rate", "1e-2", "--save_steps", "2", "--batch_size", "4", "--accumulation_steps", "2",
                "--lora_dropout", "0.1",
            ]
        }

        /// The run that nobody disturbs.
        func whole() throws -> EvaluatedTraining {
            try (self == .learning ? Self.wholeLearning : Self.wholeForgetting).get()
        }

        private static let wholeLearning = make(.learning), wholeForgetting = make(.forgetting)

        private static func make(_ kind: Self) -> Result<EvaluatedTraining, any Error> {
            Result {
                let whole = try EvaluatedTraining(kind.flags)
                #expect(try whole.run().status == 0)
                #expect(try whole.history().end?.reason == (kind == .learning ? .complete : .earlyStopping))
                return whole
            }
        }
    }

    private func expectEqual(
        _ kind: Kind, _ cut: EvaluatedTraining, _ last: Command, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let whole = try kind.whole()
        #expect(last.status == 0, "\(last.errors)", sourceLocation: sourceLocation)
        #expect(cut.training.adapter == whole.training.adapter && cut.training.adapter != nil, sourceLocation: sourceLocation)
        #expect(cut.best == whole.best && cut.best != nil, sourceLocation: sourceLocation)
        #expect(try cut.evaluations() == whole.evaluations(), sourceLocation: sourceLocation)
        #expect(try cut.training.metrics() == whole.training.metrics(), sourceLocation: sourceLocation)
        #expect(try cut.history().end?.reason == whole.history().end?.reason, sourceLocation: sourceLocation)
    }

    @Test(
        "A signal after any line",
        arguments: [(Kind.learning, 13), (.learning, 15), (.learning, 30), (.forgetting, 7), (.forgetting, 13), (.forgetting, 16)])
    func signals(_ kind: Kind, _ lines: Int) throws {
        let cut = try EvaluatedTraining(kind.flags)
        defer { cut.remove() }
        let first = try Command(cut.training.arguments, interruptAfterLines: lines, signal: SIGTERM)
        #expect(first.status == 128 + SIGTERM, "\(first.output)")
        try expectEqual(kind, cut, cut.run(["--resume", "auto"]))
    }

    @Test("SIGKILL at random moments", arguments: Kind.allCases, 0..<2)
    func kills(_ kind: Kind, _ round: Int) throws {
        let cut = try EvaluatedTraining(kind.flags + ["--resume", "auto"])
        defer { cut.remove() }
        for _ in 0...round {
            _ = try Command(
                cut.training.arguments, interruptAfterLines: .random(in: 1...(kind == .learning ? 60 : 24)), signal: SIGKILL,
                delay: .random(in: 0...200_000))
        }
        #expect(cut.training.leftovers == [])
        try expectEqual(kind, cut, cut.run())
    }

    @Test("What a signal left undone is done when the run goes on, and recorded once, however often it is killed behind it")
    func repeated() throws {
        let cut = try EvaluatedTraining(Kind.learning.flags + ["--resume", "auto"])
        defer { cut.remove() }
        // Behind the lines of the model and of two evaluations: the third optimizer step, or its evaluation, is under way.
        // A signal right behind the line of its first micro-batch might still end the run before it.
        let first = try Command(cut.training.arguments, interruptAfterLines: 13, signal: SIGTERM, delay: 20_000)
        #expect(first.status == 128 + SIGTERM && !first.output.contains("eval step 6"), "\(first.output)")
        #expect(cut.training.checkpointNames.contains("checkpoint-3.safetensors"))
        for _ in 0..<2 {
            let killed = try Command(cut.training.arguments, interruptAfterLines: 8, signal: SIGKILL)
            #expect(killed.status == SIGKILL && killed.output.contains("eval step 6"), "\(killed.output)")
        }
        try expectEqual(.learning, cut, cut.run())
    }

    @Test("Other validation data is another recipe; what is retained may come later")
    func recipe() throws {
        let cut = try EvaluatedTraining(["--val_data_path", "VAL", "--save_steps", "1"])
        defer { cut.remove() }
        _ = try Command(cut.training.arguments, interruptAfterLines: 12)
        for (flags, words) in [
            (["--val_data_path", cut.retainedPath], "the validation data was"), (["--eval_interval", "2"], "--eval_interval was 0, is 2"),
        ] {
            let run = try cut.run(["--resume", "auto"] + flags)
            #expect(run.status == 2 && run.errors.contains(words), "\(run.errors)")
        }
        let run = try cut.run(["--resume", "auto", "--retain_data_path", cut.retainedPath])
        #expect(run.status == 0 && run.lines.last?.hasPrefix("forgetting on") == true, "\(run.errors)")
        #expect(try cut.evaluations(.validation).map(\.step) == [0, 5, 10, 15, 20])
        // The base's, though the run was under way.
        let retained = try cut.evaluations(.retained)
        #expect(retained.first?.step == 0 && retained.last?.step == 20)
        #expect(try cut.evaluate(cut.retainedPath, [])["loss"]?.number == retained[0].loss)
    }
}
