import Data
import Tensor
import Training

/// What `lora-train train` can be told.
struct TrainOptions {
    /// The type in which what was trained is saved.
    enum SavedType: String, CaseIterable { case float32, float16, bfloat16 }

    /// What a model that is trained whole is saved as.
    enum SavedFormat: String, CaseIterable {
        /// What the base is.
        case auto
        case pth, huggingface, gguf

        /// `nil` for what the base is.
        var format: ModelFormat? { ModelFormat(rawValue: rawValue) }
    }

    enum Initialization: String, CaseIterable { case pretrained, random }

    /// For whom standard output is: a person, or a program.
    enum LogFormat: String, CaseIterable { case text, json }

    var model = ModelOptions()
    var epochs = 50
    var batchSize = 16
    var learningRate = 5e-5
    var device = "cpu"
    var dtype = Precision.bfloat16
    var useWandb = false
    var wandbProject = "MiniMind-LoRA-SFT"
    var wandbRunName: String?
    var wandbIsOptional = false
    var wandbPython = "python3"
    var wandbTimeout = 120.0
    var workerCount = 1
    var ddp = false
    var accumulationSteps = 1
    var gradientClip = 1.0
    var warmupIterations = 0
    var logInterval = 100
    var logFormat = LogFormat.text
    var saveInterval = 1
    var localRank = -1
    var dataPath = "./dataset/lora_identity.jsonl"
    var loraName = "lora_identity"
    var adapter = AdapterOptions()
    var optimizer = OptimizerOptions()
    var padsToMaximum: Bool?
    var metricsPath: String?
    var samplePromptsPath: String?
    var shuffles = false
    var checkpointsGradients = false
    var trainsAll = false
    var initialization = Initialization.pretrained
    var savedType = SavedType.float32
    var modelFormat = SavedFormat.auto
    var lossReduction = LossReduction.batch
    var saveSteps = 0
    var saveTotalLimit = 2
    var resume: String?
    var ddpTimeout = 1800.0
    var isStreaming = false
    var onBadRecord = BadRecordPolicy.stop
    var evaluation = EvaluationOptions()
    var format = FormatOptions()
    var counting = CountingOptions()
    /// The flags that were given, whatever their values.
    var given: Set<String> = []

    /// The published table first, in its order.
    static var flags: FlagSet<TrainOptions> {
        var flags = FlagSet<TrainOptions>()
        flags.givenNames = \.given
        let anyNumber = 0.0 ... .greatestFiniteMagnitude
        flags.section("The published script's flags")
        flags.filePath("out_dir", \.model.outDir, "Folder of the base weights and of everything written")
        flags.integer("epochs", \.epochs, atLeast: 1, "Passes over the data")
        flags.integer("batch_size", \.batchSize, atLeast: 1, "Samples a step")
        flags.number(
            "learning_rate", \.learningRate, in: Double.leastNonzeroMagnitude ... .greatestFiniteMagnitude, "a positive number",
            "Base of the learning rate's schedule")
        flags.text("device", \.device, "Only cpu: this tool needs no GPU")
        flags.choice("dtype", \.dtype, "Type of matrix products: float32, bfloat16 or float16")
        flags.bool("use_wandb", \.useWandb, "Log to Weights & Biases through its Python client, the package wandb")
        flags.text("wandb_project", \.wandbProject, "Project for Weights & Biases")
        flags.integer("num_workers", \.workerCount, atLeast: 0, "Threads that read and tokenize ahead; 0 for none")
        flags.bool("ddp", \.ddp, "Data-parallel training on all processes that mpirun or srun started")
        flags.integer("accumulation_steps", \.accumulationSteps, atLeast: 1, "Micro-batches an optimizer step")
        flags.number("grad_clip", \.gradientClip, in: anyNumber, "a number of at least 0", "Limit of the gradients' norm; 0 for none")
        flags.integer(
            "warmup_iters", \.warmupIterations, atLeast: 0, "Steps of linear warmup before the schedule; 0 as published")
        flags.integer("log_interval", \.logInterval, atLeast: 1, "Steps between log lines")
        flags.integer("save_interval", \.saveInterval, atLeast: 1, "Epochs between saves of adapter and checkpoint; the end always saves")
        flags.integer("local_rank", \.localRank, atLeast: -1, "Understood and not needed: MPI knows the rank")
        flags.sizes(\.model)
        flags.integer("max_seq_len", \.model.maxSequenceLength, atLeast: 2, "Tokens at which a sample is cut")
        flags.bool("use_moe", \.model.useMoE, "A base with a mixture of experts in place of each feed-forward layer")
        flags.filePath("data_path", \.dataPath, "Conversations, one JSON object a line")
        flags.text("lora_name", \.loraName, "Name of the adapter's file")
        flags.section("Beyond the published script")
        flags.model(\.model)
        flags.filePath(
            "lora_path", \.model.loraPath,
            "Adapter to go on from, of any format, or a checkpoint or folder of them: at the scale that it was trained with")
        flags.adapter(\.adapter)
        flags.optimizer(\.optimizer)
        flags.integer("seed", \.model.seed, atLeast: 0, atMost: .max, "Seed of new adapters, of shuffling and of dropout")
        flags.bool(
            "pad_to_max_seq_len", \.padsToMaximum, default: "auto",
            "Pad every sample as the published script does. A dense model trains to the same result, slower; with experts padding takes part in their balance, so auto pads there, and False trains on the words alone, much faster"
        )
        flags.bool(
            "gradient_checkpointing", \.checkpointsGradients,
            "Keep only each layer's input and compute it again on the way back: less memory for long sequences, a third more time")
        flags.bool("shuffle", \.shuffles, "Shuffle the samples anew each epoch; the published script does not")
        flags.choice(
            "loss_reduction", \.lossReduction,
            "batch: the mean of the micro-batches' means, as published; token: the mean over all counted tokens of an optimizer step, the same however they are dealt to micro-batches and processes"
        )
        flags.integer(
            "save_steps", \.saveSteps, atLeast: 0, "Optimizer steps between checkpoints beside those of --save_interval; 0 for none")
        flags.integer("save_total_limit", \.saveTotalLimit, atLeast: 0, "Checkpoints that are kept; 0 for all")
        flags.filePath(
            "resume", \.resume,
            "Go on from a checkpoint: auto for the newest of this run (none: from the start), or the path of one or of their folder")
        flags.number(
            "ddp_timeout", \.ddpTimeout, in: 1...1e9, "a number of at least 1",
            "Seconds that a process waits for the others before all are ended")
        flags.bool(
            "streaming", \.isStreaming,
            "Check each record when it is reached and keep none in memory, for files of many gigabytes; the training is the same")
        flags.choice(
            "on_bad_record", \.onBadRecord,
            "At a line that is no conversation: stop, or skip it, which leaves its place in the batch empty and lists it beside the adapter"
        )
        flags.format(\.format)
        flags.counting(\.counting)
        flags.filePath("metrics_path", \.metricsPath, "Metrics file; default {out_dir}/lora/{lora_name}_{dim}.metrics.jsonl")
        flags.choice(
            "log_format", \.logFormat,
            "text: the published lines; json: on standard output a record of every step, one JSON object a line as in the metrics file, and all words on standard error"
        )
        flags.evaluation(\.evaluation)
        flags.filePath(
            "sample_prompts", \.samplePromptsPath,
            "File of prompts, each line the user's words or an object as of generate's --prompts; they are answered before the training and after it, greedily, for the report"
        )
        flags.text(
            "wandb_run_name", \.wandbRunName,
            "Name of the run at Weights & Biases; default MiniMind-Lora-SFT-Epoch-{epochs}-BatchSize-{batch_size}-LearningRate-{learning_rate}, as published"
        )
        flags.bool("wandb_optional", \.wandbIsOptional, "Train without Weights & Biases, with a warning, where its client does not start")
        flags.filePath("wandb_python", \.wandbPython, "Python that has the package wandb: a path, or a name on the search path")
        flags.number(
            "wandb_timeout", \.wandbTimeout, in: 1...1e6, "a number of at least 1",
            "Seconds that Weights & Biases may take to answer at the start, and to upload the rest at the end")
        flags.bool(
            "full", \.trainsAll,
            "Train all parameters instead of adapters; saved as {out_dir}/{lora_name}_{dim}, with experts …_moe, in the format of the base"
        )
        flags.choice(
            "format", \.modelFormat,
            "What --full saves: pth, with its settings beside it, huggingface (a folder) or gguf; auto is what the base is")
        flags.choice("init", \.initialization, "pretrained, or random to train from nothing with --full")
        flags.choice("save_dtype", \.savedType, "Type of the values that are saved: float32, float16 or bfloat16")
        return flags
    }

    /// What the published script calls its runs.
    var publishedRunName: String {
        "MiniMind-Lora-SFT-Epoch-\(epochs)-BatchSize-\(batchSize)-LearningRate-\(learningRate)"
    }

    /// Refuses what cannot be done before anything is read.
    ///
    /// - Throws: ``CommandError`` with exit code 2
    func validate() throws(CommandError) {
        guard device == "cpu" else {
            throw .usage("--device is '\(device)', but this tool computes on the CPU; leave the flag out or say --device cpu")
        }
        guard !loraName.isEmpty, !loraName.contains("/") else {
            throw .usage("--lora_name '\(loraName)' is the name of a file, without folders; --out_dir says where it goes")
        }
        if initialization == .random, !trainsAll {
            throw .usage("--init random makes sense only with --full: adapters need a trained base")
        }
        if trainsAll, model.basePrecision == .bfloat16 {
            throw .usage("--full trains float32 weights; leave out --base_dtype bfloat16")
        }
        if !trainsAll, given.contains("format") {
            throw .usage("--format is what --full saves; of an adapter, `lora-train export` writes other formats")
        }
        if trainsAll, model.loraPath != nil { throw .usage("--full trains no adapter; leave out --lora_path") }
        if trainsAll, model.forcesAdapter { throw .usage("--full trains no adapter; leave out --force") }
        if initialization == .random {
            let strangers = [("base_path", model.basePath != nil), ("inference_rope_scaling", model.stretchesRotary)].filter(\.1)
            if !strangers.isEmpty {
                throw .usage("--init random reads no base; leave out \(strangers.map { "--" + $0.0 }.joined(separator: ", "))")
            }
        }
        try evaluation.validate()
        try adapter.validate(trainsAll: trainsAll, goesOn: model.loraPath != nil, given: given)
    }
}
