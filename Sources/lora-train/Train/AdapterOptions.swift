import LoRA
import Training

/// How a new adapter is laid out and trained.
struct AdapterOptions {
    var targets: String?
    var rank = "16"
    var alpha: String?
    var usesRankStabilizedScale = false
    var dropout = 0.0
    var usesDoRA = false
    var start = LoRAConfiguration.Start.standard
    var rateRatio = 1.0

    /// Those of the flags given that lay out a new adapter, or that train one.
    private func given(onlyLayout: Bool) -> [String] {
        let layout = [
            ("target_modules", targets != nil), ("lora_alpha", alpha != nil), ("use_rslora", usesRankStabilizedScale),
            ("use_dora", usesDoRA), ("init_lora_weights", start != .standard),
        ]
        let training = [("lora_dropout", dropout != 0), ("loraplus_lr_ratio", rateRatio != 1)]
        return (layout + (onlyLayout ? [] : training)).filter(\.1).map { "--" + $0.0 }
    }

    /// Refuses what cannot be done before anything is read.
    ///
    /// - Throws: ``CommandError`` with exit code 2
    func validate(trainsAll: Bool, goesOn: Bool) throws(CommandError) {
        let strangers = trainsAll ? given(onlyLayout: false) : goesOn ? given(onlyLayout: true) : []
        if !strangers.isEmpty {
            throw .usage(
                (trainsAll ? "--full trains no adapter" : "the adapter of --lora_path is laid out already")
                    + "; leave out \(strangers.joined(separator: ", "))")
        }
        if usesRankStabilizedScale, alpha == nil {
            throw .usage("--use_rslora divides alpha by the root of the rank; give --lora_alpha too")
        }
        _ = try configuration()
    }

    /// - Throws: ``CommandError`` with exit code 2
    func configuration() throws(CommandError) -> LoRAConfiguration {
        func parsed<Value>(_ flag: String, _ text: String, _ fallback: Value) throws(CommandError) -> PerModule<Value>
        where Value: LosslessStringConvertible {
            do {
                return try PerModule(parsing: text, fallback: fallback)
            } catch {
                throw .usage("--\(flag): \(error)")
            }
        }
        let rank = try parsed("lora_rank", rank, 16)
        // The document's table is for a function that adapts every linear layer.
        let usual: ModuleTargets = rank.entries.isEmpty ? .square : .allLinear
        var configuration = LoRAConfiguration(targets: targets.map(ModuleTargets.init(parsing:)) ?? usual, rank: rank)
        configuration.alpha = try alpha.map { text throws(CommandError) in try parsed("lora_alpha", text, Float(16)) }
        configuration.usesRankStabilizedScale = usesRankStabilizedScale
        configuration.dropout = Float(dropout)
        configuration.usesDoRA = usesDoRA
        configuration.start = start
        return configuration
    }

    /// The groups in which an adapter's parameters are stepped.
    func groups(_ adapter: LoRAAdapter) -> [ParameterGroup] {
        adapter.parameterGroups(rateRatio: rateRatio).map { ParameterGroup($0.parameters, rateFactor: $0.rateFactor) }
    }
}

extension FlagSet {
    /// Flags of a new adapter, by PEFT's names.
    mutating func adapter(_ path: WritableKeyPath<Options, AdapterOptions>) {
        text(
            "lora_rank", path.appending(path: \.rank),
            "Rank of new adapters, or one for each: attention=8,mlp=16,default=4, by square, attention, mlp, module names or patterns")
        text(
            "target_modules", path.appending(path: \.targets),
            "What is adapted: square (the published recipe, the default; all-linear with a table of ranks), attention, mlp, all-linear, a list such as q_proj,w2, or a pattern for whole names"
        )
        text(
            "lora_alpha", path.appending(path: \.alpha),
            "Scale of adapters is alpha / rank; a number, or one for each like --lora_rank. Without it the scale is 1, as published")
        bool("use_rslora", path.appending(path: \.usesRankStabilizedScale), "Scale is alpha / √rank instead")
        number(
            "lora_dropout", path.appending(path: \.dropout), in: 0...0.999, "a number from 0 to 0.999",
            "Share of an adapter's input that is left out in training")
        bool("use_dora", path.appending(path: \.usesDoRA), "DoRA: lengths of the weights' rows are trained apart from their directions")
        choice(
            "init_lora_weights", path.appending(path: \.start),
            "default (A random, B zero), or pissa: the weight's largest singular values, saved as an adapter of twice the rank for the base as it is"
        )
        number(
            "loraplus_lr_ratio", path.appending(path: \.rateRatio), in: 1e-6...1e6, "a positive number",
            "LoRA+: learning rate of B over that of A")
    }
}
