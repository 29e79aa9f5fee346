import Data
import Foundation
import LoRA
import Model
import Tensor
import Training

/// The default recipe, from files to an adapter.
struct TrainCommand {
    let options: TrainOptions
    private var console: Console { Console.shared }

    /// A run that is ready to begin.
    private struct Run {
        let trainer: Trainer<AdamW>
        let loader: DataLoader<SFTDataset>
        let subject: Subject
        let saves: Saves
        let recipe: Recipe
        let checkpoint: Checkpoint?
        let log: RunLog
        var notes: DataNotes
    }

    func run() throws {
        try options.validate()
        let processes = try Processes(options)
        try processes.run {
            var model = options.model
            model.threads = processes.threads ?? model.threads
            try model.computing { try train(processes) }
        }
    }

    private func train(_ processes: Processes) throws {
        var run = try processes.together { try prepare(processes) }
        try processes.checkAgreement(run.recipe.facts)
        try processes.together { try begin(run) }
        if let summary = processes.summary { console.line(summary) }
        Interruption.watch()
        do {
            let reason = try runEpochs(&run, processes)
            try run.notes.finish(skipListPath: run.subject.stem + ".skipped.jsonl", processes)
            // Also of a run that was complete before, whose file somebody may have moved. Sinks may be waited for.
            try run.saves.save(run.trainer, steps: stepsDone(run))
            run.log.end(reason)
        } catch {
            run.log.end(Interruption.number == nil ? .failed : .interrupted, message: "\(error)")
            throw error
        }
        console.line(String(format: "saved %@ (%.0f tokens/s)", run.subject.path, run.log.tokensPerSecond))
    }

    /// Trains what is left of the run, and saves as it goes.
    private func runEpochs(_ run: inout Run, _ processes: Processes) throws -> RunEnd.Reason {
        let (trainer, loader) = (run.trainer, run.loader)
        while trainer.progress.epoch < options.epochs {
            let batches = loader.epoch(trainer.progress.epoch, startingAt: stepInEpoch(run))
            var savedSteps = stepsDone(run)
            let isComplete: Bool
            do {
                isComplete = try trainer.runEpoch(
                    stepsPerEpoch: loader.batchesPerEpoch, isStopping: { Interruption.number != nil },
                    nextBatch: {
                        let batch = try batches.next()
                        if let batch { run.notes.append(batch) }
                        return batch
                    }
                ) { report in
                    run.log.append(.step(report))
                    let steps = stepsDone(run)
                    if options.saveSteps > 0, steps > savedSteps, steps.isMultiple(of: options.saveSteps) {
                        try run.saves.saveCheckpoint(trainer, steps: steps)
                        savedSteps = steps
                    }
                }
            } catch let error as TrainingError {
                throw processes.failure(.failure("\(error); \(try saveLastGood(run))"))
            } catch let error as DatasetError {
                // The other processes wait for this one, and cannot be asked whether they stand where it does.
                guard processes.communicator.count == 1 else { throw error }
                try run.saves.save(trainer, steps: stepsDone(run))
                throw CommandError.failure("\(error); what was trained so far is in \(run.subject.path)")
            }
            guard isComplete else { throw try interrupted(run, processes) }
            let isLast = trainer.progress.epoch == options.epochs
            if !isLast, trainer.progress.epoch.isMultiple(of: options.saveInterval) {
                try run.saves.save(trainer, steps: stepsDone(run))
            }
        }
        return .complete
    }

    /// Micro-batches of the epoch that are done.
    private func stepInEpoch(_ run: Run) -> Int {
        min(run.trainer.progress.optimizerSteps * options.accumulationSteps, run.loader.batchesPerEpoch)
    }

    /// Optimizer steps of the run that are done.
    private func stepsDone(_ run: Run) -> Int {
        run.trainer.progress.epoch * optimizerSteps(run.loader.batchesPerEpoch) + run.trainer.progress.optimizerSteps
    }

    /// Saves what was trained so far, and says so.
    private func interrupted(_ run: Run, _ processes: Processes) throws -> any Error {
        try run.saves.save(run.trainer, steps: stepsDone(run))
        // Not every process need have got the signal.
        let signals = try processes.communicator.gather("\(Interruption.number ?? 0)").compactMap(Int32.init)
        return processes.failure(
            CommandError(
                exitCode: 128 + (signals.max() ?? SIGTERM),
                description: "interrupted; what was trained so far is in \(run.subject.path), and --resume auto goes on from there"))
    }

    /// After a loss that is no number: saves the parameters if they are sound, which they are unless
    /// the step before broke them; then the file of the last save stands.
    private func saveLastGood(_ run: Run) throws -> String {
        if run.subject.isSound {
            try run.saves.saveSubject()
            return "the parameters before that step are in \(run.subject.path)"
        }
        return FileManager.default.fileExists(atPath: run.subject.path)
            ? "\(run.subject.path) is from the last save" : "nothing was saved"
    }

    // MARK: - Before the first step

    /// Reads everything, and finds what cannot work before hours have gone by.
    private func prepare(_ processes: Processes) throws -> Run {
        let wandb = try processes.isFirst ? WandbClient.start(options) : nil
        let base = options.initialization == .pretrained ? try Base(options.model) : nil
        let tokenizer =
            try base?.tokenizer() ?? TokenizerFolder.tokenizer(options.model.tokenizerPath)
        let dataset = try SFTDataset(
            path: options.dataPath, tokenizer: tokenizer, maxSequenceLength: options.model.maxSequenceLength,
            access: options.isStreaming ? .streaming : .checked, onBadRecord: options.onBadRecord)
        let model = try base?.model(reading: options.trainsAll ? nil : options.dtype) ?? randomModel(tokenizer)
        model.checkpointsLayers = options.checkpointsGradients
        try dataset.checkVocabulary(size: model.configuration.vocabularySize)
        let notes = DataNotes(options, dataset)
        try notes.begin()
        let origins = try Origins(base, dataPath: options.dataPath)
        let subject = try Subject(options, model, base, origins)
        if processes.isFirst { try subject.checkWritable() }
        let recipe = Recipe(options, origins, processes: processes.communicator.count)
        let saves = Saves(options, subject, recipe, isWriter: processes.isFirst)
        let loader = self.loader(dataset, model, processes)
        let trainer = self.trainer(model, subject, stepsPerEpoch: loader.batchesPerEpoch, processes)
        let checkpoint = try saves.checkpoint()
        if let checkpoint { try trainer.restore(checkpoint) }
        let completed = checkpoint.map { completedSteps($0.progress, of: loader.batchesPerEpoch) } ?? 0
        let log = RunLog(
            try processes.isFirst
                ? sinks(describe(subject, base, recipe, stepsPerEpoch: loader.batchesPerEpoch, completedSteps: completed), subject, wandb) : [])
        return Run(
            trainer: trainer, loader: loader, subject: subject, saves: saves, recipe: recipe, checkpoint: checkpoint,
            log: log, notes: notes)
    }

    private func describe(
        _ subject: Subject, _ base: Base?, _ recipe: Recipe, stepsPerEpoch: Int, completedSteps: Int
    ) -> RunDescription {
        RunDescription(
            name: (subject.stem as NSString).lastPathComponent, version: Release.version, started: Date().ISO8601Format(),
            epochs: options.epochs, stepsPerEpoch: stepsPerEpoch, completedSteps: completedSteps,
            basePath: base?.file.path, savedPath: subject.path, recipe: recipe.facts, subject: subject.words)
    }

    /// Everything that is told of the run as it goes.
    private func sinks(_ run: RunDescription, _ subject: Subject, _ wandb: WandbClient?) throws -> [any MetricSink] {
        let console = self.console
        // The one that may refuse comes first, and is waited for last.
        let wandbSink = try wandb?.begin(run, stem: subject.stem)
        return [
            try MetricsFile(path: options.metricsPath ?? subject.stem + ".metrics.jsonl", run) {
                console.note("warning: \($0); training goes on without metrics")
            },
            ConsoleLog(run, logInterval: options.logInterval),
        ] + (wandbSink.map { [$0] } ?? [])
    }

    /// Says where the run begins.
    private func begin(_ run: Run) throws {
        guard let checkpoint = run.checkpoint else { return try run.saves.begin() }
        let steps = run.loader.batchesPerEpoch
        let progress = checkpoint.progress
        console.line(
            progress.epoch < options.epochs
                ? "resuming from \(checkpoint.path): epoch \(progress.epoch + 1) of \(options.epochs), "
                    + "step \(completedSteps(progress, of: steps) - progress.epoch * steps) of \(steps)"
                : "\(checkpoint.path) is the end of the run: nothing is left to train")
    }

    private func loader(_ dataset: SFTDataset, _ model: MiniMind, _ processes: Processes) -> DataLoader<SFTDataset> {
        let order: SampleOrder = options.shuffles ? .shuffled(seed: UInt64(options.model.seed)) : .sequential
        return DataLoader(
            dataset, batchSize: options.batchSize, order: order, workers: options.workerCount,
            padding: pads(model) ? (dataset.maxSequenceLength, dataset.padID) : nil,
            shard: Shard(rank: processes.communicator.rank, count: processes.communicator.count),
            fill: options.lossReduction == .token ? .empty : .repeated)
    }

    private func trainer(
        _ model: MiniMind, _ subject: Subject, stepsPerEpoch: Int, _ processes: Processes
    ) -> Trainer<AdamW> {
        var configuration = TrainerConfiguration()
        configuration.accumulationSteps = options.accumulationSteps
        configuration.lossReduction = options.lossReduction
        configuration.gradientClip = options.gradientClip
        configuration.precision = options.dtype
        configuration.seed = UInt64(options.model.seed)
        let scheduledSteps = options.lossReduction == .token ? optimizerSteps(stepsPerEpoch) : stepsPerEpoch
        return Trainer(
            model, parameters: subject.parameters, optimizer: AdamW(groups: subject.groups),
            schedule: CosineSchedule(
                baseRate: options.learningRate, totalSteps: options.epochs * scheduledSteps,
                warmupSteps: options.warmupIterations),
            configuration: configuration, communicator: processes.communicator)
    }

    /// The optimizer steps in so many micro-batches of an epoch.
    private func optimizerSteps(_ steps: Int) -> Int {
        (steps + options.accumulationSteps - 1) / options.accumulationSteps
    }

    /// The micro-batches that are done.
    private func completedSteps(_ progress: TrainingProgress, of stepsPerEpoch: Int) -> Int {
        progress.epoch * stepsPerEpoch + min(progress.optimizerSteps * options.accumulationSteps, stepsPerEpoch)
    }

    private func randomModel(_ tokenizer: Tokenizer) throws -> MiniMind {
        try MiniMind(options.model.configuration(vocabularySize: tokenizer.vocabularySize), seed: UInt64(options.model.seed))
    }

    /// Whether samples are filled up. The balance of experts is measured over padding too, as published.
    private func pads(_ model: MiniMind) -> Bool {
        if let pads = options.padsToMaximum { return pads }
        guard let experts = model.configuration.experts, experts.auxiliaryCoefficient > 0 else { return false }
        console.line(
            "samples are padded to \(options.model.maxSequenceLength), since the published balance of experts counts padding; "
                + "--pad_to_max_seq_len False trains on the words alone, much faster")
        return true
    }
}
