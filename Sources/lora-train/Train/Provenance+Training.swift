import LoRA
import Model
import Tensor
import Training

extension TrainOptions {
    /// Where an adapter that is about to be trained comes from.
    func provenance(of adapter: LoRAAdapter, _ origins: Origins) -> Provenance {
        let usual = TrainOptions()
        var recipe = JSONObject()
        // When a run is measured is of no consequence unless that ends it.
        let others = evaluation.patience > 0 ? ["seed"] : ["seed", "eval_interval"]
        for flag in Self.flags.flags where !Recipe.others.contains(flag.name) && !others.contains(flag.name) {
            let value = flag.defaultValue(self)
            let isEssential = ["epochs", "batch_size", "learning_rate", "lora_rank", "max_seq_len", "dtype"].contains(flag.name)
            if isEssential || value != flag.defaultValue(usual) { recipe[flag.name] = .string(value.trimming("'")) }
        }
        recipe["chat_template"] = origins.template.map { .string($0.description) }
        let updates = adapter.updates
        let scales = Set(updates.map(\.update.factors.scale))
        if model.loraPath != nil { recipe["lora_rank"] = .string(AdapterOptions.list(updates.map(\.update.factors.rank))) }
        var provenance = Provenance(
            base: origins.base, tokenizer: origins.tokenizer, data: origins.data,
            scale: scales.count == 1 ? scales.first : nil,
            scales: scales.count == 1
                ? [:]
                : updates.reduce(into: [:]) { $0[ParameterNaming.huggingFace.moduleName(of: $1.module.place)] = $1.update.factors.scale },
            seed: UInt64(model.seed), recipe: recipe,
            version: Release.version)
        provenance.addedTokens = origins.addedTokens
        provenance.trainedTokens = adapter.tokenRows.first?.rows.tokens
        return provenance
    }
}

extension String {
    fileprivate func trimming(_ mark: Character) -> String {
        count >= 2 && first == mark && last == mark ? String(dropFirst().dropLast()) : self
    }
}
