import Data
import Foundation
import Tensor
import Training

/// What a person should know of the data: samples that are cut, that train nothing, or that are skipped. Of a file that
/// is streamed it is known only once the samples were met.
struct DataNotes {
    private let options: TrainOptions
    private let samples: Subset<SFTDataset>
    private var counts = SampleCounts()
    /// What was met for a step that was not done yet: should it be dropped, it is met again.
    private var pending = (counts: SampleCounts(), place: TrainingProgress())
    /// What a run met of a streamed file that this one goes on from; of all its processes.
    private var earlier = (counts: SampleCounts(), skipped: SkippedRecords())
    private var dataset: SFTDataset { samples.source }
    private var console: Console { Console.shared }

    /// - Parameter samples: those that are trained on
    init(_ options: TrainOptions, _ samples: Subset<SFTDataset>) {
        self.options = options
        self.samples = samples
    }

    /// Goes on from another run.
    ///
    /// - Parameter json: what ``json(_:)`` was there
    mutating func restore(_ json: JSON?) {
        earlier.counts = SampleCounts(numbers: json?["counts"]?.array?.compactMap(\.integer) ?? []) ?? SampleCounts()
        earlier.skipped = SkippedRecords(json?["skipped"])
        if earlier.counts.samples > earlier.counts.badRecords { dataset.noteGoodSample() }
    }

    /// What was met so far, for a run that goes on from this one; to be asked in every process. Nothing where all is
    /// known before the first step.
    ///
    /// - Parameter place: where the run stands
    /// - Throws: `CommunicationError`
    func json(at place: TrainingProgress, _ processes: Processes) throws -> JSON {
        guard dataset.access == .streaming else { return .null }
        let (counts, skipped) = try met(at: place, processes)
        return ["counts": .array(counts.numbers.map(JSON.integer)), "skipped": skipped.json]
    }

    private func met(at place: TrainingProgress, _ processes: Processes) throws -> (counts: SampleCounts, skipped: SkippedRecords) {
        let own = place == pending.place ? counts : counts + pending.counts
        let all = try processes.gather(own.numbers).compactMap { SampleCounts(numbers: $0) }
        return (all.reduce(earlier.counts, +), earlier.skipped.union(try processes.gather(dataset.skippedRecords)))
    }

    /// Says what is known before the first step.
    ///
    /// - Throws: ``CommandError`` where nothing can be learnt
    func begin() throws {
        guard dataset.access == .checked else { return }
        let statistics = try samples.statistics()
        guard statistics.count > 0, !SampleCounts(statistics).hasUncountedOnly else {
            throw CommandError.failure(
                "\(options.dataPath): no sample has a token that counts: "
                    + statistics.turns.reasonForNothing(maximumLength: options.model.maxSequenceLength))
        }
        Self.note(
            SampleCounts(statistics), of: "samples", maximumLength: options.model.maxSequenceLength,
            uncounted: Self.places(statistics.samplesWithoutCountedTokens, in: dataset),
            lost: Self.places(statistics.samplesWithLostTurns, in: dataset))
        noteSkipped(dataset.skippedRecords)
    }

    /// Counts the samples of a batch.
    ///
    /// - Parameter place: where the run stands, which the step that the batch belongs to begins at
    mutating func append(_ batch: Batch, at place: TrainingProgress) {
        if place != pending.place {
            counts += pending.counts
            pending = (SampleCounts(), place)
        }
        pending.counts += batch.counts
    }

    /// Says what was met of a file that is streamed, and writes the list of what was skipped.
    ///
    /// - Parameters:
    ///   - place: where the run stands
    ///   - path: of that list, one `{"line": …, "reason": …}` a line; removed where nothing was skipped
    /// - Throws: `CommunicationError`
    func finish(at place: TrainingProgress, skipListPath path: String, _ processes: Processes) throws {
        var skipped = dataset.skippedRecords
        if dataset.access == .streaming {
            let (counts, all) = try met(at: place, processes)
            Self.note(counts, of: "samples", maximumLength: options.model.maxSequenceLength)
            skipped = all
            noteSkipped(skipped)
        }
        guard processes.isFirst else { return }
        guard skipped.count > 0 else {
            unlink(path)
            return
        }
        do {
            let lines = skipped.records.map { JSON.object(["line": .integer($0.line), "reason": .string($0.reason)]).serialized }
            _ = try LineOutput(path: path, lines)
            console.note("note: what was skipped is listed in \(path)")
        } catch {
            console.note("warning: \(error); there is no list of what was skipped")
        }
    }

    /// Where some samples stand, the first five of them, as "data.jsonl, line 3, 5, …".
    static func places(_ samples: [Int], in dataset: SFTDataset) -> String {
        guard !samples.isEmpty else { return "" }
        let lines = samples.prefix(5).map { String(dataset.line(of: $0)) }.joined(separator: ", ")
        return "\(dataset.path), line \(lines)\(samples.count > 5 ? ", …" : "")"
    }

    /// Says how many samples are cut, in how many nothing counts, and which answers count for nothing.
    ///
    /// - Parameters:
    ///   - name: what they are called
    ///   - uncounted: where those stand in which nothing counts
    ///   - lost: where those stand of which an answer does not count
    static func note(_ counts: SampleCounts, of name: String, maximumLength: Int, uncounted: String = "", lost: String = "") {
        let console = Console.shared
        if counts.cutSamples > 0 {
            console.note(
                "note: \(counts.cutSamples) of \(counts.samples) \(name) are longer than --max_seq_len \(maximumLength); "
                    + "\(counts.removedTokens) tokens are cut away")
        }
        if counts.uncountedSamples > 0 {
            let place = uncounted.isEmpty ? "" : " (\(uncounted))"
            console.note("note: \(counts.uncountedSamples) of \(counts.samples) \(name) have no token that counts and are skipped\(place)")
        }
        for line in counts.turns.notes(maximumLength: maximumLength, places: lost) { console.note("note: " + line) }
    }

    private func noteSkipped(_ skipped: SkippedRecords) {
        guard let first = skipped.records.first else { return }
        console.note(
            "note: \(skipped.isCountLeast ? "at least " : "")\(skipped.count) \(skipped.count == 1 ? "record is" : "records are") bad and skipped; the first is line \(first.line): \(first.reason)"
        )
    }
}

extension SampleCounts {
    /// Whether there are samples, and nothing counts in any.
    var hasUncountedOnly: Bool { samples > badRecords && uncountedSamples == samples - badRecords }

    /// Of samples each of which is drawn once.
    init(_ statistics: DatasetStatistics) {
        self.init()
        samples = statistics.count
        cutSamples = statistics.cutSamples
        removedTokens = statistics.removedTokens
        uncountedSamples = statistics.uncountedSamples
        turns = statistics.turns
    }
}
