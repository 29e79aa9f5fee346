import Tensor

/// What `lora-train bench` can be told.
struct BenchOptions {
    var model = ModelOptions()
    var dataPath: String?
    var rowLength = 0
    var vocabularySize = 6400
    var batchSize = 16
    var steps = 12
    var rank = 16
    var dtype = Precision.bfloat16
    var generatedTokens = 256
    var checkpointsGradients = false
    var leastBytes = 1024
    var mostBytes = 64 << 20
    var rounds = 30
    var isJSON = false

    static var stepFlags: FlagSet<BenchOptions> {
        var flags = modelFlags
        flags.section("The work")
        flags.filePath("data_path", \.dataPath, "Conversations, one JSON object a line")
        flags.integer("row_length", \.rowLength, atLeast: 0, "Without data: rows of this many random tokens, half of them counted")
        flags.integer("batch_size", \.batchSize, atLeast: 1, "Samples a step")
        flags.integer("max_seq_len", \.model.maxSequenceLength, atLeast: 2, "Tokens at which a sample is cut")
        flags.integer("lora_rank", \.rank, atLeast: 1, "Rank of the adapters")
        flags.bool("gradient_checkpointing", \.checkpointsGradients, "Compute each layer again on the way back")
        flags.integer("steps", \.steps, atLeast: 1, "Steps; the first two warm up and are not counted where there are more")
        flags.bool("json", \.isJSON, "One JSON object instead of a table")
        return flags
    }

    static var generateFlags: FlagSet<BenchOptions> {
        var flags = modelFlags
        flags.section("The work")
        flags.integer("tokens", \.generatedTokens, atLeast: 1, "Tokens that are written, whatever they are")
        flags.bool("json", \.isJSON, "One JSON object instead of a table")
        return flags
    }

    static var tokenizerFlags: FlagSet<BenchOptions> {
        var flags = FlagSet<BenchOptions>()
        flags.section("The work")
        flags.filePath("tokenizer_path", \.model.tokenizerPath, TokenizerFolder.help)
        flags.filePath("data_path", \.dataPath, "A text, encoded line by line on one thread")
        flags.bool("json", \.isJSON, "One JSON object instead of a table")
        return flags
    }

    static var allreduceFlags: FlagSet<BenchOptions> {
        var flags = FlagSet<BenchOptions>()
        flags.section("The work, on processes that mpirun starts")
        flags.integer(
            "min_bytes", \.leastBytes, atLeast: 4, atMost: .max,
            "Bytes of floats of the smallest sum; each next one has four times as many")
        flags.integer("max_bytes", \.mostBytes, atLeast: 4, atMost: .max, "Bytes of the largest sum")
        flags.integer("rounds", \.rounds, atLeast: 1, "Sums of each size that are timed")
        flags.bool("json", \.isJSON, "One JSON object instead of a table")
        return flags
    }

    private static var modelFlags: FlagSet<BenchOptions> {
        var flags = FlagSet<BenchOptions>()
        flags.section("The model, with random weights where none are given")
        flags.sizes(\.model)
        flags.integer("vocab_size", \.vocabularySize, atLeast: 2, "Tokens that random weights know")
        flags.choice("dtype", \.dtype, "Type of matrix products: float32, bfloat16 or float16")
        flags.model(\.model, base: "Base weights; without them random ones")
        return flags
    }
}
