/// On what a run is measured as it goes, when, and what follows.
struct EvaluationOptions {
    var validationPath: String?
    /// The share of the data that is held out; 0 for none.
    var validationShare = 0.0
    var retainedPath: String?
    /// Optimizer steps between evaluations; 0 for the end of every epoch.
    var interval = 0
    /// Evaluations without improvement after which the run ends; 0 for never.
    var patience = 0

    /// Whether there is anything to validate on.
    var validates: Bool { validationPath != nil || validationShare > 0 }

    /// Refuses what cannot be done before anything is read.
    ///
    /// - Throws: ``CommandError`` with exit code 2
    func validate() throws(CommandError) {
        if validationPath != nil, validationShare > 0 {
            throw .usage("--val_data_path and --val_split both say what to validate on; give one of them")
        }
        if patience > 0, !validates {
            throw .usage("--early_stopping_patience needs a validation loss; give --val_data_path or --val_split too")
        }
        if interval > 0, !validates, retainedPath == nil {
            throw .usage("--eval_interval needs samples to evaluate on; give --val_data_path, --val_split or --retain_data_path too")
        }
    }
}

extension FlagSet {
    /// Flags of evaluation.
    mutating func evaluation(_ path: WritableKeyPath<Options, EvaluationOptions>) {
        filePath(
            "val_data_path", path.appending(path: \.validationPath),
            "Validation data: loss and perplexity on it, and the best adapter kept as ….best.pth")
        number(
            "val_split", path.appending(path: \.validationShare), in: 0...0.5, "a number from 0 to 0.5",
            "Share of --data_path that is held out of training for validation, chosen by --seed")
        integer(
            "eval_interval", path.appending(path: \.interval), atLeast: 0,
            "Optimizer steps between evaluations; 0 for the end of every epoch. The start and the end of a run always evaluate")
        integer(
            "early_stopping_patience", path.appending(path: \.patience), atLeast: 0,
            "Evaluations in a row without a lower validation loss that end the run; 0 for never")
        filePath(
            "retain_data_path", path.appending(path: \.retainedPath),
            "Data of what should not be forgotten: the same loss on it, without the adapter and with it")
    }
}
