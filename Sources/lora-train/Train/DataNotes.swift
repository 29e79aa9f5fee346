import Data
import Foundation
import Tensor
import Training

/// What a person should know of the data: samples that are cut, that train nothing, or that are skipped. Of a file that
/// is streamed it is known only once the samples were met.
struct DataNotes {
    private let options: TrainOptions
    private let dataset: SFTDataset
    private var counts = SampleCounts()
    private var console: Console { Console.shared }

    init(_ options: TrainOptions, _ dataset: SFTDataset) {
        self.options = options
        self.dataset = dataset
    }

    /// Says what is known before the first step.
    ///
    /// - Throws: ``CommandError`` where nothing can be learnt
    func begin() throws {
        guard dataset.access == .checked else { return }
        let statistics = try dataset.statistics()
        guard statistics.uncountedSamples < statistics.count else {
            throw CommandError.failure("\(options.dataPath): \(TrainingError.nothingToTrain)")
        }
        note(cut: statistics.cutSamples, removed: statistics.removedTokens, of: statistics.count)
        note(
            uncounted: statistics.uncountedSamples, of: statistics.count,
            lines: statistics.samplesWithoutCountedTokens.prefix(5).map(dataset.line(of:)))
        noteSkipped(dataset.skippedRecords)
    }

    /// Counts the samples of a batch.
    mutating func append(_ batch: Batch) { counts += batch.counts }

    /// Says what was met of a file that is streamed, and writes the list of what was skipped.
    ///
    /// - Parameter path: of that list, one `{"line": …, "reason": …}` a line; removed where nothing was skipped
    /// - Throws: `CommunicationError`
    func finish(skipListPath path: String, _ processes: Processes) throws {
        var skipped = dataset.skippedRecords
        if dataset.access == .streaming {
            let numbers = [counts.samples, counts.cutSamples, counts.removedTokens, counts.uncountedSamples]
            let all = try processes.gather(numbers)
            let sums = numbers.indices.map { place in all.reduce(0) { $0 + $1[place] } }
            note(cut: sums[1], removed: sums[2], of: sums[0])
            note(uncounted: sums[3], of: sums[0], lines: [])
            skipped = try processes.gather(skipped)
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

    private func note(cut: Int, removed: Int, of samples: Int) {
        guard cut > 0 else { return }
        console.note(
            "note: \(cut) of \(samples) samples are longer than --max_seq_len "
                + "\(options.model.maxSequenceLength); \(removed) tokens are cut away")
    }

    private func note(uncounted: Int, of samples: Int, lines: [Int]) {
        guard uncounted > 0 else { return }
        let places = lines.isEmpty ? "" : " (line \(lines.map(String.init).joined(separator: ", "))\(uncounted > lines.count ? ", …" : ""))"
        console.note("note: \(uncounted) of \(samples) samples have no token that counts and are skipped\(places)")
    }

    private func noteSkipped(_ skipped: SkippedRecords) {
        guard let first = skipped.records.first else { return }
        console.note(
            "note: \(skipped.count) \(skipped.count == 1 ? "record is" : "records are") bad and skipped; the first is line \(first.line): \(first.reason)")
    }
}
