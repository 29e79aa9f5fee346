import Tensor

/// What PEFT's `adapter_config.json` says of an adapter.
struct PEFTConfiguration {
    let targets: PEFTTargets
    /// Modules that are trained whole, by the ends of their names.
    let modulesToSave: [String]
    /// Whether what is tied to an embedding that is trained whole stays so.
    let tiesOutput: Bool
    private let tokens: TrainedTokens
    let usesRankStabilizedScale: Bool
    let usesDoRA: Bool
    let dropout: Float
    let start: AdapterStart
    let baseName: String?
    private let rank: Int
    private let alpha: Double
    private let ranks: [(pattern: ModulePattern, value: Double)]
    private let alphas: [(pattern: ModulePattern, value: Double)]

    /// - Throws: ``AdapterFileError/unsupported(_:)`` that names a feature which changes what an adapter computes,
    ///   ``AdapterFileError/configuration(_:)``
    init(_ fields: JSONObject) throws(AdapterFileError) {
        let kind = fields["peft_type"]?.string ?? ""
        guard kind == "LORA" else { throw .unsupported("the peft_type '\(kind.prefix(40))'") }
        try Self.refuseFeatures(fields)
        guard let rank = fields["r"]?.integer, rank > 0 else { throw .configuration("adapter_config.json has no rank 'r' of 1 or more") }
        guard let alpha = fields["lora_alpha"]?.number else { throw .configuration("adapter_config.json has no number 'lora_alpha'") }
        self.rank = rank
        self.alpha = alpha
        ranks = try Self.patterns(fields, "rank_pattern")
        alphas = try Self.patterns(fields, "alpha_pattern")
        usesRankStabilizedScale = try Self.flag(fields, "use_rslora")
        usesDoRA = try Self.flag(fields, "use_dora")
        start = try AdapterStart(fields["init_lora_weights"], usesDoRA: usesDoRA)
        dropout = Float(fields["lora_dropout"]?.number ?? 0)
        guard dropout >= 0, dropout < 1 else {
            throw .configuration("adapter_config.json has a lora_dropout of \(dropout), which is no share")
        }
        baseName = fields["base_model_name_or_path"]?.string
        targets = try PEFTTargets(fields)
        modulesToSave = try Self.modulesToSave(fields["modules_to_save"])
        tiesOutput = try Self.flag(fields, "ensure_weight_tying")
        tokens = try TrainedTokens(fields["trainable_token_indices"])
    }

    /// Whether rows of some tokens are trained apart from the others.
    var trainsTokens: Bool {
        if case .none = tokens { false } else { true }
    }

    /// The tokens whose rows of a module are trained apart from the others.
    ///
    func trainedTokens(of module: String) -> [Int32]? {
        switch tokens {
        case .none: nil
        case .ofEmbedding(let tokens): tokens
        // What is tied to a module that is named has its tokens.
        case .byModule(let byModule):
            (byModule.first { module == $0.name || module.hasSuffix("." + $0.name) } ?? byModule.first)?.tokens
        }
    }

    /// PEFT's `trainable_token_indices`: indices for the embedding, or by the names of modules.
    private enum TrainedTokens {
        case none
        case ofEmbedding([Int32])
        case byModule([(name: String, tokens: [Int32])])

        init(_ value: JSON?) throws(AdapterFileError) {
            func tokens(_ value: JSON) throws(AdapterFileError) -> [Int32] {
                let found = value.array?.map { $0.integer.flatMap { Int32(exactly: $0) } }
                guard let found, found.allSatisfy({ $0 != nil }) else {
                    throw .configuration("'trainable_token_indices' of adapter_config.json is no list of tokens")
                }
                return found.compactMap { $0 }
            }
            switch value {
            case nil, .null?: self = .none
            case .object(let byModule)?:
                var found: [(name: String, tokens: [Int32])] = []
                for (name, list) in byModule { found.append((name, try tokens(list))) }
                self = found.isEmpty ? .none : .byModule(found)
            case let list?: self = .ofEmbedding(try tokens(list))
            }
        }
    }

    private static func modulesToSave(_ value: JSON?) throws(AdapterFileError) -> [String] {
        switch value {
        case nil, .null?: return []
        case .string(let name)?: return [name]
        case .array(let names)? where names.allSatisfy({ $0.string != nil }): return names.compactMap(\.string)
        default: throw .configuration("'modules_to_save' of adapter_config.json is no list of names")
        }
    }

    /// The rank of a module and the factor before its `B A`.
    func rankAndScale(of module: String) -> (rank: Int, scale: Float) {
        func value(_ patterns: [(pattern: ModulePattern, value: Double)]) -> Double? {
            patterns.first { $0.pattern.matches(module) }?.value
        }
        let rank = value(ranks).flatMap { Int(exactly: $0) } ?? rank
        let alpha = value(alphas) ?? alpha
        return (rank, Float(alpha / (usesRankStabilizedScale ? Double(rank).squareRoot() : Double(rank))))
    }

    private static func flag(_ fields: JSONObject, _ key: String) throws(AdapterFileError) -> Bool {
        guard let value = fields[key], value != .null else { return false }
        guard let flag = value.bool else { throw .configuration("'\(key)' of adapter_config.json is neither true nor false") }
        return flag
    }

    private static func patterns(_ fields: JSONObject, _ key: String) throws(AdapterFileError) -> [(pattern: ModulePattern, value: Double)]
    {
        guard let value = fields[key], value != .null else { return [] }
        guard let entries = value.object else { throw .configuration("'\(key)' of adapter_config.json is no object") }
        var patterns: [(ModulePattern, Double)] = []
        for (pattern, value) in entries {
            guard let number = value.number, key != "rank_pattern" || value.integer.map({ $0 > 0 }) == true else {
                throw .configuration("'\(key)' of adapter_config.json has no sound number for '\(pattern.prefix(60))'")
            }
            patterns.append((try ModulePattern(pattern, isSuffix: true), number))
        }
        return patterns
    }

    /// Keys that are read, or that do not change what a trained adapter computes.
    private static let knownKeys: Set<String> = [
        "peft_type", "task_type", "auto_mapping", "peft_version", "base_model_name_or_path", "revision", "inference_mode", "r",
        "lora_alpha", "lora_dropout", "rank_pattern", "alpha_pattern", "target_modules", "exclude_modules", "layers_to_transform",
        "layers_pattern", "use_rslora", "use_dora", "bias", "init_lora_weights", "runtime_config", "megatron_core",
        "loftq_config", "eva_config", "corda_config", "lora_ga_config", "qalora_group_size", "ensure_weight_tying",
        "modules_to_save", "trainable_token_indices",
        // For a layer of `torch.nn.Linear`, PEFT sets it to false.
        "fan_in_fan_out",
    ]

    private static func refuseFeatures(_ fields: JSONObject) throws(AdapterFileError) {
        if let bias = fields["bias"], bias != .null, bias != "none" { throw .unsupported("trained biases (bias '\(bias.string ?? "")')") }
        for (key, value) in fields where !knownKeys.contains(key) {
            switch value {
            case .null, .bool(false), .array([]), "": continue
            case .object(let object) where object.keys.isEmpty: continue
            default: throw .unsupported("the setting '\(key.prefix(60))'")
            }
        }
    }
}

/// The modules that a PEFT configuration names.
struct PEFTTargets {
    private enum Names {
        case all
        case list(Set<String>)
        case pattern(ModulePattern)

        init(_ value: JSON, _ key: String) throws(AdapterFileError) {
            if let pattern = value.string {
                self = pattern == "all-linear" ? .all : .pattern(try ModulePattern(pattern))
            } else if let list = value.array, list.allSatisfy({ $0.string != nil }) {
                self = .list(Set(list.compactMap(\.string)))
            } else {
                throw .configuration("'\(key)' of adapter_config.json is neither a list of names nor a pattern")
            }
        }

        /// Whether a list has the whole name.
        func has(_ name: String) -> Bool { if case .list(let names) = self { names.contains(name) } else { false } }

        func contain(_ name: String) -> Bool {
            switch self {
            case .all: true
            case .pattern(let pattern): pattern.matches(name)
            // A name stands for all modules that end in it, behind a dot.
            case .list(let names):
                names.contains(name)
                    || name.indices.contains { name[$0] == "." && names.contains(String(name[name.index(after: $0)...])) }
            }
        }
    }

    private let names: Names
    private let excluded: Names?
    private let layers: Set<Int>?
    private let hasLayers: Bool

    init(_ fields: JSONObject) throws(AdapterFileError) {
        guard let targets = fields["target_modules"], targets != .null else {
            throw .configuration("adapter_config.json has no 'target_modules'")
        }
        names = try Names(targets, "target_modules")
        excluded =
            switch fields["exclude_modules"] {
            case nil, .null?, .array([])?, ""?: nil
            case let value?: try Names(value, "exclude_modules")
            }
        switch fields["layers_to_transform"] {
        case nil, .null?, .array([])?: layers = nil
        case .array(let numbers)?: layers = Set(numbers.compactMap(\.integer))
        case let number?: layers = Set([number.integer].compactMap { $0 })
        }
        // What stands before a layer's number, in all models here `layers`.
        let pattern = fields["layers_pattern"]
        let patterns = pattern?.array?.compactMap(\.string) ?? [pattern?.string].compactMap { $0 }.filter { !$0.isEmpty }
        hasLayers = patterns.isEmpty || patterns.contains("layers")
    }

    /// - Parameters:
    ///   - name: a module as Hugging Face calls it
    ///   - isOfLayer: whether it is a linear layer of the layers, which `all-linear` stands for
    func contain(_ name: String, isOfLayer: Bool) -> Bool {
        if let excluded, excluded.contain(name) { return false }
        guard !names.has(name) else { return true }
        guard names.contain(name) else { return false }
        if case .all = names, !isOfLayer { return false }
        guard let layers else { return true }
        let number = name.split(separator: ".").lazy.compactMap { Int($0) }.first
        return hasLayers && number.map(layers.contains) ?? false
    }
}
