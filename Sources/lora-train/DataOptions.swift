import Data

/// What `lora-train data` can be told.
struct DataOptions {
    var dataPath = "./dataset/lora_identity.jsonl"
    var tokenizerPath: String?
    var maxSequenceLength = 512
    var isJSON = false
    var limit = 0
    var onBadRecord = BadRecordPolicy.stop
    var isStreaming = false
    var seed = 1337
    var format = FormatOptions()
    var counting = CountingOptions()

    static var flags: FlagSet<DataOptions> {
        var flags = FlagSet<DataOptions>()
        flags.section("Flags")
        flags.filePath("data_path", \.dataPath, "Conversations, one JSON object a line")
        flags.filePath("tokenizer_path", \.tokenizerPath, TokenizerFolder.help)
        flags.integer("max_seq_len", \.maxSequenceLength, atLeast: 2, "Tokens at which a sample is cut")
        flags.bool("json", \.isJSON, "One object a sample: its ids, and which of them are counted targets")
        flags.integer("limit", \.limit, atLeast: 0, "Samples shown at the most; 0 for all")
        flags.choice("on_bad_record", \.onBadRecord, "At a line that is no conversation: stop, or skip it and say which")
        flags.bool("streaming", \.isStreaming, "Check each line when it is reached, for files of many gigabytes")
        flags.format(\.format)
        flags.counting(\.counting)
        flags.integer("seed", \.seed, atLeast: 0, atMost: .max, "Seed of the training, which --thinking drop:SHARE draws from")
        return flags
    }
}

/// What `lora-train tokenize` can be told.
struct TokenizeOptions {
    var tokenizerPath: String?
    var decodes = false
    var skipsSpecialTokens = false

    static var flags: FlagSet<TokenizeOptions> {
        var flags = FlagSet<TokenizeOptions>()
        flags.section("Flags")
        flags.filePath("tokenizer_path", \.tokenizerPath, TokenizerFolder.help)
        flags.bool("decode", \.decodes, "Read JSON arrays of ids and print JSON strings")
        flags.bool("skip_special_tokens", \.skipsSpecialTokens, "With --decode, leave special tokens out")
        return flags
    }
}
