import Data
import Tensor

/// What `lora-train eval` can be told.
struct EvaluateOptions {
    var model = ModelOptions()
    var dataPath: String?
    var batchSize = 16
    /// That of training, so that losses can be compared.
    var dtype = Precision.bfloat16
    var workerCount = 1
    var isStreaming = false
    var onBadRecord = BadRecordPolicy.stop
    var isJSON = false
    var format = FormatOptions()
    var counting = CountingOptions()

    static var flags: FlagSet<EvaluateOptions> {
        var flags = FlagSet<EvaluateOptions>()
        flags.section("What is measured")
        flags.filePath("data_path", \.dataPath, "Conversations, one JSON object a line")
        flags.filePath(
            "lora_path", \.model.loraPath,
            "Adapter, or several as path@weight joined by commas; the base is measured too, and the difference")
        flags.integer("batch_size", \.batchSize, atLeast: 1, "Samples that go through the model at once; the result does not depend on it")
        flags.integer("max_seq_len", \.model.maxSequenceLength, atLeast: 2, "Tokens at which a sample is cut")
        flags.choice("dtype", \.dtype, "Type of matrix products: float32, bfloat16 or float16")
        flags.bool("json", \.isJSON, "One JSON object instead of lines")
        flags.integer("num_workers", \.workerCount, atLeast: 0, "Threads that read and tokenize ahead; 0 for none")
        flags.bool("streaming", \.isStreaming, "Check each record when it is reached and keep none in memory, for files of many gigabytes")
        flags.choice("on_bad_record", \.onBadRecord, "At a line that is no conversation: stop, or skip it")
        flags.format(\.format)
        flags.counting(\.counting)
        flags.section("The model")
        flags.filePath("out_dir", \.model.outDir, "Folder of the base weights")
        flags.sizes(\.model)
        flags.bool("use_moe", \.model.useMoE, "A base with a mixture of experts")
        flags.model(\.model)
        flags.integer("seed", \.model.seed, atLeast: 0, atMost: .max, "Seed of the training, which --thinking drop:SHARE draws from")
        return flags
    }
}
