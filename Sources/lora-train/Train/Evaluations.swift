import Data
import Foundation
import Model
import Tensor
import Training

/// The evaluations of a run: when they are due, what they find, and what follows.
///
/// An evaluation is recorded, counted and, if it is the best, followed by a save before any checkpoint of its step is
/// written. So a checkpoint always tells which evaluations are done.
final class Evaluations {
    private let options: TrainOptions
    private let data: RunData
    private let model: LanguageModel
    private let subject: Subject
    private let length: RunLength
    private let log: RunLog
    private let processes: Processes
    /// What the retained data contains.
    private let retainedFingerprint: String
    private(set) var progress: EvaluationProgress
    /// Whether the best adapter lies where this run saves it, and not beside one that it goes on from.
    private(set) var isBestHere: Bool
    /// Writes the start, which is the best before the first step: no file of a run before gives way to what is not
    /// trained yet.
    private var saveStart: ((String) throws -> Void)?
    /// The last loss on the retained data that this process measured with what is trained.
    private var retainedLoss: Double?
    /// Sets of which it is said what becomes of their samples.
    private var noted: Set<EvaluationReport.Set> = []
    private var console: Console { Console.shared }

    /// - Parameters:
    ///   - progress: of the run that is gone on from
    ///   - isBestHere: whether that run saved its best where this one does
    init(
        _ options: TrainOptions, _ data: RunData, _ origins: Origins, _ model: LanguageModel, _ subject: Subject, _ length: RunLength,
        _ log: RunLog, _ processes: Processes, from progress: EvaluationProgress, isBestHere: Bool
    ) {
        self.isBestHere = isBestHere
        (self.options, self.data, self.model, self.subject) = (options, data, model, subject)
        (self.length, self.log, self.processes, self.progress) = (length, log, processes, progress)
        retainedFingerprint = origins.retained?.description ?? ""
    }

    /// Whether too many evaluations in a row found no lower validation loss.
    var endsEarly: Bool {
        let patience = options.evaluation.patience
        return patience > 0 && progress.evaluationsSinceBest >= patience
    }

    // MARK: - As the run goes

    /// Before the first step of this process: measures the base on the retained data, and what a run that was cut short
    /// left undone.
    ///
    /// - Returns: whether the run goes on: false where a signal came meanwhile, or where ``endsEarly``
    /// - Throws: `TrainingError`, in every process alike; what files and processes throw
    func begin(at place: TrainingProgress) throws -> Bool {
        guard data.retained != nil, progress.base?.data != retainedFingerprint else { return try step(to: place) }
        guard subject.adapter != nil || length.steps(place) == 0 else {
            console.note(
                "note: what the base had on \(options.evaluation.retainedPath ?? "") is not known any more; forgetting is not measured")
            return try step(to: place)
        }
        let base = if let adapter = subject.adapter { try adapter.switchedOff { try measure(.retained) } } else { try measure(.retained) }
        guard let base else { return false }
        return try step(to: place, base: base)
    }

    /// Behind an optimizer step: evaluates if it is time to.
    ///
    /// - Parameter base: what the base has on the retained data, where that was just measured
    /// - Returns: as ``begin(at:)``; nothing is recorded where a signal came
    /// - Throws: as ``begin(at:)``
    func step(to place: TrainingProgress, base: EvaluationResult? = nil) throws -> Bool {
        let (step, isDue) = (length.steps(place), isDue(at: place))
        if step > 0 { try finishStart() }
        var (validation, retained): (EvaluationResult?, EvaluationResult?)
        if isDue, data.validation != nil {
            validation = try measure(.validation)
            if validation == nil { return false }
        }
        // Before the first step the base's own is all that there is to know.
        if isDue, data.retained != nil, step > 0 {
            retained = try measure(.retained)
            if retained == nil { return false }
        }
        if let base {
            log.append(.evaluation(EvaluationReport(.retained, base, step: 0, epoch: 0)))
            progress.appendBase(loss: base.loss, data: retainedFingerprint)
        }
        let isLast = length.optimizerSteps(place) >= length.optimizerSteps
        if isDue {
            try append(validation, retained, at: place)
            if endsEarly, !isLast {
                let patience = options.evaluation.patience
                console.line("stopping early: no lower val loss in the last \(patience == 1 ? "evaluation" : "\(patience) evaluations")")
            }
        }
        return isLast || !endsEarly
    }

    /// Once a step is done: saves the start where it was the best. Whoever saves the run calls it first.
    func finishStart() throws {
        guard let save = saveStart else { return }
        saveStart = nil
        try save(subject.bestPath)
    }

    private func append(_ validation: EvaluationResult?, _ retained: EvaluationResult?, at place: TrainingProgress) throws {
        let step = length.steps(place)
        let epoch = Double(step) / Double(length.stepsPerEpoch)
        let isBest = progress.append(step: length.optimizerSteps(place), loss: validation?.loss)
        if let validation {
            log.append(.evaluation(EvaluationReport(.validation, validation, step: step, epoch: epoch, isBest: isBest)))
        }
        if let retained {
            log.append(.evaluation(EvaluationReport(.retained, retained, step: step, epoch: epoch)))
            retainedLoss = retained.loss
        }
        guard isBest else { return }
        isBestHere = true
        guard processes.isFirst else { return }
        guard step > 0 else { return saveStart = subject.copy() }
        try subject.save(subject.bestPath)
        try subject.checkSaved(subject.bestPath)
    }

    /// Says at the end of a run where the best is, and what was forgotten.
    ///
    /// - Throws: as ``begin(at:)``
    func finish() throws {
        if let best = progress.best {
            let place = isBestHere ? subject.bestPath : "of the run that this one goes on from, beside its adapter"
            console.line(
                "best \(place) (step \(length.steps(ofOptimizerSteps: best.step)), val loss \(String(format: "%.3f", best.loss)))"
            )
        }
        guard let retained = data.retained, let base = progress.base, base.data == retainedFingerprint,
            let loss = try retainedLoss ?? measure(.retained)?.loss
        else { return }
        let (without, with) = subject.adapter == nil ? ("before training", "after training") : ("without the adapter", "with it")
        console.line(
            String(
                format: "forgetting on %@: loss %.4f, perplexity %.3f %@; %.4f, %.3f %@; difference %+.4f, %+.3f", retained.place,
                base.loss, exp(base.loss), without, loss, exp(loss), with, loss - base.loss, exp(loss) - exp(base.loss)))
    }

    // MARK: - One evaluation

    private func isDue(at place: TrainingProgress) -> Bool {
        guard data.validation != nil || data.retained != nil, progress.lastStep != length.optimizerSteps(place) else { return false }
        let interval = options.evaluation.interval
        let steps = length.optimizerSteps(place)
        return steps == length.optimizerSteps || steps.isMultiple(of: interval > 0 ? interval : length.optimizerStepsPerEpoch)
    }

    /// The loss on a set, of the model as it is.
    ///
    /// - Returns: `nil` where a signal came meanwhile
    private func measure(_ set: EvaluationReport.Set) throws -> EvaluationResult? {
        guard let part = set == .validation ? data.validation : data.retained else { return nil }
        let evaluator = Evaluator(
            part.samples, batchSize: options.batchSize, workers: options.workerCount, precision: options.dtype,
            communicator: processes.communicator)
        do {
            guard let (result, counts) = try evaluator.evaluate(model, isStopping: { Interruption.number != nil }) else { return nil }
            if noted.insert(set).inserted { note(counts, part) }
            return result
        } catch let error as EvaluationError {
            throw TrainingError.notEvaluated(path: part.place, error)
        }
    }

    private func note(_ counts: SampleCounts, _ part: RunData.Part) {
        DataNotes.note(counts, of: part.name, maximumLength: options.model.maxSequenceLength)
        if counts.badRecords > 0 {
            console.note("note: \(counts.badRecords) of \(counts.samples) \(part.name) are bad records and are skipped")
        }
    }
}
