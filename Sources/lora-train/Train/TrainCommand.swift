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
        let trainer: Trainer<NextTokenLoss>
        let loader: DataLoader<Subset<SFTDataset>>
        let length: RunLength
        let subject: Subject
        let saves: Saves
        let recipe: Recipe
        let checkpoint: Checkpoint?
        let log: RunLog
        /// What the sinks of the log are told first.
        let description: RunDescription
        let wandb: WandbClient?
        let evaluations: Evaluations
        let samples: SampleAnswers?
        /// Held until the run ends; `nil` in a process that does not write.
        let lock: RunLock?
        /// `nil` in a process that keeps no metrics.
        let metricsPath: String?
        var notes: DataNotes

        /// Optimizer steps that are done.
        var stepsDone: Int { length.optimizerSteps(trainer.progress) }

        /// Saves what was trained, and the state of the run.
        func save(_ processes: Processes) throws {
            try saves.saveSubject()
            try saveCheckpoint(processes)
            try saves.checkSubject()
        }

        /// Saves the state of the run.
        func saveCheckpoint(_ processes: Processes) throws {
            try evaluations.finishStart()
            try saves.saveCheckpoint(
                trainer, evaluations, steps: stepsDone,
                isComplete: trainer.progress.epoch >= length.epochs || evaluations.endsEarly,
                data: try notes.json(at: trainer.progress, processes))
        }

        /// What all processes must have in common: the recipe, the place in the run, and what is trained from there.
        var commonFacts: JSONObject {
            var facts = recipe.commonFacts
            facts["the place in the run"] = .string("optimizer step \(stepsDone)")
            let parameters = subject.parameters.map { StoredTensor(shape: $0.tensor.shape, floats: $0.tensor.values) }
            facts["what is trained"] = .string(Fingerprint(of: parameters).description)
            return facts
        }
    }

    func run() throws {
        try options.validate()
        console.sendsLinesToErrors = options.logFormat == .json
        console.toleratesLoss = true
        let processes = try Processes(options)
        try processes.run {
            var model = options.model
            model.threads = processes.threads ?? model.threads
            try model.computing { try train(processes) }
        }
    }

    private func train(_ processes: Processes) throws {
        // Templates may write the day: it is the same for all processes, and for a run that goes on later.
        let now = Date(timeIntervalSince1970: Double(try processes.fromFirst("\(Date().timeIntervalSince1970)")) ?? 0)
        var run = try processes.together { try prepare(processes, now: now) }
        try processes.checkAgreement(run.commonFacts)
        // From here on files of earlier runs are replaced.
        try processes.together { try begin(run) }
        if let summary = processes.summary { console.line(summary) }
        Interruption.watch()
        do {
            if run.trainer.progress == TrainingProgress() { try answerSamples(run, .before) }
            let reason = try runEpochs(&run, processes)
            try run.notes.finish(at: run.trainer.progress, skipListPath: run.subject.stem + ".skipped.jsonl", processes)
            // Also of a run that was complete before, whose file somebody may have moved. Sinks may be waited for.
            try run.save(processes)
            try answerSamples(run, .after)
            run.log.end(reason)
        } catch {
            run.log.end(Processes.reason(of: error), message: "\(error)")
            writeReport(run)
            throw error
        }
        writeReport(run)
        console.line(String(format: "saved %@ (%.0f tokens/s)", run.subject.path, run.log.tokensPerSecond))
        try alike(processes) { try run.evaluations.finish() }
    }

    /// Asks the model what `--sample_prompts` asks, in the one process that speaks for the run.
    private func answerSamples(_ run: Run, _ moment: AnswerReport.Moment) throws {
        guard let samples = run.samples, run.metricsPath != nil else { return }
        run.log.append(.answers(try samples.report(moment, step: run.length.steps(run.trainer.progress))))
    }

    /// Writes the page that shows the run. It may be missing; what was trained is saved by now.
    private func writeReport(_ run: Run) {
        guard let metricsPath = run.metricsPath else { return }
        let path = run.subject.stem + ".report.html"
        do {
            try RunReport.write(metricsPath: metricsPath, to: path)
            console.line("report: \(path)")
        } catch {
            console.note("warning: \(error); there is no report of this run")
        }
    }

    /// Runs what fails in every process alike.
    private func alike<Value>(_ processes: Processes, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as TrainingError {
            throw processes.failure(.failure("\(error)"))
        }
    }

    /// Trains what is left of the run, and saves as it goes.
    private func runEpochs(_ run: inout Run, _ processes: Processes) throws -> RunEnd.Reason {
        let (trainer, loader, evaluations) = (run.trainer, run.loader, run.evaluations)
        var goesOn = try alike(processes) { try evaluations.begin(at: trainer.progress) }
        while goesOn, trainer.progress.epoch < options.epochs {
            let batches = loader.epoch(trainer.progress.epoch, startingAt: run.length.stepsInEpoch(trainer.progress))
            do {
                goesOn = try trainer.runEpoch(
                    stepsPerEpoch: loader.batchesPerEpoch, isStopping: { Interruption.number != nil },
                    nextBatch: {
                        let batch = try batches.next()
                        if let batch { run.notes.append(batch, at: trainer.progress) }
                        return batch
                    },
                    onStep: { run.log.append(.step($0)) },
                    afterOptimizerStep: {
                        let goesOn = try evaluations.step(to: trainer.progress)
                        if options.saveSteps > 0, run.stepsDone.isMultiple(of: options.saveSteps) { try run.saveCheckpoint(processes) }
                        return goesOn
                    })
            } catch let error as TrainingError {
                throw processes.failure(.failure("\(error); \(try saveLastGood(run))"))
            } catch let error as DatasetError {
                // The other processes wait for this one, and cannot be asked whether they stand where it does.
                guard processes.communicator.count == 1, run.stepsDone > 0 else { throw error }
                try run.save(processes)
                throw CommandError.failure("\(error); what was trained so far is in \(run.subject.path)")
            }
            let isLast = trainer.progress.epoch == options.epochs
            if goesOn, !isLast, trainer.progress.epoch.isMultiple(of: options.saveInterval) { try run.save(processes) }
        }
        if goesOn { return .complete }
        guard evaluations.endsEarly else { throw try interrupted(run, processes) }
        return .earlyStopping
    }

    /// Saves what was trained so far, and says so.
    private func interrupted(_ run: Run, _ processes: Processes) throws -> any Error {
        // What was trained before stays where nothing is trained yet.
        if run.stepsDone > 0 { try run.save(processes) }
        // Not every process need have got the signal.
        let signals = try processes.communicator.gather("\(Interruption.number ?? 0)").compactMap(Int32.init)
        return processes.failure(
            CommandError(
                exitCode: 128 + (signals.max() ?? SIGTERM),
                description: run.stepsDone > 0
                    ? "interrupted; what was trained so far is in \(run.subject.path), and --resume auto goes on from there"
                    : "interrupted before the first step was done; nothing is saved"))
    }

    /// After a loss that is no number: saves the parameters if they are sound, which they are unless
    /// the step before broke them; then the file of the last save stands.
    private func saveLastGood(_ run: Run) throws -> String {
        guard run.stepsDone > 0 else { return "nothing is trained yet, and nothing is saved" }
        if run.subject.isSound {
            try run.saves.saveSubject()
            try run.saves.checkSubject()
            return "the last good parameters are in \(run.subject.path)"
        }
        return FileManager.default.fileExists(atPath: run.subject.path)
            ? "\(run.subject.path) is from the last save" : "nothing was saved"
    }

    // MARK: - Before the first step

    /// Reads everything, and finds what cannot work before hours have gone by.
    private func prepare(_ processes: Processes, now: Date) throws -> Run {
        let wandb = try processes.isFirst ? WandbClient.start(options) : nil
        let tokensPath = options.adapter.addedTokensPath
        let base = options.initialization == .pretrained ? try Base(options.model, addedTokensPath: tokensPath) : nil
        let addedTokens = try base?.addedTokens ?? tokensPath.map { try AddedTokens(file: $0) } ?? AddedTokens()
        let bareTokenizer = try base?.bareTokenizer() ?? TokenizerFolder.tokenizer(options.model.tokenizerPath)
        let tokenizer = try addedTokens.added(to: bareTokenizer)
        let found = try Saves.checkpoint(options, stem: Subject.stem(options, try configuration(base, tokenizer)))
        let started = found?.notes["started"]?.number.map(Date.init(timeIntervalSince1970:)) ?? now
        let format = try options.format.format(tokenizer, date: started)
        let data = try RunData(options, format)
        let model =
            try base?.model(reading: options.trainsAll ? nil : options.dtype)
            ?? LanguageModel(configuration(nil, tokenizer), seed: UInt64(options.model.seed))
        model.checkpointsLayers = options.checkpointsGradients
        if base != nil, processes.isFirst {
            let length = options.model.maxSequenceLength
            PositionWarning(model.configuration).check(length, "--max_seq_len \(length)")
        }
        var notes = DataNotes(options, data.training)
        try notes.begin()
        let origins = try Origins(base, options, format, addedTokens: addedTokens.json(in: bareTokenizer))
        let subject = try Subject(options, model, base, origins, addedTokens.ids(in: bareTokenizer), from: found)
        try data.checkVocabulary(size: model.configuration.vocabularySize)
        let metricsPath = options.metricsPath ?? subject.stem + ".metrics.jsonl"
        try checkOutputs(subject, base, metricsPath: metricsPath)
        let lock = processes.isFirst ? try lock(subject) : nil
        let recipe = Recipe(
            options, origins, subject, data.training.source.encoder.rule, processes: processes.communicator.count)
        let saves = Saves(options, subject, recipe, started: started, isWriter: processes.isFirst)
        let loader = self.loader(data.training, model, processes)
        let length = RunLength(
            epochs: options.epochs, stepsPerEpoch: loader.batchesPerEpoch, accumulationSteps: options.accumulationSteps)
        let trainer = self.trainer(model, subject, length, processes)
        let checkpoint = found
        if let checkpoint {
            try saves.check(checkpoint)
            try trainer.restore(checkpoint)
        }
        notes.restore(checkpoint?.notes["data"])
        let evaluated = EvaluationProgress(checkpoint?.notes["evaluation"])
        let description = describe(
            subject, base, recipe, stepsPerEpoch: length.stepsPerEpoch, completedSteps: length.steps(trainer.progress),
            evaluatedSteps: evaluated.lastStep.map(length.steps(ofOptimizerSteps:)))
        let log = RunLog()
        return Run(
            trainer: trainer, loader: loader, length: length, subject: subject, saves: saves, recipe: recipe, checkpoint: checkpoint,
            log: log, description: description, wandb: wandb,
            evaluations: Evaluations(
                options, data, origins, model, subject, length, log, processes, from: evaluated,

                isBestHere: checkpoint.map { $0.notes["best_is_here"]?.bool ?? true && saves.has($0) } ?? true),
            samples: try options.samplePromptsPath.map { try SampleAnswers(path: $0, model, format, options.dtype) }, lock: lock,
            metricsPath: processes.isFirst ? metricsPath : nil, notes: notes)
    }

    /// Finds out whether results can be written, and sees to it that no other run writes there.
    ///
    /// - Throws: `TensorFileError` with the system's reason, or ``CommandError`` where another run does
    private func lock(_ subject: Subject) throws -> RunLock? {
        try subject.checkWritable()
        try AtomicFile.makeFolder(subject.stem.enclosingFolder)
        return try RunLock.take(stem: subject.stem) { console.note("warning: \($0)") }
    }

    /// Refuses to write over what is read.
    ///
    /// - Throws: ``CommandError`` with exit code 2
    private func checkOutputs(_ subject: Subject, _ base: Base?, metricsPath: String) throws {
        let inputs = [
            base?.file.path, options.dataPath, options.format.template, options.evaluation.validationPath, options.evaluation.retainedPath,
            options.samplePromptsPath,
        ]
        for path in [subject.path, subject.bestPath] { try OutputPath.check(path, flag: "--lora_name", against: inputs) }
        try OutputPath.check(metricsPath, flag: "--metrics_path", against: inputs + [options.model.loraPath])
    }

    private func describe(
        _ subject: Subject, _ base: Base?, _ recipe: Recipe, stepsPerEpoch: Int, completedSteps: Int, evaluatedSteps: Int?
    ) -> RunDescription {
        RunDescription(
            name: (subject.stem as NSString).lastPathComponent, version: Release.version, started: Date().ISO8601Format(),
            epochs: options.epochs, stepsPerEpoch: stepsPerEpoch, completedSteps: completedSteps,
            evaluatedSteps: evaluatedSteps, basePath: base?.file.path, savedPath: subject.path, recipe: recipe.facts,
            subject: subject.words, environment: Machine.facts(options.dtype))
    }

    /// Everything that is told of the run as it goes.
    private func sinks(
        _ run: RunDescription, metricsPath: String, _ wandb: WandbClient?, stem: String
    ) throws -> [any MetricSink] {
        let console = self.console
        // The one that may refuse comes first, and is waited for last.
        let wandbSink = try wandb?.begin(run, stem: stem)
        let metrics = try MetricsFile(path: metricsPath, run) {
            console.note("warning: \($0); training goes on without metrics")
        }
        if let place = metrics.putAside { console.note("note: metrics of another run are in \(place) now") }
        return [
            metrics,
            ConsoleLog(run, logInterval: options.logFormat == .text ? options.logInterval : nil),
        ] + (options.logFormat == .json ? [JSONLog(run)] : []) + (wandbSink.map { [$0] } ?? [])
    }

    /// Makes room for what the run writes, and says where it begins.
    private func begin(_ run: Run) throws {
        try run.saves.checkWritable()
        if let metricsPath = run.metricsPath {
            run.log.begin(try sinks(run.description, metricsPath: metricsPath, run.wandb, stem: run.subject.stem))
        }
        guard let checkpoint = run.checkpoint else { return try run.saves.begin() }
        try run.saves.begin(from: checkpoint)
        let progress = checkpoint.progress
        console.line(
            progress.epoch >= options.epochs || run.evaluations.endsEarly
                ? "\(checkpoint.path) is the end of the run: nothing is left to train"
                : "resuming from \(checkpoint.path): epoch \(progress.epoch + 1) of \(options.epochs), "
                    + "step \(run.length.stepsInEpoch(progress)) of \(run.length.stepsPerEpoch)")
    }

    private func loader(
        _ samples: Subset<SFTDataset>, _ model: LanguageModel, _ processes: Processes
    ) -> DataLoader<Subset<SFTDataset>> {
        let order: SampleOrder = options.shuffles ? .shuffled(seed: UInt64(options.model.seed)) : .sequential
        return DataLoader(
            samples, batchSize: options.batchSize, order: order, workers: options.workerCount,
            padding: pads(model) ? (samples.source.maxSequenceLength, samples.source.padID) : nil,
            shard: Shard(rank: processes.communicator.rank, count: processes.communicator.count),
            fill: options.lossReduction == .token ? .empty : .repeated)
    }

    private func trainer(
        _ model: LanguageModel, _ subject: Subject, _ length: RunLength, _ processes: Processes
    ) -> Trainer<NextTokenLoss> {
        var configuration = TrainerConfiguration()
        configuration.accumulationSteps = options.accumulationSteps
        configuration.lossReduction = options.lossReduction
        configuration.gradientClip = options.gradientClip
        configuration.precision = options.dtype
        configuration.seed = UInt64(options.model.seed)
        let scheduledSteps = options.lossReduction == .token ? length.optimizerStepsPerEpoch : length.stepsPerEpoch
        return Trainer(
            NextTokenLoss(model), parameters: subject.parameters, optimizer: options.optimizer.optimizer(subject.groups),
            schedule: options.optimizer.schedule(
                baseRate: options.learningRate, totalSteps: options.epochs * scheduledSteps,
                warmupSteps: options.warmupIterations),
            configuration: configuration, communicator: processes.communicator)
    }

    /// The sizes of the base, or of a model that is made anew.
    private func configuration(_ base: Base?, _ tokenizer: Tokenizer) throws -> ModelConfiguration {
        try base?.file.configuration ?? options.model.configuration(vocabularySize: tokenizer.vocabularySize)
    }

    /// Whether samples are filled up. The balance of experts is measured over padding too, as published.
    private func pads(_ model: LanguageModel) -> Bool {
        if let pads = options.padsToMaximum { return pads }
        // transformers leaves padding out of its classes' balance.
        guard let experts = model.configuration.experts, experts.auxiliaryCoefficient > 0, experts.balance != .overLayers else {
            return false
        }
        console.line(
            "samples are padded to \(options.model.maxSequenceLength), since the published balance of experts counts padding; "
                + "--pad_to_max_seq_len False trains on the words alone, much faster")
        return true
    }
}
