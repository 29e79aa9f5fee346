import Tensor

extension ModelConfiguration {
    /// The configuration of a MiniMind state dict, from its keys and shapes. What these do not say, the norms'
    /// epsilon, the base of the rotary angles and how many experts a token goes to, is as published.
    ///
    /// - Parameters:
    ///   - generation: `nil` for the one that the keys show
    ///   - headCount: `nil` for what the norms of heads show, or else 8
    ///   - keyValueHeadCount: only checked: the keys' width says it
    /// - Throws: ``ModelError/unrecognized(_:)`` that says what was found
    public static func recognized(
        in weights: StateDictionary, generation: ModelGeneration? = nil, headCount: Int? = nil, keyValueHeadCount: Int? = nil
    ) throws(ModelError) -> ModelConfiguration {
        let found = ModelGeneration(keysOf: weights)
        guard let generation = generation ?? found else {
            let isAdapter = weights.names.contains { $0.contains(".lora") }
            throw .unrecognized(
                "these are no weights of a MiniMind: \(weights.names.count) tensors, the first \(Self.sample(weights))"
                    + (isAdapter ? "; this is an adapter, which belongs to --lora_path" : ""))
        }
        let naming = generation.naming
        func shape(_ place: ParameterPlace, dimensions: Int = 2) throws(ModelError) -> [Int] {
            let name = naming.parameterName(of: place)
            guard let tensor = weights[name] else {
                let looksLike = found.map { "; the keys look like \($0.rawValue)" } ?? ""
                throw .unrecognized(
                    "the weights have no '\(name)', which a MiniMind \(generation.rawValue) has\(looksLike); the first are \(Self.sample(weights))"
                )
            }
            guard tensor.shape.count == dimensions, tensor.shape.allSatisfy({ $0 > 0 }) else {
                throw .unrecognized("'\(name)' has the shape \(tensor.shape), which no MiniMind has")
            }
            return tensor.shape
        }
        func part(_ part: LayerPart) -> ParameterPlace { .layer(0, part) }
        func has(_ part: LayerPart) -> Bool { weights[naming.parameterName(of: .layer(0, part))] != nil }

        let embedding = try shape(.embedding)
        let queries = try shape(part(.linear(.query, nil)))[0]
        let keys = try shape(part(.linear(.key, nil)))[0]
        let headDim = has(.queryNorm) ? try shape(part(.queryNorm), dimensions: 1)[0] : nil
        let heads = headCount ?? headDim.map { queries / $0 } ?? publishedHeadCount
        let width = headDim ?? (heads > 0 ? queries / heads : 0)
        // Quotients: a product with a number that was given may be beyond all bounds.
        guard heads > 0, width > 0, queries % width == 0, queries / width == heads, keys % width == 0 else {
            throw .unrecognized(
                "queries of \(queries) and keys of \(keys) values do not divide into \(heads) heads; give --n_heads as the model was trained"
            )
        }
        if let keyValueHeadCount, keyValueHeadCount != keys / width {
            throw .unrecognized(
                "keys of \(keys) values are \(keys / width) heads of \(width), not \(keyValueHeadCount); leave out --n_kv_heads")
        }
        var experts: ExpertConfiguration?
        if has(.router) {
            var mixture = generation.defaultExperts
            mixture.count = try shape(part(.router))[0]
            mixture.perToken = min(mixture.perToken, mixture.count)
            mixture.sharedCount = (0...).first { !has(.linear(.gate, .shared($0))) } ?? 0
            experts = mixture
        }
        let hidden = try shape(part(.linear(.gate, experts == nil ? nil : .routed(0))))[0]
        var configuration = try ModelConfiguration(
            generation: generation, dim: embedding[1], layerCount: try layerCount(of: weights, naming), headCount: heads,
            keyValueHeadCount: keys / width, headDim: width, vocabularySize: embedding[0], hiddenDim: hidden, experts: experts)
        configuration.normalizesHeads = headDim != nil
        configuration.tiesEmbedding = weights.tiesOutput(naming)
        return configuration
    }

    /// What a state dict of the model does not say and ``recognized(in:generation:headCount:keyValueHeadCount:)`` would
    /// take for as published, in words that follow "the model has". Empty for MiniMind's own models; where it is not,
    /// the state dict reads back as another model.
    ///
    /// MiniMind's scaling for longer texts does not count: it is asked for each time that a model is read.
    package var unsaidByWeights: [String] {
        // By the keys: whoever reads them knows nothing else.
        let found: ModelGeneration = naming == .classic ? .v2Classic : normalizesHeads ? .v3 : .v2
        var unsaid: [String] = []
        if normEpsilon != found.defaultNormEpsilon { unsaid.append("a norm epsilon of \(normEpsilon)") }
        if ropeTheta != Self.publishedTheta { unsaid.append("a rotary base of \(ropeTheta)") }
        if let ropeScaling, ropeScaling != .yarn(.minimind) { unsaid.append("a rotary scaling of its own") }
        if let experts {
            let published = found.defaultExperts
            if experts.perToken != min(published.perToken, experts.count) { unsaid.append("\(experts.perToken) experts a token") }
            let dividesPublished = published.normalizesWeights && (published.normalizesSingleWeight || experts.perToken > 1)
            if dividesExpertWeights != dividesPublished {
                unsaid.append("weights of experts that are \(experts.normalizesWeights ? "" : "not ")divided by their sum")
            }
            if experts.auxiliaryCoefficient != published.auxiliaryCoefficient {
                unsaid.append("a factor of \(experts.auxiliaryCoefficient) of the experts' auxiliary loss")
            } else if experts.balance != published.balance {
                unsaid.append("another auxiliary loss of its experts")
            }
        }
        if let difference = differenceFromMiniMind(found) { unsaid.append(difference) }
        if !showsHeadCount { unsaid.append("\(headCount) heads") }
        return unsaid
    }

    /// A fact in which the model differs from a MiniMind of a generation, in words; `nil` where it does not.
    private func differenceFromMiniMind(_ generation: ModelGeneration) -> String? {
        var plain = self
        (plain.biases, plain.activation, plain.normPlaces, plain.normOffset) = ([], .silu, .before, 0)
        (plain.attentionScale, plain.attentionSoftCap, plain.logitsSoftCap) = (nil, nil, nil)
        (plain.windows, plain.windowedRopeTheta, plain.unrotatedLayers, plain.denseLayers) = ([], nil, [], [])
        (plain.embeddingMultiplier, plain.residualMultiplier, plain.logitsMultiplier) = (1, 1, 1)
        plain.queryKeyNorm = generation == .v3 ? .perHead : .none
        return differenceInComputation(from: plain)
    }

    /// Whether a reader of a state dict finds the number of heads without being told.
    package var showsHeadCount: Bool { normalizesHeads || headCount == Self.publishedHeadCount }

    /// The number of heads of every published model.
    private static let publishedHeadCount = 8

    /// The highest number of a layer, plus one.
    private static func layerCount(of weights: StateDictionary, _ naming: ParameterNaming) throws(ModelError) -> Int {
        let prefix = String(naming.moduleName(of: .layer(0, .attentionNorm)).prefix { !$0.isNumber })
        let numbers = weights.names.compactMap { name in
            name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count).prefix { $0.isNumber }) : nil
        }
        // A name may have any number, also one that has none behind it.
        guard let last = numbers.max(), last < weights.names.count else {
            throw .unrecognized("the weights have no layers, or name some that are not there")
        }
        return last + 1
    }

    private static func sample(_ weights: StateDictionary) -> String {
        weights.names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
    }

    /// A line for a person: family, sizes, experts.
    public var summary: String {
        var parts = [
            family.name, "dim \(dim)", "\(layerCount) layers", "\(headCount) heads (\(keyValueHeadCount) of keys and values)",
            "vocabulary \(vocabularySize)",
        ]
        if let experts {
            parts.append(
                "\(experts.count) experts, \(experts.perToken) a token" + (experts.sharedCount > 0 ? ", \(experts.sharedCount) shared" : "")
            )
        }
        return parts.joined(separator: ", ")
    }
}

extension ModelGeneration {
    /// The generation whose keys these are; `nil` where none has such.
    init?(keysOf weights: StateDictionary) {
        func has(_ naming: ParameterNaming, _ place: ParameterPlace) -> Bool { weights[naming.parameterName(of: place)] != nil }
        if has(.classic, .embedding) {
            self = .v2Classic
        } else if has(.huggingFace, .embedding) {
            self = has(.huggingFace, .layer(0, .queryNorm)) ? .v3 : .v2
        } else {
            return nil
        }
    }
}

extension StateDictionary {
    /// Whether there is no output projection but the embedding, or a copy of it.
    func tiesOutput(_ naming: ParameterNaming) -> Bool {
        guard let output = self[naming.parameterName(of: .output)] else { return true }
        guard let embedding = self[naming.parameterName(of: .embedding)] else { return false }
        return output.hasSameElements(as: embedding)
    }

    /// The same tensors without what distributed (`module.`) or compiled (`_orig_mod.`) runs put before each
    /// name.
    package var withoutRunPrefixes: StateDictionary {
        guard names.contains(where: { $0.withoutRunPrefixes.count != $0.count }) else { return self }
        var result = StateDictionary()
        for name in names { result[String(name.withoutRunPrefixes)] = self[name] }
        return result
    }
}

extension String {
    /// A parameter's name without what distributed (`module.`) or compiled (`_orig_mod.`) runs put before it.
    package var withoutRunPrefixes: Substring {
        var name = self[...]
        while let prefix = ["module.", "_orig_mod."].first(where: { name.hasPrefix($0) }) { name = name.dropFirst(prefix.count) }
        return name
    }
}
