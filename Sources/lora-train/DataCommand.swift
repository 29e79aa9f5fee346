import Data
import Tensor

/// What samples train on.
struct DataCommand {
    let options: DataOptions
    private var console: Console { Console.shared }

    func run() throws {
        let tokenizer = try TokenizerFolder.tokenizer(options.tokenizerPath)
        let dataset = try SFTDataset.open(
            options.dataPath, flag: "data_path",
            options.counting.encoder(options.format.format(tokenizer), maximumLength: options.maxSequenceLength, seed: options.seed),
            access: options.isStreaming ? .streaming : .checked, onBadRecord: options.onBadRecord)
        let shown = options.limit > 0 ? min(options.limit, dataset.count) : dataset.count
        var counts = SampleCounts()
        for index in 0..<shown {
            let sample = try dataset[index]
            if options.isJSON {
                counts += SampleCounts([sample])
                let line: JSON = [
                    "ids": .array(sample.ids.map { .integer(Int($0)) }),
                    "mask": .array(sample.mask.map { .integer($0 ? 1 : 0) }),
                ]
                console.line(line.serialized)
            } else if !sample.isBadRecord {
                try show(sample, index, dataset, tokenizer)
            }
        }
        if options.isJSON {
            // Standard output is for the samples.
            for line in skipped(dataset) { console.note("note: " + line) }
        }
        if !options.isJSON {
            let statistics = try dataset.statistics()
            summarize(statistics, dataset)
            counts = SampleCounts(statistics)
            note(
                counts, uncounted: DataNotes.places(statistics.samplesWithoutCountedTokens, in: dataset),
                lost: DataNotes.places(statistics.samplesWithLostTurns, in: dataset))
        } else {
            // Where it is, a program sees in the masks.
            note(counts, uncounted: "", lost: "")
        }
        guard counts.hasUncountedOnly else { return }
        let reason =
            "\(options.dataPath): no sample has a token that counts: "
            + counts.turns.reasonForNothing(maximumLength: options.maxSequenceLength)
        // A program that reads the masks sees it in them.
        guard options.isJSON else { throw CommandError.failure(reason) }
        console.note("warning: " + reason)
    }

    private func show(_ sample: Sample, _ index: Int, _ dataset: SFTDataset, _ tokenizer: Tokenizer) throws {
        console.line(
            "── sample \(index + 1), line \(dataset.line(of: index)): \(sample.ids.count) tokens, \(sample.countedTokens) counted"
                + (sample.removed > 0 ? ", \(sample.removed) cut away" : "")
                + (sample.countedTokens == 0 ? "; nothing counts, it is skipped" : ""))
        // Runs of counted and other tokens; a run is decoded whole, since a character may take several.
        var text = ""
        var start = 0
        while start < sample.ids.count {
            let isCounted = sample.mask[start]
            let end = sample.mask[start...].firstIndex(of: !isCounted) ?? sample.ids.count
            let run = tokenizer.decode(sample.ids[start..<end])
            if isCounted { text += console.isColoured ? "\u{1B}[32m\(run)\u{1B}[0m" : "⟦\(run)⟧" } else { text += run }
            start = end
        }
        console.line(text)
        if sample.removed > 0 {
            let all = try tokenizer.encode(dataset.prompt(at: index))
            let cut = tokenizer.decode(all.suffix(sample.removed))
            console.line(console.isColoured ? "\u{1B}[31mcut away: \(cut)\u{1B}[0m" : "cut away: \(cut)")
        }
    }

    private func summarize(_ statistics: DatasetStatistics, _ dataset: SFTDataset) {
        console.line(
            "\(statistics.count) samples of \(statistics.shortestLength) to \(statistics.longestLength) tokens "
                + "(median \(statistics.medianLength), mean \((statistics.meanLength * 10).rounded() / 10)); "
                + "\(statistics.tokens) tokens, \(statistics.countedTokens) counted")
        for line in statistics.turns.table(maximumLength: options.maxSequenceLength, target: options.counting.target) { console.line(line) }
        for line in skipped(dataset) { console.line(line) }
    }

    /// What training would say of the data.
    private func note(_ counts: SampleCounts, uncounted: String, lost: String) {
        DataNotes.note(counts, of: "samples", maximumLength: options.maxSequenceLength, uncounted: uncounted, lost: lost)
    }

    /// The records that are no conversations, of those that were looked at.
    private func skipped(_ dataset: SFTDataset) -> [String] {
        let skipped = dataset.skippedRecords
        guard skipped.count > 0 else { return [] }
        let rest = skipped.count - skipped.records.count
        return ["\(skipped.count) lines are no conversations and would be skipped in training:"]
            + skipped.records.map(\.description) + (rest > 0 ? ["… and \(rest) more"] : [])
    }
}
