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
    /// Modules that are trained whole.
    var modulesToSave: String?
    /// A file of tokens that are added to the tokenizer.
    var addedTokensPath: String?

    /// The flags of adapters that ask for something; switched off, they are no contradiction where there is nothing to
    /// switch off.
    private var requests: [String] {
        let flags = [
            ("lora_rank", true), ("target_modules", true), ("lora_alpha", true), ("use_rslora", usesRankStabilizedScale),
            ("use_dora", usesDoRA), ("init_lora_weights", start != .standard), ("lora_dropout", dropout != 0),
            ("loraplus_lr_ratio", rateRatio != 1), ("modules_to_save", true),
        ]
        return flags.filter(\.1).map(\.0)
    }

    /// Refuses what cannot be done before anything is read.
    ///
    /// - Parameter given: the flags that were given
    /// - Throws: ``CommandError`` with exit code 2
    func validate(trainsAll: Bool, goesOn: Bool, given: Set<String>) throws(CommandError) {
        let asked = requests.filter(given.contains)
        if trainsAll { try Self.refuse(asked, "--full trains no adapter") }
        // Rank, scale and kind may be those that the adapter has.
        let layout =
            asked.filter { ["target_modules", "init_lora_weights", "modules_to_save"].contains($0) }
            + (addedTokensPath == nil ? [] : ["add_tokens"])
        if goesOn { try Self.refuse(layout, "the adapter of --lora_path is laid out already") }
        if usesRankStabilizedScale, alpha == nil {
            throw .usage("--use_rslora divides alpha by the root of the rank; give --lora_alpha too")
        }
        _ = try configuration()
    }

    /// Refuses flags by which the adapter of `--lora_path` would be another one than it is.
    ///
    /// - Parameter isRankStabilized: whether its scale is `alpha / √rank`
    /// - Throws: ``CommandError`` with exit code 2; `LoRAError` for a table that names no layer of the adapter
    func check(_ adapter: LoRAAdapter, isRankStabilized: Bool, given: Set<String>) throws {
        let updates = adapter.updates.map(\.update)
        let layers = adapter.updates.map(\.module)
        let wanted = try configuration()
        let ranks = updates.map(\.factors.rank)
        var others: [(flag: String, fact: String)] = []
        if given.contains("lora_rank"), try wanted.rank.values(for: layers) != ranks {
            others.append(("lora_rank", "rank \(Self.list(ranks))"))
        }
        if given.contains("lora_alpha"), let alpha = wanted.alpha {
            let scales = updates.map(\.factors.scale)
            let divisors = ranks.map { isRankStabilized ? Float($0).squareRoot() : Float($0) }
            if try zip(alpha.values(for: layers), divisors).map(/) != scales {
                others.append(("lora_alpha", "scale \(Self.list(scales))"))
            }
        }
        if given.contains("use_rslora"), usesRankStabilizedScale != isRankStabilized {
            others.append(("use_rslora", "a scale of alpha / \(isRankStabilized ? "√rank" : "rank")"))
        }
        let usesDoRA = updates.contains { $0.magnitude != nil }
        if given.contains("use_dora"), self.usesDoRA != usesDoRA { others.append(("use_dora", usesDoRA ? "DoRA" : "no DoRA")) }
        try Self.refuse(others.map(\.flag), "the adapter of --lora_path has \(others.map(\.fact).joined(separator: ", "))")
    }

    private static func refuse(_ flags: [String], _ reason: String) throws(CommandError) {
        guard !flags.isEmpty else { return }
        throw .usage("\(reason); leave out \(flags.map { "--" + $0 }.joined(separator: ", "))")
    }

    /// Each once, ascending: 8, 16
    static func list<Value: Hashable & Comparable>(_ values: [Value]) -> String {
        Set(values).sorted().map { "\($0)" }.joined(separator: ", ")
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
        configuration.modulesToSave =
            modulesToSave.map { text in
                text.split(whereSeparator: { ",[]'\" ".contains($0) }).map(String.init)
            } ?? []
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
            "What is adapted: square (the published recipe, the default; all-linear with a table of ranks), attention, mlp, all-linear, a list such as q_proj,w2 or all-linear,embed_tokens,lm_head, or a pattern for whole names"
        )
        text(
            "modules_to_save", path.appending(path: \.modulesToSave),
            "Modules that are trained whole beside the adapters, by the ends of their names: embed_tokens,lm_head,norm")
        filePath(
            "add_tokens", path.appending(path: \.addedTokensPath),
            "File of tokens that are added to the tokenizer, one a line or JSON; their rows of the embedding and the output are trained")
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
