#if MPI
    import Foundation
    import Tensor
    import TestSupport
    import Testing
    import Training

    @Suite("The recipe on several processes", .serialized, .enabled(if: Command.hasMPI, "\(Command.absenceOfMPI)"))
    struct DistributedRecipeTests {
        /// Runs as a batch of 16 in so many processes.
        private func train(ranks: Int, accumulation: Int = 1, _ training: TinyTraining, _ more: [String] = []) throws -> Command {
            let flags = ["--batch_size", String(16 / ranks / accumulation), "--accumulation_steps", String(accumulation)] + more
            guard ranks > 1 else { return try Command(training.arguments + flags) }
            return try Command.mpi(ranks: ranks, training.arguments + ["--ddp", "--threads", "1"] + flags)
        }

        @Test("By tokens the adapter after 20 steps and more is that of one process", arguments: [(2, 1), (4, 1), (2, 4)])
        func token(_ ranks: Int, _ accumulation: Int) throws {
            // Where a gradient is nearly 0, AdamW makes a whole step of a rounding, unless epsilon is larger than that.
            let flags = ["--loss_reduction", "token", "--dtype", "float32", "--epochs", "7", "--adam_epsilon", "1e-6"]
            let (one, several) = (try TinyTraining(flags), try TinyTraining(flags))
            defer { for training in [one, several] { training.remove() } }
            #expect(try train(ranks: 1, one).status == 0)
            let run = try train(ranks: ranks, accumulation: accumulation, several)
            #expect(run.status == 0, "\(run.errors)")
            // One process speaks, for all.
            #expect(run.lines.count { $0.hasPrefix("saved") } == 1)
            let losses = (try one.losses(), try several.losses())
            #expect(losses.0.count >= 20 && losses.1.count > losses.0.count * (accumulation - 1))
            #expect(try several.difference(to: one) < 1e-5)
            if accumulation == 1 {
                for (loss, expected) in zip(losses.1, losses.0) { #expect(abs(loss - expected) < 1e-5) }
            }
        }

        @Test("A run goes on on another number of processes")
        func otherRanks() throws {
            let flags = ["--loss_reduction", "token", "--dtype", "float32", "--save_steps", "1"]
            let (one, several) = (try TinyTraining(flags), try TinyTraining(flags))
            defer { for training in [one, several] { training.remove() } }
            #expect(try train(ranks: 1, one).status == 0)
            let cut = try Command(several.arguments + ["--batch_size", "16"], interruptAfterLines: 11)
            #expect(cut.status == 130)
            let run = try train(ranks: 2, several, ["--resume", "auto"])
            #expect(run.status == 0 && run.output.contains("resuming from"), "\(run.errors)")
            #expect(try several.difference(to: one) < 1e-5)
            // As published it would be another training.
            let other = try train(ranks: 2, several, ["--resume", "auto", "--loss_reduction", "batch"])
            #expect(other.status == 2 && other.errors.contains("--loss_reduction was 'token', is 'batch'"), "\(other.errors)")
        }

        @Test("Two processes measure what one does, agree on when to end, and keep one best")
        func evaluation() throws {
            let flags = [
                "--val_data_path", "RETAIN", "--retain_data_path", "VAL", "--eval_interval", "2", "--early_stopping_patience", "2",
                "--learning_rate", "1e-2", "--loss_reduction", "token", "--dtype", "float32",
            ]
            let (one, several) = (try EvaluatedTraining(flags), try EvaluatedTraining(flags))
            defer { for evaluated in [one, several] { evaluated.remove() } }
            #expect(try train(ranks: 1, one.training).status == 0)
            let run = try train(ranks: 2, several.training)
            #expect(run.status == 0, "\(run.errors)")
            let (expected, found) = (try one.evaluations(), try several.evaluations())
            #expect(found.map(\.step) == expected.map(\.step) && found.map(\.isBest) == expected.map(\.isBest) && found.count > 4)
            for (report, other) in zip(found, expected) {
                #expect(abs(report.loss - other.loss) < (report.step == 0 ? 1e-6 : 1e-4))
                #expect(report.samples == other.samples && report.countedTokens == other.countedTokens)
            }
            #expect(try several.history().end?.reason == .earlyStopping && several.best != nil)
            let strange = try Command.mpi(
                ranks: 2, several.training.arguments + ["--ddp"], last: ["--retain_data_path", several.training.dataPath])
            #expect(strange.status != 0 && strange.errors.contains("the retained data is"), "\(strange.errors)")
        }

        @Test("A rank that is killed ends the job within seconds; it goes on from the last checkpoint to the same bits")
        func death() throws {
            let flags = ["--save_steps", "2", "--epochs", "12"]
            let (whole, cut) = (try TinyTraining(flags), try TinyTraining(flags))
            defer { for training in [whole, cut] { training.remove() } }
            #expect(try train(ranks: 2, whole).status == 0)
            let killed = try Command.mpi(
                ranks: 2, cut.arguments + ["--ddp", "--threads", "1", "--batch_size", "8"], kill: (rank: 1, afterLines: 15))
            #expect(try killed.status != 0 && #require(killed.secondsAfterAction) < 20)
            for name in cut.checkpointNames { #expect(try Command(["inspect", cut.checkpoints + "/" + name]).status == 0) }
            let run = try train(ranks: 2, cut, ["--resume", "auto"])
            #expect(run.status == 0 && run.output.contains("resuming from"), "\(run.errors)")
            #expect(cut.adapter == whole.adapter && cut.adapter != nil)
            #expect(try cut.metrics() == whole.metrics())
        }

        @Test("SIGUSR1, which mpirun hands on, ends all after the same step")
        func signal() throws {
            let flags = ["--epochs", "12", "--save_steps", "5"]
            let (whole, cut) = (try TinyTraining(flags), try TinyTraining(flags))
            defer { for training in [whole, cut] { training.remove() } }
            #expect(try train(ranks: 2, whole).status == 0)
            let stopped = try Command.mpi(
                ranks: 2, cut.arguments + ["--ddp", "--threads", "1", "--batch_size", "8"], kill: (rank: 1, afterLines: 15), signal: SIGUSR1
            )
            #expect(stopped.status == 138 && stopped.errors.contains("interrupted"), "\(stopped.status) \(stopped.errors)")
            // Also where another process than the one that keeps the metrics got it.
            #expect(try RunHistory(path: cut.metricsPath).end?.reason == .interrupted)
            #expect(try train(ranks: 2, cut, ["--resume", "auto"]).status == 0)
            #expect(cut.adapter == whole.adapter && cut.adapter != nil)
        }

        @Test("A rank that would train something else is named")
        func disagreement() throws {
            let training = try TinyTraining()
            defer { training.remove() }
            let data = Paths.package.path + "/Examples/smollm2/identity.jsonl"
            for (flags, words) in [
                (["--learning_rate", "1e-3"], "rank 2 would train something else than rank 0: --learning_rate is 0.001, not 0.002"),
                (["--data_path", data], "rank 2 would train something else than rank 0: the data is"),
                (["--base_path", "/nowhere.pth"], "rank 2: no base weights at /nowhere.pth"),
                (["--streaming"], "--streaming is True, not False"), (["--save_steps", "3"], "--save_steps is 3, not 0"),
            ] {
                let run = try Command.mpi(ranks: 3, training.arguments + ["--ddp"], last: flags)
                #expect(run.status != 0 && run.errors.contains(words), "\(run.errors)")
                #expect(!run.output.contains("Epoch"))
            }
        }

        @Test("One rank may be told its threads, and another not")
        func otherThreads() throws {
            let training = try TinyTraining()
            defer { training.remove() }
            let run = try Command.mpi(ranks: 2, training.arguments + ["--ddp"], last: ["--threads", "1"])
            #expect(run.status == 0 && training.adapter != nil, "\(run.errors)")
        }

        @Test("A rank that would go on from another place is named")
        func otherPlace() throws {
            let training = try TinyTraining(["--loss_reduction", "token", "--save_steps", "2"])
            defer { training.remove() }
            #expect(try Command(training.arguments, interruptAfterLines: 14).status == 130)
            let metrics = try training.metrics()
            let run = try Command.mpi(
                ranks: 2, training.arguments + ["--ddp", "--threads", "1", "--batch_size", "4", "--resume", "auto"],
                last: ["--out_dir", training.folder + "/elsewhere"])
            #expect(run.status != 0 && run.errors.contains("rank 1 would train something else than rank 0: the place in the run is"))
            #expect(run.errors.contains("what is trained is"), "\(run.errors)")
            #expect(try training.metrics() == metrics)
        }

        @Test("What --ddp cannot do is said once, with what to do")
        func refusals() throws {
            let training = try TinyTraining()
            defer { training.remove() }
            let alone = try Command(training.arguments + ["--ddp"])
            #expect(alone.status == 2 && alone.errors.contains("mpirun -np 2"))
            let several = try Command.mpi(ranks: 3, training.arguments)
            #expect(several.status == 2 && several.errors.contains("without --ddp"), "\(several.errors)")
            #expect(several.errors.components(separatedBy: "error:").count == 2)
            let unknown = try Command.mpi(ranks: 3, training.arguments + ["--ddp", "--epoch", "3"])
            #expect(unknown.status == 2 && unknown.errors.components(separatedBy: "did you mean --epochs").count == 2, "\(unknown.errors)")
        }
    }
#endif
