import Tensor

/// A whole model in a GGUF file of llama.cpp.
enum GGUFModel {
    static let frequencyDivisors = "rope_freqs.weight"
    /// Those of short texts and of long ones.
    static let lengthDivisors = (short: "rope_factors_short.weight", long: "rope_factors_long.weight")

    /// - Throws: ``ModelError/unsupported(_:)`` for another architecture or a feature that no model has here,
    ///   ``ModelError/configuration(_:)`` for numbers that no model has
    static func read(_ file: GGUFFile) throws(ModelError) -> (ModelConfiguration, StoredWeights, SpecialTokens) {
        guard let name = file.metadata["general.architecture"]?.string else {
            throw .unrecognized("the file names no 'general.architecture'; is it a model?")
        }
        if let type = file.metadata["general.type"]?.string, type != "model" {
            throw .unrecognized("the file holds a '\(type.prefix(40))', not a model")
        }
        let family = try ModelFamily.named(byArchitecture: name)
        guard let form = family.gguf else { preconditionFailure("a family that is found by its architecture has one") }
        if let count = file.metadata["split.count"]?.int, count > 1 {
            throw .unsupported("this is one of \(count) parts of a model; join them with llama.cpp's gguf-split --merge")
        }
        let fields = GGUFFields(metadata: file.metadata, architecture: name)
        let configuration = try configuration(family, form, fields, file.tensors)
        // Layers that predict several tokens come after the model's own.
        let ownLayers = configuration.layerCount
        var tensors = file.tensors
        if try fields.needed("block_count") > ownLayers { tensors = tensors.withoutLayers(from: ownLayers, form.naming) }
        let weights = StoredWeights(tensors, naming: form.naming, rotaryLayout: form.rotaryLayout, normShift: configuration.normOffset)
        let ends = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"].compactMap { file.metadata[$0]?.int }
        let tokens = SpecialTokens(
            beginning: file.metadata["tokenizer.ggml.bos_token_id"]?.int,
            ends: ends.count == 2 && ends[0] == ends[1] ? [ends[0]] : ends,
            padding: file.metadata["tokenizer.ggml.padding_token_id"]?.int)
        return (configuration, weights, tokens)
    }

    private static func configuration(
        _ family: ModelFamily, _ form: ModelFamily.GGUF, _ fields: GGUFFields, _ tensors: StateDictionary
    ) throws(ModelError) -> ModelConfiguration {
        try fields.refuseUnsupported()
        if !form.hasWindows { try fields.refuseWindows() }
        if !form.hasExperts { try fields.refuseExperts() }
        let heads = try fields.needed("attention.head_count")
        let embedding = ParameterNaming.gguf.parameterName(of: .embedding)
        guard let table = tensors[embedding], table.shape.count == 2 else { throw .missingWeight(name: embedding) }
        let denseDim = try fields.integer("feed_forward_length")
        let expertDim = try fields.integer("expert_feed_forward_length")
        guard let hidden = denseDim ?? expertDim else { throw fields.missing("feed_forward_length") }
        var model = try ModelConfiguration(
            family: family, dim: try fields.needed("embedding_length"), layerCount: try fields.needed("block_count"), headCount: heads,
            keyValueHeadCount: try fields.integer("attention.head_count_kv", ignoresZeros: form.hasLayerKinds) ?? heads,
            headDim: try fields.integer("attention.key_length"), vocabularySize: table.shape[0], hiddenDim: hidden,
            contextLength: try fields.integer("context_length") ?? 32768)
        if let valueDim = try fields.integer("attention.value_length"), valueDim != model.headDim {
            throw .unsupported("values of \(valueDim) beside keys of \(model.headDim) a head are not supported")
        }
        guard let epsilon = try fields.number("attention.layer_norm_rms_epsilon") else {
            throw fields.missing("attention.layer_norm_rms_epsilon")
        }
        model.normEpsilon = epsilon
        model.tiesEmbedding = tensors[ParameterNaming.gguf.parameterName(of: .output)] == nil
        model.ropeTheta = try fields.number("rope.freq_base") ?? 10000
        if let turned = try fields.integer("rope.dimension_count"), turned != model.headDim {
            guard form.hasPartialRotation else {
                throw .unsupported("\(turned) of the \(model.headDim) values of a head are turned; whole heads are turned here")
            }
            model.rotaryDim = turned
        }
        model.ropeScaling = try rotaryScaling(form, fields, model, tensors)
        try form.read(fields, tensors, &model)
        try model.checkExperts()
        try model.checkNumbers()
        return model
    }

    private static func rotaryScaling(
        _ form: ModelFamily.GGUF, _ fields: GGUFFields, _ model: ModelConfiguration, _ tensors: StateDictionary
    ) throws(ModelError) -> RotaryScaling? {
        if let scaling = try longRoPE(form, fields, model, tensors) { return scaling }
        // As llama.cpp has it: what names no kind is linear, and a factor of 0 is none.
        let type = try fields.text("rope.scaling.type") ?? "linear"
        let given = try fields.number("rope.scaling.factor", "rope.scale_linear") ?? 1
        let factor = given == 0 ? 1 : given
        var scaling: RotaryScaling?
        switch type {
        case "none": break
        case "linear": scaling = factor == 1 ? nil : .linear(factor: factor)
        case "yarn":
            // What DeepSeek's settings call mscale_all_dim; llama.cpp takes their mscale for 1.
            let ofAll = try fields.number("rope.scaling.yarn_log_multiplier") ?? 0
            let outer = try (fields.number("rope.scaling.yarn_attn_factor") ?? 1) / RotaryScaling.YaRN.attentionFactor(factor, scale: ofAll)
            let attention = try fields.number("rope.scaling.attn_factor") ?? 1
            scaling = .yarn(
                .init(
                    factor: factor, originalPositions: try fields.integer("rope.scaling.original_context_length") ?? model.contextLength,
                    fastTurns: try fields.number("rope.scaling.yarn_beta_fast") ?? 32,
                    slowTurns: try fields.number("rope.scaling.yarn_beta_slow") ?? 1,
                    attentionFactor: outer * attention * RotaryScaling.YaRN.attentionFactor(factor)))
        default: throw .unsupported("the rotary scaling '\(type.prefix(40))' is not supported; none, linear and yarn are")
        }
        if type != "yarn", let attention = try fields.number("rope.scaling.attn_factor"), attention != 1 {
            throw .unsupported("'rope.scaling.attn_factor' is \(attention) without YaRN, which is not supported")
        }
        guard let values = try divisors(frequencyDivisors, model, tensors) else { return scaling }
        guard scaling == nil else { throw .unsupported("'\(frequencyDivisors)' beside the rotary scaling '\(type)' is not supported") }
        return values.allSatisfy { $0 == 1 } ? nil : .divisors(values)
    }

    /// The divisors of short texts and of long ones, where the file has them.
    private static func longRoPE(
        _ form: ModelFamily.GGUF, _ fields: GGUFFields, _ model: ModelConfiguration, _ tensors: StateDictionary
    ) throws(ModelError) -> RotaryScaling? {
        let short = try divisors(lengthDivisors.short, model, tensors)
        let long = try divisors(lengthDivisors.long, model, tensors)
        guard short != nil || long != nil else { return nil }
        guard let short, let long else {
            throw .missingWeight(name: short == nil ? lengthDivisors.short : lengthDivisors.long)
        }
        guard form.hasLengthDivisors else {
            throw .unsupported("'\(lengthDivisors.long)' in the architecture '\(fields.architecture)' is not supported")
        }
        // llama.cpp's converter names no kind for a Phi-3.
        let type = try fields.text("rope.scaling.type") ?? "longrope"
        let factor = try fields.number("rope.scaling.factor", "rope.scale_linear") ?? 1
        guard type == "longrope" || type == "linear" && fields.architecture == "phi3", factor == 0 || factor == 1 else {
            throw .unsupported("'\(lengthDivisors.long)' beside the rotary scaling '\(type.prefix(40))' is not supported")
        }
        guard tensors[frequencyDivisors] == nil else {
            throw .unsupported("'\(frequencyDivisors)' beside '\(lengthDivisors.long)' is not supported")
        }
        return .longRoPE(
            RotaryScaling.LongRoPE(
                shortDivisors: short, longDivisors: long,
                originalPositions: try fields.integer("rope.scaling.original_context_length") ?? model.contextLength,
                attentionFactor: try fields.number("rope.scaling.attn_factor") ?? 1))
    }

    /// The values of a tensor that has one for each pair; `nil` where the file has none.
    private static func divisors(
        _ name: String, _ model: ModelConfiguration, _ tensors: StateDictionary
    ) throws(ModelError) -> [Float]? {
        guard let tensor = tensors[name] else { return nil }
        guard tensor.shape == [model.turnedDim / 2] else {
            throw .shape(name: name, found: tensor.shape, expected: [model.turnedDim / 2])
        }
        do throws(TensorFileError) {
            return try tensor.floats()
        } catch {
            throw .unreadableWeight(name: name, reason: "\(error)")
        }
    }
}

extension GGUFFields {
    /// Refuses what would make another model of the same weights, in whatever architecture.
    func refuseUnsupported() throws(ModelError) {
        if try bool("attention.causal") == false {
            throw .unsupported("'attention.causal' is false: a token that attends to later ones is not supported")
        }
        for key in ["expert_group_count", "expert_group_used_count"] {
            if let groups = try integer(key), groups > 1 {
                throw .unsupported("'\(key)' is \(groups): groups of experts are not supported")
            }
        }
    }

    /// Refuses a window of attention, for architectures that have none here.
    func refuseWindows() throws(ModelError) {
        if let window = try integer("attention.sliding_window"), window > 0 {
            throw .unsupported("a sliding window of attention in the architecture '\(architecture)' is not supported")
        }
    }

    /// Refuses experts, for architectures that have none here.
    func refuseExperts() throws(ModelError) {
        if let count = try integer("expert_count"), count != 0 {
            throw .unsupported("a mixture of experts of the architecture '\(architecture)' is not supported")
        }
    }
}

extension StateDictionary {
    /// The tensors but those of layers from a number on.
    fileprivate func withoutLayers(from first: Int, _ naming: ParameterNaming) -> StateDictionary {
        removing { name in
            guard name.hasPrefix(naming.layerPrefix) else { return false }
            return Int(name.dropFirst(naming.layerPrefix.count).prefix { $0 != "." }).map { $0 >= first } ?? false
        }
    }

    /// The linear layers that have a bias here, by those of the first layer.
    func biases(_ naming: ParameterNaming) -> Set<LinearRole> {
        Set(LinearRole.allCases.filter { self[naming.parameterName(of: .layer(0, .bias($0, nil)))] != nil })
    }
}
