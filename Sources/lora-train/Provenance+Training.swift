import LoRA
import Tensor

/// What the package calls its own state.
enum Release {
    static let version = "0.4.0"
}

extension TrainOptions {
    /// Flags that say where something lies and not how it is trained.
    private static let places: Set<String> = [
        "out_dir", "data_path", "base_path", "tokenizer_path", "lora_path", "metrics_path", "lora_name", "wandb_project", "threads", "seed",
    ]

    /// Where an adapter that is about to be trained comes from.
    ///
    /// - Throws: `TensorFileError` or `ModelError` where base, tokenizer or data cannot be read
    func provenance(of adapter: LoRAAdapter, _ base: Base?) throws -> Provenance {
        let usual = TrainOptions()
        var recipe = JSONObject()
        for flag in Self.flags.flags where !Self.places.contains(flag.name) {
            let value = flag.defaultValue(self)
            let isEssential = ["epochs", "batch_size", "learning_rate", "lora_rank", "max_seq_len", "dtype"].contains(flag.name)
            if isEssential || value != flag.defaultValue(usual) { recipe[flag.name] = .string(value.trimming("'")) }
        }
        let scales = Set(adapter.updates.map(\.update.factors.scale))
        return Provenance(
            base: try base?.fingerprint(), tokenizer: try base?.tokenizerFingerprint(), data: try Fingerprint.ofFile(dataPath),
            scale: scales.count == 1 ? scales.first : nil, seed: UInt64(model.seed), recipe: recipe,
            version: Release.version)
    }
}

extension String {
    fileprivate func trimming(_ mark: Character) -> String {
        count >= 2 && first == mark && last == mark ? String(dropFirst().dropLast()) : self
    }
}
