import Data
import LoRA
import Tensor
import Training

/// What a run's result depends on: its flags, its files, and how the data is dealt to processes.
struct Recipe {
    let facts: JSONObject

    /// Flags that change no result, or say where something lies; files are known by their contents.
    static let others: Set<String> = [
        "out_dir", "data_path", "base_path", "tokenizer_path", "lora_path", "metrics_path", "lora_name", "use_wandb",
        "wandb_project", "num_workers", "threads", "log_interval", "save_interval", "save_steps", "save_total_limit",
        "save_dtype", "resume", "ddp", "ddp_timeout", "local_rank", "streaming", "force",
    ]

    init(_ options: TrainOptions, _ origins: Origins, processes: Int) {
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
            facts["the effective batch (processes × --batch_size × --accumulation_steps)"] =
                .integer(processes * options.batchSize * options.accumulationSteps)
        }
        facts["the base"] = origins.base.map { .string($0.description) }
        facts["the tokenizer"] = origins.tokenizer.map { .string($0.description) }
        facts["the data"] = .string(origins.data.description)
        self.facts = facts
    }

    /// What two recipes differ in, each a few words.
    static func differences(from old: JSONObject, to new: JSONObject) -> [String] {
        let keys = new.keys + old.keys.filter { new[$0] == nil }
        return keys.compactMap { key in
            guard old[key] != new[key] else { return nil }
            func words(_ value: JSON?) -> String? {
                value.map { value in value.string ?? value.integer.map(String.init) ?? value.serialized }
            }
            switch (words(old[key]), words(new[key])) {
            case (let was?, let now?): return "\(key) was \(was), is \(now)"
            case (let was?, nil): return "\(key) was \(was), is not there"
            default: return "\(key) is new"
            }
        }
    }
}

/// What a run's files contain.
struct Origins {
    var base: Fingerprint?
    var tokenizer: Fingerprint?
    let data: Fingerprint

    init(_ base: Base?, dataPath: String) throws {
        self.base = try base?.fingerprint()
        tokenizer = try base?.tokenizerFingerprint()
        data = try Fingerprint.ofFile(dataPath)
    }
}
