import Data
import LoRA
import Tensor
import Training

/// What a run's result depends on: its flags, its files, and how the data is dealt to processes.
struct Recipe {
    let facts: JSONObject
    /// What all processes of a run have in common: these, what is measured with no consequence, and what decides when
    /// they speak with each other.
    let commonFacts: JSONObject
    /// How an effective batch is dealt out.
    let layout: String

    /// Flags that change no result, or say where something lies; files are known by their contents.
    static let others: Set<String> = [
        "out_dir", "data_path", "base_path", "tokenizer_path", "lora_path", "val_data_path", "retain_data_path", "metrics_path",
        "lora_name", "sample_prompts", "use_wandb", "wandb_project", "num_workers", "threads", "log_interval", "log_format",
        "save_interval",
        "save_steps", "save_total_limit",
        "save_dtype", "format", "resume", "ddp", "ddp_timeout", "local_rank", "streaming", "force",
        "chat_template", "add_tokens", "wandb_run_name", "wandb_optional", "wandb_python", "wandb_timeout",
    ]

    private static let start = "the adapter that it starts from"
    private static let balance = "the auxiliary loss of experts"
    private static let template = "the chat template"
    private static let mask = "the loss mask"
    /// A run may go on for more epochs than it was begun with: no step that is done changes.
    private static let epochs = "--epochs"
    /// Which flags of a layout a recipe has depends on how losses become one.
    private static let layoutFlags: Set<String> = ["batch_size", "accumulation_steps"]

    init(_ options: TrainOptions, _ origins: Origins, _ subject: Subject, _ rule: LossMaskRule, processes: Int) {
        layout = "\(processes) × \(options.batchSize) × \(options.accumulationSteps)"
        var facts = JSONObject()
        for flag in TrainOptions.flags.flags where !Self.others.contains(flag.name) {
            facts["--\(flag.name)"] = .string(flag.defaultValue(options))
        }
        switch options.lossReduction {
        case .batch: facts["the number of processes"] = .integer(processes)
        case .token:
            // However it is dealt out.
            facts["--batch_size"] = nil
            facts["--accumulation_steps"] = nil
            // A batch beyond all numbers takes in all samples, as any does that has more places than there are.
            let (samples, isBeyond) = (options.batchSize * options.accumulationSteps).multipliedReportingOverflow(by: processes)
            facts["the effective batch (processes × --batch_size × --accumulation_steps)"] = .integer(isBeyond ? .max : samples)
        }
        facts["the base"] = origins.base.map { .string($0.description) }
        facts["the tokenizer"] = origins.tokenizer.map { .string($0.description) }
        facts[Self.template] = origins.template.map { .string($0.description) }
        facts[Self.mask] = .string(rule.words)
        facts["the added tokens"] = origins.addedTokens.isEmpty ? nil : .string(JSON.array(origins.addedTokens).serialized)
        facts["the data"] = .string(origins.data.description)
        facts[Self.start] = subject.start.map(JSON.string)
        facts[Self.balance] = subject.balance.map(JSON.string)
        facts["the validation data"] = origins.validation.map { .string($0.description) }
        self.facts = facts
        facts["the retained data"] = origins.retained.map { .string($0.description) }
        for flag in TrainOptions.flags.flags where ["streaming", "save_steps", "save_interval"].contains(flag.name) {
            facts["--\(flag.name)"] = .string(flag.defaultValue(options))
        }
        commonFacts = facts
    }

    /// The epochs of a checkpoint's run, where this one has more.
    func fewerEpochs(of checkpoint: Checkpoint) -> Int? {
        guard let former = checkpoint.notes["recipe"]?[Self.epochs]?.string.flatMap({ Int($0) }),
            let now = facts[Self.epochs]?.string.flatMap({ Int($0) }), former < now
        else { return nil }
        return former
    }

    /// How this recipe differs from that of a checkpoint, in what a run that goes on must have in common with it.
    func differences(from checkpoint: Checkpoint) -> [(what: String, one: String, other: String)] {
        var facts = facts
        // Those of 0.6 know no layout either.
        if checkpoint.notes["layout"] == nil { (facts[Self.start], facts[Self.balance]) = (nil, nil) }
        var recipe = checkpoint.notes["recipe"]?.object ?? [:]
        if fewerEpochs(of: checkpoint) != nil { recipe[Self.epochs] = facts[Self.epochs] }
        // A version without a flag trained as its default does.
        let usual = TrainOptions()
        for flag in TrainOptions.flags.flags where recipe["--\(flag.name)"] == nil && facts["--\(flag.name)"] != nil {
            if !Self.layoutFlags.contains(flag.name) { recipe["--\(flag.name)"] = .string(flag.defaultValue(usual)) }
        }
        // Of MiniMind's templates the mask is what it was; that of others was found in another way up to 0.7.
        if recipe[Self.mask] == nil {
            recipe[Self.mask] = facts[Self.mask] == .string(LossMaskRule.minimindWords) ? facts[Self.mask] : "that of version 0.7"
        }
        return Self.differences(recipe, facts)
    }

    /// What differs between two recipes, and how it stands in each.
    static func differences(_ one: JSONObject, _ other: JSONObject) -> [(what: String, one: String, other: String)] {
        func words(_ value: JSON?) -> String {
            value.map { $0.string ?? $0.integer.map(String.init) ?? $0.serialized } ?? "not there"
        }
        return (other.keys + one.keys.filter { other[$0] == nil }).compactMap { key in
            one[key] == other[key] ? nil : (key, words(one[key]), words(other[key]))
        }
    }
}

extension LossMaskRule {
    /// What recipes call MiniMind's own masks.
    static let minimindWords = "MiniMind's"

    /// What recipes call it.
    var words: String {
        switch self {
        case .generationBlocks: "generation blocks"
        case .answers: "answers by rendering"
        case .minimind: Self.minimindWords
        }
    }
}

/// What a run's files contain.
struct Origins {
    var base: Fingerprint?
    var tokenizer: Fingerprint?
    /// Of the chat template that was given in place of the tokenizer's.
    let template: Fingerprint?
    /// The tokens that were added to the tokenizer, with their ids.
    let addedTokens: [JSON]
    let data: Fingerprint
    let validation: Fingerprint?
    let retained: Fingerprint?

    init(_ base: Base?, _ options: TrainOptions, _ format: ChatFormat, addedTokens: [JSON]) throws {
        self.addedTokens = addedTokens
        self.base = try base?.fingerprint()
        tokenizer = try base?.tokenizerFingerprint()
        template = options.format.template.map { _ in Fingerprint(of: format.template.source) }
        data = try Fingerprint.ofFile(options.dataPath)
        validation = try options.evaluation.validationPath.map(Fingerprint.ofFile)
        retained = try options.evaluation.retainedPath.map(Fingerprint.ofFile)
    }
}
