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
        guard let generation = generation ?? ModelGeneration(keysOf: weights) else {
            let isAdapter = weights.names.contains { $0.contains(".lora") }
            throw .unrecognized(
                "these are no weights of a MiniMind: \(weights.names.count) tensors, the first \(weights.sample)"
                    + (isAdapter ? "; this is an adapter, which belongs to --lora_path" : ""))
        }
        let sizes = try ShownSizes(weights, of: generation)
        let given = headCount ?? (sizes.normedHeadDim == nil ? publishedHeadCount : nil)
        guard let heads = try sizes.heads(given, keyValueHeadCount: keyValueHeadCount) else {
            preconditionFailure("the number of heads is given or shown")
        }
        var experts: ExpertConfiguration?
        if let shown = sizes.experts {
            var mixture = generation.defaultExperts
            (mixture.count, mixture.sharedCount) = (shown.routed, shown.shared)
            mixture.perToken = min(mixture.perToken, mixture.count)
            experts = mixture
        }
        var configuration = try ModelConfiguration(
            generation: generation, dim: sizes.dim, layerCount: sizes.layerCount, headCount: heads.count,
            keyValueHeadCount: heads.keyValueCount, headDim: heads.width, vocabularySize: sizes.vocabulary, hiddenDim: sizes.hiddenDim,
            experts: experts)
        configuration.normalizesHeads = sizes.normedHeadDim != nil
        configuration.tiesEmbedding = weights.tiesOutput(generation.naming)
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
        (plain.fusesQueryKeyValue, plain.fusesGateUp, plain.rotaryDim) = (false, false, nil)
        (plain.attentionScale, plain.attentionSoftCap, plain.logitsSoftCap) = (nil, nil, nil)
        (plain.windows, plain.windowedRopeTheta, plain.unrotatedLayers, plain.denseLayers) = ([], nil, [], [])
        (plain.layerKinds, plain.gatesAttention) = ([], false)
        (plain.embeddingMultiplier, plain.residualMultiplier, plain.logitsMultiplier) = (1, 1, 1)
        plain.queryKeyNorm = generation == .v3 ? .perHead : .none
        return differenceInComputation(from: plain)
    }

    /// Whether a reader of a state dict finds the number of heads without being told.
    package var showsHeadCount: Bool { normalizesHeads || headCount == Self.publishedHeadCount }

    /// The number of heads of every published model.
    private static let publishedHeadCount = 8

    /// A line for a person: family, sizes, experts.
    public var summary: String {
        var parts = [
            family.name, "dim \(dim)", "\(layerCount) layers", "\(headCount) heads (\(keyValueHeadCount) of keys and values)",
            "vocabulary \(vocabularySize)",
        ]
        let convolutions = layerKinds.count { if case .shortConvolution = $0 { true } else { false } }
        if convolutions > 0 { parts[2] += " (\(convolutions) of short convolution)" }
        let states = layerKinds.count { if case .gatedDeltaNet = $0 { true } else { false } }
        if states > 0 { parts[2] += " (\(states) of linear attention)" }
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

    /// The same tensors under the names that they have without wrappers around the model.
    package var withoutWrapperPrefixes: StateDictionary {
        guard names.contains(where: { $0.withoutWrapperPrefixes.count != $0.count }) else { return self }
        var result = StateDictionary()
        for name in names { result[String(name.withoutWrapperPrefixes)] = self[name] }
        return result
    }
}

extension StringProtocol {
    /// A parameter's name without what wrappers put before it, in whatever order: distributed (`module.`) and compiled
    /// (`_orig_mod.`) runs, PEFT (`base_model.`), and models of images and texts (`language_model.`).
    package var withoutWrapperPrefixes: Substring {
        let wrappers = ["module.", "_orig_mod.", "base_model.model.", "base_model.", "language_model."]
        let (inner, outer) = ("model.language_model.", "model.")
        var name = Substring(self)
        while true {
            if let wrapper = wrappers.first(where: { name.hasPrefix($0) }) {
                name = name.dropFirst(wrapper.count)
            } else if name.hasPrefix(inner) {
                name = (outer + name.dropFirst(inner.count))[...]
            } else if name.hasPrefix(outer + outer) {
                name = name.dropFirst(outer.count)
            } else {
                return name
            }
        }
    }
}
