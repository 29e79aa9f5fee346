import Tensor

/// Where a model comes from, and its sizes: what training and generation share.
struct ModelOptions {
    var outDir = "out"
    var dim = 512
    var layerCount = 8
    var headCount = 8
    var keyValueHeadCount = 2
    var useMoE = false
    var basePath: String?
    var tokenizerPath: String?
    var loraPath: String?
    var maxSequenceLength = 512
    var seed = 1337
    var threads = 0
    var matmul = MatmulSelection.Choice.auto
    var basePrecision = BasePrecision.auto

    /// The type in which a frozen base is kept.
    enum BasePrecision: String, CaseIterable {
        /// Linear weights in the type that products read, which changes no result.
        case auto
        case float32
        /// The embedding too.
        case bfloat16
    }
}

extension FlagSet {
    /// Flags of a model that the published script lacks, alike in every command that has one.
    mutating func model(
        _ path: WritableKeyPath<Options, ModelOptions>, base: String = "Base weights; default {out_dir}/rlhf_{dim}.pth"
    ) {
        text("base_path", path.appending(path: \.basePath), base)
        text(
            "tokenizer_path", path.appending(path: \.tokenizerPath),
            "Folder with tokenizer.json; default ./model/minimind_tokenizer, ./model or the base's folder")
        integer("n_heads", path.appending(path: \.headCount), atLeast: 1, "Attention heads")
        integer("n_kv_heads", path.appending(path: \.keyValueHeadCount), atLeast: 1, "Heads of keys and values")
        integer("threads", path.appending(path: \.threads), atLeast: 0, "Threads that compute; 0 for one a core")
        choice(
            "base_dtype", path.appending(path: \.basePrecision),
            "Type the frozen base is kept in: auto (linear weights in bfloat16 where products read that: no result changes), float32 or bfloat16")
        choice("matmul", path.appending(path: \.matmul), "Matrix product: auto, openblas, onednn or portable")
    }
}
