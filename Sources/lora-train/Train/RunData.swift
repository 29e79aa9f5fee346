import Data
import Tensor

/// The samples of a run: those that it trains on, and those that it is measured on.
struct RunData {
    /// A part of a file, and what it is called.
    struct Part {
        let samples: Subset<SFTDataset>
        /// As in "2 of 10 samples of val.jsonl".
        let name: String
        /// Where errors say it is.
        let place: String
    }

    let training: Subset<SFTDataset>
    let validation: Part?
    /// What should not be forgotten.
    let retained: Part?

    /// Opens all files, and holds samples out where that is asked for.
    ///
    /// - Throws: `DatasetError`, or ``CommandError`` with the flag that names the file
    init(_ options: TrainOptions, _ format: ChatFormat) throws {
        let encoder = options.counting.encoder(format, maximumLength: options.model.maxSequenceLength, seed: options.model.seed)
        func open(_ path: String, _ flag: String) throws -> SFTDataset {
            try SFTDataset.open(
                path, flag: flag, encoder, access: options.isStreaming ? .streaming : .checked, onBadRecord: options.onBadRecord)
        }
        func part(_ path: String, _ flag: String) throws -> Part {
            Part(samples: .all(of: try open(path, flag)), name: "samples of \(path)", place: path)
        }
        let dataset = try open(options.dataPath, "data_path")
        let evaluation = options.evaluation
        if evaluation.validationShare > 0 {
            let choice = HoldOut(evaluation.validationShare, of: dataset.count, seed: UInt64(options.model.seed))
            guard choice.heldOutCount > 0, choice.keptCount > 0 else {
                let left = choice.heldOutCount == 0 ? "none to validate on" : "none to train on"
                throw CommandError.failure(
                    "\(options.dataPath) has \(dataset.count) \(dataset.count == 1 ? "sample" : "samples"), of which "
                        + "--val_split \(evaluation.validationShare) leaves \(left); give another share, or a file by --val_data_path")
            }
            training = .kept(choice, of: dataset)
            validation = Part(
                samples: .heldOut(choice, of: dataset), name: "held-out samples", place: "\(options.dataPath), held out by --val_split")
        } else {
            training = .all(of: dataset)
            validation = try evaluation.validationPath.map { try part($0, "val_data_path") }
        }
        retained = try evaluation.retainedPath.map { try part($0, "retain_data_path") }
    }

    /// - Throws: `DatasetError` for the first sample with a token that a model of so many embeddings does not know
    func checkVocabulary(size: Int) throws {
        for samples in [training, validation?.samples, retained?.samples] { try samples?.source.checkVocabulary(size: size) }
    }
}
