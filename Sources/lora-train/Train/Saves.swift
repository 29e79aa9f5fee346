import Foundation
import Tensor
import Training

/// What a run saves, and what it goes on from.
struct Saves {
    private let options: TrainOptions
    private let subject: Subject
    private let folder: CheckpointFolder
    private let recipe: Recipe
    /// When the run began, which chat templates may write.
    private let started: Date
    /// Whether this process is the one that writes.
    private let isWriter: Bool
    private var console: Console { Console.shared }

    init(_ options: TrainOptions, _ subject: Subject, _ recipe: Recipe, started: Date, isWriter: Bool) {
        self.options = options
        self.subject = subject
        self.recipe = recipe
        self.started = started
        self.isWriter = isWriter
        folder = Self.folder(options, stem: subject.stem)
    }

    private static func folder(_ options: TrainOptions, stem: String) -> CheckpointFolder {
        CheckpointFolder(path: stem + ".checkpoints", limit: options.saveTotalLimit)
    }

    // MARK: - Going on

    /// The checkpoint that `--resume` means; `nil` for a run from the start.
    ///
    /// - Parameter stem: the start of the names of what the run writes
    /// - Throws: ``CommandError`` or `CheckpointError` where there is none
    static func checkpoint(_ options: TrainOptions, stem: String) throws -> Checkpoint? {
        guard let wanted = options.resume else { return nil }
        guard wanted == "auto" else { return try named(wanted) }
        let folder = folder(options, stem: stem)
        let found = newest(in: folder)
        if found == nil { Console.shared.line("nothing to resume in \(folder.path); starting from the beginning") }
        return found
    }

    /// - Throws: ``CommandError`` where a checkpoint is of another recipe
    func check(_ found: Checkpoint) throws {
        let differences = recipe.differences(from: found)
        guard differences.isEmpty else {
            let words = differences.map { "\($0.what) was \($0.one), is \($0.other)" }.joined(separator: ", ")
            throw CommandError.usage(
                "--resume: \(found.path) is of another recipe: \(words); "
                    + "give the flags of that run, or leave out --resume to start anew")
        }
        if let epochs = recipe.fewerEpochs(of: found) {
            console.note(
                "note: --epochs was \(epochs) and is \(options.epochs): from here on the learning rate follows "
                    + "the schedule of \(options.epochs) epochs")
        }
        if subject.dependsOnLayout, let layout = found.notes["layout"]?.string, layout != recipe.layout {
            console.note(
                "note: processes × --batch_size × --accumulation_steps were \(layout) and are \(recipe.layout): "
                    + "masks of dropout, or the balance of experts, are of each micro-batch, so this trains on, but not the same")
        }
    }

    private static func named(_ path: String) throws -> Checkpoint {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CommandError.failure("--resume: there is no \(path); give a checkpoint, their folder, or auto")
        }
        guard isFolder.boolValue else { return try Checkpoint(path: path) }
        guard let found = newest(in: CheckpointFolder(path: path)) else {
            throw CommandError.failure("--resume: \(path) holds no checkpoint that can be read")
        }
        return found
    }

    private static func newest(in folder: CheckpointFolder) -> Checkpoint? {
        let (checkpoint, unreadable) = folder.newest()
        for error in unreadable { Console.shared.note("warning: \(error); passing it over") }
        return checkpoint
    }

    /// Makes room for the checkpoints of a new run: those of an earlier one are not lost.
    ///
    /// - Throws: `TensorFileError`
    func begin() throws {
        guard isWriter else { return }
        // Nobody goes on from a run that came to its end.
        if folder.newest().checkpoint?.notes["is_complete"]?.bool == true { return try folder.removeAll() }
        guard let place = try folder.moveAside() else { return }
        console.note("note: checkpoints of an earlier run are in \(place) now; --resume \(place) goes on from them")
    }

    /// Whether a checkpoint lies where this run writes its own.
    func has(_ checkpoint: Checkpoint) -> Bool { folder.paths.contains { OutputPath.areSame($0, checkpoint.path) } }

    /// Makes room for the checkpoints of a run that goes on from one: those behind it, and those of another run that is
    /// here, would be taken for newer ones of its own.
    ///
    /// - Throws: `TensorFileError`
    func begin(from checkpoint: Checkpoint) throws {
        guard isWriter else { return }
        if has(checkpoint) {
            guard let place = try folder.moveAside(beyond: checkpoint) else { return }
            console.note("note: checkpoints behind \(checkpoint.path) are in \(place) now")
        } else if let place = try folder.moveAside(replacesOlder: false) {
            console.note("note: checkpoints of another run are in \(place) now; --resume \(place) goes on from them")
        }
    }

    /// A folder that takes no checkpoint is better found before the first step than behind it.
    ///
    /// - Throws: `TensorFileError` with the system's reason
    func checkWritable() throws(TensorFileError) {
        if isWriter { try AtomicFile.checkWritable(folder.path(ofSteps: 0)) }
    }

    // MARK: - Saving

    /// Saves what was trained.
    func saveSubject() throws {
        if isWriter { try subject.save(subject.path) }
    }

    /// Looks whether what was saved opens again as what it was.
    func checkSubject() throws {
        if isWriter { try subject.checkSaved(subject.path) }
    }

    /// Saves the state of a run.
    ///
    /// - Parameters:
    ///   - steps: optimizer steps of the whole run that are done
    ///   - isComplete: whether nothing is left to train
    ///   - data: what was met of the data
    func saveCheckpoint(
        _ trainer: Trainer<NextTokenLoss>, _ evaluations: Evaluations, steps: Int, isComplete: Bool, data: JSON
    ) throws {
        guard isWriter else { return }
        let path = folder.path(ofSteps: steps)
        do {
            try trainer.writeCheckpoint(
                to: path,
                notes: [
                    "recipe": .object(recipe.facts), "started": .number(started.timeIntervalSince1970), "layout": .string(recipe.layout),
                    "is_complete": .bool(isComplete), "provenance": subject.provenance.map(JSON.object) ?? .null,
                    "evaluation": evaluations.progress.json, "best_is_here": .bool(evaluations.isBestHere), "data": data,
                ])
        } catch {
            // What takes no checkpoint may yet take what was trained, which need not lie in the same place.
            let saved = (try? subject.save(subject.path)).map { "; what was trained so far is in \(subject.path)" } ?? ""
            let last = folder.paths.first.map { "; the last good checkpoint is \($0)" } ?? ""
            throw CommandError.failure("\(error)\(saved)\(last)")
        }
        folder.prune(keeping: path)
    }
}
