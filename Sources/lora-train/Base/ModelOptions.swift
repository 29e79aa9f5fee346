import Model
import Tensor

/// Where a model comes from, and its sizes: what training and generation share.
struct ModelOptions {
    var outDir = "out"
    /// The family of a base that is a state dict without settings; `nil` where nobody said.
    var family: ModelFamily?
    var generation: GenerationChoice = .auto
    /// Sizes that were given; `nil` for those of the file, or of the published model where there is none.
    var dim: Int?
    var layerCount: Int?
    var headCount: Int?
    var keyValueHeadCount: Int?
    var useMoE = false
    var basePath: String?
    var tokenizerPath: String?
    var loraPath: String?
    /// Whether the rotary angles are stretched as MiniMind's configuration of this name has it.
    var stretchesRotary = false
    /// Whether an adapter is taken although it was trained on another base.
    var forcesAdapter = false
    var maxSequenceLength = 512
    var seed = 1337
    var threads = 0
    var matmul = MatmulSelection.Choice.auto
    var basePrecision = BasePrecision.auto

    /// Whose keys the base has.
    enum GenerationChoice: String, CaseIterable {
        /// Those that the file shows.
        case auto
        case v2Classic = "v2-classic"
        case v2, v3

        var generation: ModelGeneration? { ModelGeneration(rawValue: rawValue) }
    }

    /// The type in which a frozen base is kept.
    enum BasePrecision: String, CaseIterable {
        /// Linear weights in the type that products read, which changes no result.
        case auto
        case float32
        /// The embedding too.
        case bfloat16
    }
}

extension ModelOptions {
    /// What is known of the base.
    var hints: ModelHints {
        ModelHints(
            family: family, generation: generation.generation, dim: dim, layerCount: layerCount, headCount: headCount,
            keyValueHeadCount: keyValueHeadCount, hasExperts: useMoE ? true : nil)
    }

    /// Leaves it to the base to say what it is.
    mutating func forgetHints() {
        (family, generation, useMoE) = (nil, .auto, false)
        (dim, layerCount, headCount, keyValueHeadCount) = (nil, nil, nil, nil)
    }
}

extension FlagSet {
    /// What kind of model a state dict is that has no settings beside it.
    mutating func kind(_ path: WritableKeyPath<Options, ModelOptions>) {
        value(
            "family", "str", path.appending(path: \.family),
            expected: "a family of models: \(ModelFamily.modelTypes)",
            words: { $0.map { "'\($0.modelType)'" } ?? "—" }, read: { ModelFamily.named($0).map(Optional.some) },
            "Family of a .pth or .safetensors without settings (NAME.json, config.json) beside it: llama, qwen2, gemma3_text, minimind, …")
        choice(
            "generation", path.appending(path: \.generation),
            "MiniMind's generation: v2-classic, v2 or v3; auto takes the one that the base's keys show")
        integer("n_heads", path.appending(path: \.headCount), atLeast: 1, default: "8", "Attention heads, where the base does not say")
        integer(
            "n_kv_heads", path.appending(path: \.keyValueHeadCount), atLeast: 1, default: "2",
            "Heads of keys and values; the base says how many it has")
    }

    /// The sizes of a model, which a base has itself.
    mutating func sizes(_ path: WritableKeyPath<Options, ModelOptions>) {
        integer("dim", path.appending(path: \.dim), atLeast: 1, default: "512", "Width of the model")
        integer("n_layers", path.appending(path: \.layerCount), atLeast: 1, default: "8", "Layers of the model")
    }

    /// Flags of a model that the published script lacks, alike in every command that has one.
    mutating func model(
        _ path: WritableKeyPath<Options, ModelOptions>,
        base: String = "Base weights, or the name of a model in the cache of Hugging Face or in Ollama's store; "
            + "default {out_dir}/rlhf_{dim}.pth, or {out_dir}/full_sft_{dim}.pth; with --use_moe …_moe.pth"
    ) {
        filePath("base_path", path.appending(path: \.basePath), base)
        filePath(
            "tokenizer_path", path.appending(path: \.tokenizerPath),
            TokenizerFolder.help
                + "; default what a GGUF or Hugging Face base has itself, ./model/minimind_tokenizer, ./model or the base's folder")
        bool("force", path.appending(path: \.forcesAdapter), "Take an adapter that was trained on another base")
        kind(path)
        bool(
            "inference_rope_scaling", path.appending(path: \.stretchesRotary),
            "MiniMind's YaRN for texts longer than its training: factor 16 over 2048 positions")
        integer("threads", path.appending(path: \.threads), atLeast: 0, "Threads that compute; 0 for one a core")
        choice(
            "base_dtype", path.appending(path: \.basePrecision),
            "Type the frozen base is kept in: auto (linear weights in bfloat16 where products read that: no result changes), float32 or bfloat16"
        )
        choice("matmul", path.appending(path: \.matmul), "Matrix product: auto, openblas, onednn or portable")
    }
}
