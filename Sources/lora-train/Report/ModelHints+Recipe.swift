import Model
import Tensor

extension ModelHints {
    /// What a run's flags said of its base.
    init(recipe: JSONObject) {
        var options = TrainOptions()
        let names: Set = ["family", "generation", "dim", "n_layers", "n_heads", "n_kv_heads", "use_moe"]
        for flag in TrainOptions.flags.flags where names.contains(flag.name) {
            // A recipe holds every flag's value; one that was given as it is by default says no more than one left out.
            guard let text = recipe["--\(flag.name)"]?.string, text != flag.defaultValue(options) else { continue }
            _ = flag.set(text.filter { $0 != "'" }, &options)
        }
        self = options.model.hints
    }
}
