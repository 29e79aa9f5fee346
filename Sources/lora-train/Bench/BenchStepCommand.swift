import Data
import Foundation
import LoRA
import Model
import Tensor
import Training

/// Times steps of the default recipe, phase by phase.
struct BenchStepCommand {
    let options: BenchOptions

    /// Steps that are not counted: buffers and code for new sizes are made in them.
    private static let warmUpSteps = 2

    func run() throws {
        try options.model.computing { try bench() }
    }

    private func bench() throws {
        let model = try options.benchedModel()
        model.checkpointsLayers = options.checkpointsGradients
        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(rank: options.rank))
        var configuration = TrainerConfiguration()
        configuration.precision = options.dtype
        let trainer = Trainer(
            NextTokenLoss(model), parameters: adapter.parameters, optimizer: AdamW(adapter.parameters.map(\.tensor)),
            schedule: CosineSchedule(baseRate: 5e-5, totalSteps: options.steps), configuration: configuration)
        let nextBatch = try batches(model)
        let warmUp = options.steps > Self.warmUpSteps ? Self.warmUpSteps : 0
        let profile = StepProfile()
        let looking = try LookingCost(steps: options.steps)
        var measurement = StepMeasurement()
        var busyBefore = 0.0
        _ = try ComputeContext.with({ $0.profile = profile }) {
            try trainer.runEpoch(
                stepsPerEpoch: options.steps, nextBatch: nextBatch,
                onStep: { report in
                    if report.step == 0 { measurement.secondsToFirstStep = ProcessClock.seconds }
                    if report.step >= warmUp { measurement.reports.append(report) }
                    looking.append(report)
                    if report.step + 1 == warmUp || (warmUp == 0 && report.step == 0) {
                        measurement.phasesBefore = warmUp == 0 ? [:] : profile.phases
                        busyBefore = warmUp == 0 ? 0 : StepProfile.busySeconds
                    }
                })
        }
        measurement.phases = profile.phases
        measurement.busySeconds = StepProfile.busySeconds - busyBefore
        measurement.threads = Parallel.threads
        measurement.matmul = ComputeContext.current.matmul.name
        measurement.lookingSeconds = looking.secondsPerStep(after: warmUp)
        measurement.peakMemory = ProcessClock.peakMemory
        measurement.peak = MatmulPeak.operationsPerSecond(options.dtype)
        Console.shared.line(options.isJSON ? measurement.json.serialized : measurement.table)
    }

    /// What gives one batch a step: the data's, epoch after epoch, or the same rows of random tokens.
    private func batches(_ model: LanguageModel) throws -> () throws -> Batch? {
        guard let path = options.dataPath else {
            let batch = randomRows(length: options.rowLength > 0 ? options.rowLength : options.model.maxSequenceLength, model)
            return { batch }
        }
        let dataset = try SFTDataset.open(
            path, flag: "data_path",
            ConversationEncoder(try ChatFormat(options.benchedTokenizer()), maximumLength: options.model.maxSequenceLength))
        try dataset.checkVocabulary(size: model.configuration.vocabularySize)
        let loader = DataLoader(dataset, batchSize: options.batchSize, workers: 1)
        var epoch = 0
        var rest = loader.epoch(0)
        return {
            if let batch = try rest.next() { return batch }
            epoch += 1
            rest = loader.epoch(epoch)
            return try rest.next()
        }
    }

    private func randomRows(length: Int, _ model: LanguageModel) -> Batch {
        var generator = RandomGenerator(seed: UInt64(options.model.seed))
        let samples = (0..<options.batchSize).map { index in
            let ids = (0...length).map { _ in Int32(generator.next() % UInt64(model.configuration.vocabularySize)) }
            return (index, Sample(ids: ids, mask: ids.indices.map { $0 > length / 2 }))
        }
        return Batch(samples, sharesPrefixes: false)
    }
}

extension BenchOptions {
    func benchedTokenizer() throws -> Tokenizer {
        if model.basePath != nil { return try Base(model).tokenizer() }
        return try TokenizerFolder.tokenizer(model.tokenizerPath)
    }

    /// The base that was given, or a model of its sizes with random weights.
    func benchedModel() throws -> LanguageModel {
        if model.basePath != nil { return try Base(model).model(reading: dtype) }
        return try LanguageModel(model.configuration(vocabularySize: vocabularySize), seed: UInt64(model.seed))
    }
}

/// What was measured of the steps.
private struct StepMeasurement {
    var reports: [StepReport] = []
    var secondsToFirstStep = 0.0
    var phasesBefore: [StepProfile.Phase: StepProfile.Cost] = [:]
    var phases: [StepProfile.Phase: StepProfile.Cost] = [:]
    var busySeconds = 0.0
    var threads = 1
    var matmul = ""
    /// What telling of a step takes; no part of its time.
    var lookingSeconds = 0.0
    var peakMemory = 0
    /// Operations a second of the matrix product alone.
    var peak = 0.0

    private var times: [Double] { reports.map(\.seconds).sorted() }
    private var median: Double { times[times.count / 2] }
    private var total: Double { times.reduce(0, +) }

    private func perStep(_ value: (StepReport) -> Int) -> Double {
        Double(reports.reduce(0) { $0 + value($1) }) / Double(reports.count)
    }

    /// Operations of matrix products a step.
    private var operations: Double {
        StepProfile.Phase.allCases.reduce(0.0) {
            $0 + Double((phases[$1]?.operations ?? 0) - (phasesBefore[$1]?.operations ?? 0))
        } / Double(reports.count)
    }

    private var lookingShare: Double { lookingSeconds / (total / Double(reports.count)) }

    private var shareOfPeak: Double { operations / (total / Double(reports.count)) / peak }

    /// Seconds a step; idle is the time, in thread-seconds, in which threads had nothing to do.
    private var phaseTimes: [(name: String, seconds: Double)] {
        let steps = Double(reports.count)
        let measured = StepProfile.Phase.allCases.map { phase in
            (phase.rawValue, ((phases[phase]?.seconds ?? 0) - (phasesBefore[phase]?.seconds ?? 0)) / steps)
        }
        let rest = total / steps - measured.reduce(0) { $0 + $1.1 }
        return measured + [("other", rest), ("idle", (Double(threads) * total - busySeconds) / steps)]
    }

    var json: JSON {
        [
            "seconds_per_step": .number(median), "seconds_min": .number(times[0]), "steps": .integer(reports.count),
            "tokens": .number(perStep(\.computedTokens)), "sample_tokens": .number(perStep(\.tokens)),
            "counted": .number(perStep(\.countedTokens)), "flops": .number(operations), "peak_gflops": .number(peak / 1e9),
            "share_of_peak": .number(shareOfPeak), "peak_memory_bytes": .integer(peakMemory),
            "seconds_to_first_step": .number(secondsToFirstStep), "threads": .integer(threads), "matmul": .string(matmul),
            "looking_seconds": .number(lookingSeconds), "looking_share": .number(lookingShare),
            "last_loss": reports.last?.loss.map { .number(Double($0)) } ?? .null,
            "phases": .object(phaseTimes.reduce(into: JSONObject()) { $0[$1.name] = .number($1.seconds) }),
        ]
    }

    var table: String {
        func milliseconds(_ seconds: Double) -> String { String(format: "%9.1f ms", 1000 * seconds) }
        var lines = [
            "step, median\(milliseconds(median))", "step, least \(milliseconds(times[0]))",
            String(
                format: "%.0f tokens computed for %.0f of the samples, %.0f counted", perStep(\.computedTokens),
                perStep(\.tokens), perStep(\.countedTokens)),
            String(
                format: "%.1f GFLOP a step, %.0f %% of the %.0f GFLOP/s that %@ reaches alone on %d threads", operations / 1e9,
                100 * shareOfPeak, peak / 1e9, matmul, threads),
            String(format: "peak memory %.0f MB; first step done after %.2f s", Double(peakMemory) / 1e6, secondsToFirstStep),
            String(
                format: "looking %.3f ms a step, %.3f %% of it: metrics, log line, bar and record at every step", 1000 * lookingSeconds,
                100 * lookingShare),
            "", "phase         time a step",
        ]
        lines += phaseTimes.map { $0.name.padding(toLength: 12, withPad: " ", startingAt: 0) + milliseconds($0.seconds) }
        return (lines + ["(idle: time of all threads without work, not a part of the sum)"]).joined(separator: "\n")
    }
}
