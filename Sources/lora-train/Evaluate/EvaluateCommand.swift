import Data
import Foundation
import Model
import Tensor
import Training

/// The loss of any base on any data, and what an adapter changes in it.
struct EvaluateCommand {
    let options: EvaluateOptions
    private var console: Console { Console.shared }

    func run() throws {
        guard let path = options.dataPath else {
            throw CommandError.usage("eval needs data to measure on: --data_path FILE, one conversation a line")
        }
        try options.model.computing(options.dtype) {
            let base = try Base(options.model)
            let dataset = try SFTDataset.open(
                path, flag: "data_path",
                options.counting.encoder(
                    options.format.format(base.tokenizer()), maximumLength: options.model.maxSequenceLength, seed: options.model.seed),
                access: options.isStreaming ? .streaming : .checked, onBadRecord: options.onBadRecord)
            let model = try base.model(reading: options.dtype)
            var adapters = AdapterShelf(model, base, isForced: options.model.forcesAdapter)
            if let list = options.model.loraPath { try adapters.load(list: list) }
            // An adapter may know more tokens.
            try dataset.checkVocabulary(size: model.configuration.vocabularySize)
            let length = options.model.maxSequenceLength
            PositionWarning(model.configuration).check(length, "--max_seq_len \(length)")
            let evaluator = Evaluator(dataset, batchSize: options.batchSize, workers: options.workerCount, precision: options.dtype)
            let (first, counts) = try measure(model, evaluator, path)
            try note(counts, dataset)
            guard options.model.loraPath != nil else { return show(first) }
            try adapters.activate("none")
            show(first, beside: try measure(model, evaluator, path).0)
        }
    }

    /// Says what does not count; where, of a file that is not streamed.
    private func note(_ counts: SampleCounts, _ dataset: SFTDataset) throws {
        let statistics = dataset.access == .checked ? try dataset.statistics() : nil
        DataNotes.note(
            counts, of: "samples", maximumLength: options.model.maxSequenceLength,
            uncounted: DataNotes.places(statistics?.samplesWithoutCountedTokens ?? [], in: dataset),
            lost: DataNotes.places(statistics?.samplesWithLostTurns ?? [], in: dataset))
    }

    private func measure(
        _ model: LanguageModel, _ evaluator: Evaluator<SFTDataset>, _ path: String
    ) throws -> (EvaluationResult, SampleCounts) {
        do {
            guard let measured = try evaluator.evaluate(model) else { preconditionFailure("nobody asks it to stop") }
            return measured
        } catch EvaluationError.notFinite where options.dtype == .float32 {
            throw CommandError.failure(
                "\(path): the loss is not finite, although products are float32; the weights, or the scale or weight of an adapter, "
                    + "are too large")
        } catch let error as EvaluationError {
            throw CommandError.failure("\(path): \(error)")
        }
    }

    /// - Parameter alone: what the base has without the adapter
    private func show(_ result: EvaluationResult, beside alone: EvaluationResult? = nil) {
        if options.isJSON {
            var line = result.json
            if let alone {
                line["base"] = .object(alone.json)
                line["difference"] = .number(result.loss - alone.loss)
            }
            return console.line(JSON.object(line).serialized)
        }
        guard let alone else { return console.line(result.words) }
        console.line("with the adapter: \(result.words)")
        console.line("without it: \(alone.words)")
        console.line(
            String(
                format: "difference: loss %+.4f, perplexity %+.3f", result.loss - alone.loss, result.perplexity - alone.perplexity))
    }
}

extension EvaluationResult {
    fileprivate var words: String {
        String(format: "loss %.4f, perplexity %.3f", loss, perplexity)
            + ", \(countedTokens) counted tokens, \(samples) samples, " + String(format: "%.2f s", seconds)
    }
}
