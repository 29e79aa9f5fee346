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

    /// What is trained, and where it is saved.
    private struct Subject {
        let groups: [ParameterGroup]
        let path: String
        let save: () throws -> Void

        var parameters: [Tensor] { groups.flatMap(\.parameters) }
    }

    func run() throws {
        try options.validate()
        try options.model.computing { try train() }
    }

    private func train() throws {
        let base = options.initialization == .pretrained ? try Base(options.model) : nil
        let tokenizer =
            try base?.tokenizer() ?? TokenizerFolder.tokenizer(options.model.tokenizerPath)
        let dataset = try SFTDataset(
            path: options.dataPath, tokenizer: tokenizer, maxSequenceLength: options.model.maxSequenceLength)
        let model = try base?.model(reading: options.trainsAll ? nil : options.dtype) ?? randomModel(tokenizer)
        model.checkpointsLayers = options.checkpointsGradients
        try dataset.checkVocabulary(size: model.configuration.vocabularySize)
        try reportEmptySamples(dataset)
        let subject = try subject(model, base)
        try checkWritable(subject.path)
        let metrics = try MetricsFile(path: options.metricsPath ?? "\(metricsStem(model)).metrics.jsonl")

        let order: SampleOrder = options.shuffles ? .shuffled(seed: UInt64(options.model.seed)) : .sequential
        let loader = DataLoader(
            dataset, batchSize: options.batchSize, order: order, workers: options.workerCount,
            padding: pads(model) ? (dataset.maxSequenceLength, dataset.padID) : nil)
        var configuration = TrainerConfiguration()
        configuration.accumulationSteps = options.accumulationSteps
        configuration.gradientClip = options.gradientClip
        configuration.precision = options.dtype
        configuration.seed = UInt64(options.model.seed)
        var trainer = Trainer(
            model, parameters: subject.parameters, optimizer: AdamW(groups: subject.groups),
            schedule: CosineSchedule(
                baseRate: options.learningRate, totalSteps: options.epochs * loader.batchesPerEpoch,
                warmupSteps: options.warmupIterations),
            configuration: configuration)
        try run(&trainer, loader, subject, metrics)
    }

    private func run(
        _ trainer: inout Trainer<AdamW>, _ loader: DataLoader<SFTDataset>, _ subject: Subject, _ metrics: MetricsFile
    ) throws {
        var keepsMetrics = true
        var bar = ProgressBar(totalSteps: options.epochs * loader.batchesPerEpoch)
        Interruption.watch()
        for epoch in 0..<options.epochs {
            let start = ContinuousClock.now
            let batches = loader.epoch(epoch)
            do {
                try trainer.runEpoch(epoch, stepsPerEpoch: loader.batchesPerEpoch, nextBatch: { try batches.next() }) { report in
                    if keepsMetrics {
                        do {
                            try metrics.append(report)
                        } catch {
                            // The training is worth more than its record.
                            keepsMetrics = false
                            console.note("warning: \(error); training goes on without metrics")
                        }
                    }
                    bar.advance(
                        epoch: epoch, epochs: options.epochs, loss: report.loss, learningRate: report.learningRate,
                        tokens: report.tokens)
                    log(report, secondsInEpoch: (ContinuousClock.now - start) / .seconds(1))
                    return Interruption.number == nil
                }
            } catch let error as TrainingError {
                bar.finish()
                throw CommandError.failure("\(error); \(try lastGood(subject))")
            }
            let isLast = epoch == options.epochs - 1
            if let signal = Interruption.number {
                bar.finish()
                try save(subject)
                throw CommandError(exitCode: 128 + signal, description: "interrupted; what was trained so far is in \(subject.path)")
            }
            if isLast || (epoch + 1) % options.saveInterval == 0 { try save(subject) }
        }
        bar.finish()
        console.line(String(format: "saved %@ (%.0f tokens/s)", subject.path, bar.tokensPerSecond))
    }

    // MARK: - Before the first step

    private func randomModel(_ tokenizer: Tokenizer) throws -> MiniMind {
        try MiniMind(options.model.configuration(vocabularySize: tokenizer.vocabularySize), seed: UInt64(options.model.seed))
    }

    /// Says what was found in the base.
    private func announce(_ base: Base?) {
        if let base { console.line("base \(base.file.path): \(base.file.summary)") }
    }

    private func subject(_ model: MiniMind, _ base: Base?) throws -> Subject {
        if options.trainsAll {
            console.line("LLM 总参数量: \(model.parameterCount)")
            announce(base)
            let path = "\(options.model.outDir)/\(options.loraName)_\(model.configuration.dim)\(moeSuffix(model)).pth"
            let savedType = ElementType(rawValue: options.savedType.rawValue) ?? .float32
            return Subject(
                groups: [ParameterGroup(model.parameters.map(\.tensor))],
                path: path, save: { try PyTorchFile.write(model.stateDictionary(as: savedType), to: path) })
        }
        let adapter = try adapter(on: model, base)
        for line in PublishedLog.parameters(
            total: model.parameterCount + adapter.parameterCount, trained: adapter.parameterCount)
        {
            console.line(line)
        }
        announce(base)
        let updates = adapter.updates.map(\.update)
        let ranks = Set(updates.map(\.factors.rank)).sorted().map(String.init).joined(separator: ", ")
        let scales = Set(updates.map(\.factors.scale)).sorted().map { "\($0)" }.joined(separator: ", ")
        let kind = updates.contains { $0.magnitude != nil } ? " (DoRA)" : ""
        console.line(
            "adapting \(adapter.linears.count) modules with rank \(ranks), scale \(scales)\(kind): "
                + ModuleNames.summary(adapter.linears.map(\.name)))
        let path = adapterPath(model)
        let provenance = try options.provenance(of: adapter, base)
        return Subject(groups: options.adapter.groups(adapter), path: path) {
            var state = adapter.state
            state.provenance = provenance.json
            try AdapterFile.write(
                state, as: .minimind, to: path, for: model.configuration,
                elementType: ElementType(rawValue: options.savedType.rawValue))
        }
    }

    /// The adapter of `--lora_path`, or a new one.
    private func adapter(on model: MiniMind, _ base: Base?) throws -> LoRAAdapter {
        if let path = options.model.loraPath {
            let adapter = try startingAdapter(path, on: model, base)
            if options.adapter.dropout > 0 { try adapter.setDropout(Float(options.adapter.dropout)) }
            return adapter
        }
        do {
            return try LoRAAdapter(on: model, options.adapter.configuration(), seed: UInt64(options.model.seed))
        } catch let error as LoRAError {
            throw CommandError.usage("--target_modules, --lora_rank, --lora_alpha: \(error)")
        }
    }

    /// The adapter to go on from.
    private func startingAdapter(_ path: String, on model: MiniMind, _ base: Base?) throws -> LoRAAdapter {
        guard let base else { throw CommandError.usage("--lora_path needs a base that it was trained on") }
        let state = try base.adapter(path, isForced: options.model.forcesAdapter)
        do {
            return try LoRAAdapter(on: model, state)
        } catch {
            throw CommandError.failure("\(path): \(error)")
        }
    }

    /// Beside the adapters, also of a run that trains everything.
    private func metricsStem(_ model: MiniMind) -> String {
        "\(options.model.outDir)/lora/\(options.loraName)_\(model.configuration.dim)\(options.trainsAll ? moeSuffix(model) : "")"
    }

    private func moeSuffix(_ model: MiniMind) -> String { model.configuration.experts == nil ? "" : "_moe" }

    private func adapterPath(_ model: MiniMind) -> String {
        "\(options.model.outDir)/lora/\(options.loraName)_\(model.configuration.dim).pth"
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

    private func reportEmptySamples(_ dataset: SFTDataset) throws {
        let statistics = try dataset.statistics()
        let empty = statistics.samplesWithoutCountedTokens
        guard empty.count < statistics.count else { throw CommandError.failure("\(options.dataPath): \(TrainingError.nothingToTrain)") }
        if statistics.cutSamples > 0 {
            console.note(
                "note: \(statistics.cutSamples) of \(statistics.count) samples are longer than --max_seq_len "
                    + "\(options.model.maxSequenceLength); \(statistics.removedTokens) tokens are cut away")
        }
        if !empty.isEmpty {
            let lines = empty.prefix(5).map { String(dataset.line(of: $0)) }.joined(separator: ", ")
            console.note(
                "note: \(empty.count) of \(statistics.count) samples have no token that counts and are skipped "
                    + "(line \(lines)\(empty.count > 5 ? ", …" : ""))")
        }
    }

    /// A folder that cannot be written to is better found before hours of training than after.
    private func checkWritable(_ path: String) throws {
        let probe = path + ".probe"
        try AtomicFile.write(Foundation.Data(), to: probe)
        try? FileManager.default.removeItem(atPath: probe)
    }

    // MARK: - While it runs

    private func log(_ report: StepReport, secondsInEpoch: Double) {
        if report.overflowed {
            console.note("note: gradients overflowed at step \(report.step); the step was skipped and the loss scale halved")
        }
        if report.loss == nil { console.note("note: no token counts in the batch of step \(report.step); it was skipped") }
        guard report.stepInEpoch % options.logInterval == 0 else { return }
        console.line(
            PublishedLog.step(
                epoch: report.epoch, epochs: options.epochs, step: report.stepInEpoch, stepsPerEpoch: report.stepsPerEpoch,
                loss: report.loss, learningRate: report.learningRate, seconds: secondsInEpoch))
        if let balance = PublishedLog.balance(report.expertUses, auxiliaryLoss: report.auxiliaryLoss) { console.line(balance) }
    }

    private func save(_ subject: Subject) throws {
        try subject.save()
    }

    /// After a loss that is no number: saves the parameters if they are sound, which they are unless
    /// the step before broke them; then the file of the last save stands.
    private func lastGood(_ subject: Subject) throws -> String {
        if subject.parameters.allSatisfy({ $0.sumOfSquares.isFinite }) {
            try save(subject)
            return "the parameters before that step are in \(subject.path)"
        }
        return FileManager.default.fileExists(atPath: subject.path)
            ? "\(subject.path) is from the last save" : "nothing was saved"
    }
}
