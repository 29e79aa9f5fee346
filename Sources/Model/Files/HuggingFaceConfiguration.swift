import Tensor

/// What a Hugging Face `config.json` says of a model.
public struct HuggingFaceConfiguration: Sendable, Equatable {
    /// The `model_type`: which class the folder is made for.
    public let modelType: String
    /// The sizes, and what the model computes.
    public internal(set) var model: ModelConfiguration
    /// The ids of its special tokens.
    public let tokens: SpecialTokens

    /// Reads a configuration. What is left out has the value that the class gives it.
    ///
    /// - Parameters:
    ///   - json: the content of `config.json`
    ///   - weights: by whose keys the generation of a `minimind` is known; `nil` to go by the configuration alone
    /// - Throws: ``ModelError/unsupported(_:)`` for another architecture, or a feature that no model has here;
    ///   ``ModelError/configuration(_:)`` for numbers that no model has
    public init(_ json: JSON, keysOf weights: StateDictionary? = nil) throws(ModelError) {
        guard json.object != nil else { throw .configuration("the configuration is not a JSON object") }
        let given = ConfigurationFields(json, weights: weights)
        guard let form = try ModelFamily.named(by: given).huggingFace else {
            preconditionFailure("a family that is found by its class has one")
        }
        modelType = form.modelType
        try given.refuseUnsupported()
        let fields = try given.ofTexts(form)
        try fields.refuseUnsupported()
        if !form.hasPartialRotation { try fields.refusePartialRotation() }
        model = try form.read(fields)
        try model.checkNumbers()
        tokens = SpecialTokens(
            beginning: try fields.integer("bos_token_id"), ends: try fields.integers("eos_token_id"),
            padding: try fields.integer("pad_token_id"))
    }

    /// The `config.json` of a model, as all versions of transformers from 4.51 on read it.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where no class computes the same
    package static func json(
        _ model: ModelConfiguration, tokens: SpecialTokens, as elementType: ElementType
    ) throws(ModelError) -> JSON {
        try json(model, form: ModelFamily.huggingFaceForm(of: model), tokens: tokens, as: elementType)
    }

    /// The settings of a model in the form of a class.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where the class does not compute the same
    static func json(
        _ model: ModelConfiguration, form: ModelFamily.HuggingFace, tokens: SpecialTokens, as elementType: ElementType
    ) throws(ModelError) -> JSON {
        var json: JSONObject = [
            "architectures": [.string(form.className)], "model_type": .string(form.modelType),
            "vocab_size": .integer(model.vocabularySize), "hidden_size": .integer(model.dim),
            "intermediate_size": .integer(model.hiddenDim), "num_hidden_layers": .integer(model.layerCount),
            "num_attention_heads": .integer(model.headCount), "num_key_value_heads": .integer(model.keyValueHeadCount),
            "hidden_act": .string(model.activation.huggingFaceName), "max_position_embeddings": .integer(model.huggingFacePositions),
            "rms_norm_eps": .number(model.normEpsilon.shortest), "rope_theta": .number(model.ropeTheta.shortest),
            "tie_word_embeddings": .bool(model.tiesEmbedding), "initializer_range": 0.02, "use_cache": true,
        ]
        try form.write(model, &json)
        json.set(tokens, elementType)
        let written = JSON.object(json)
        // A family that leaves out what its class does not compute would write another model.
        var read = try HuggingFaceConfiguration(written).model
        read.family = model.family
        if let difference = model.differenceInComputation(from: read) {
            throw .unsupported("\(form.className) of transformers does not compute \(difference); write the model as a state dict")
        }
        return written
    }
}

extension ModelConfiguration {
    /// A fact in which another model computes something else, in words; `nil` where both compute the same.
    ///
    /// Rotary scalings and experts do not count: each form says by itself what it has of them.
    func differenceInComputation(from other: ModelConfiguration) -> String? {
        if layerKinds != other.layerKinds { return "layers of the kinds that the model has" }
        if biases != other.biases { return "biases on \(biases.map(\.rawValue).sorted().joined(separator: ", "))" }
        if fusesQueryKeyValue != other.fusesQueryKeyValue || fusesGateUp != other.fusesGateUp {
            return "projections that are one, or apart, as in the model"
        }
        if gatesAttention != other.gatesAttention { return "a gate of attention as the model has it" }
        if turnedDim != other.turnedDim { return "heads of which \(turnedDim) values turn" }
        if queryKeyNorm != other.queryKeyNorm { return "norms of queries and keys as the model has them" }
        if normPlaces != other.normPlaces || normOffset != other.normOffset { return "norms as the model has them" }
        if activation != other.activation { return "the activation \(activation)" }
        if unrotatedLayers != other.unrotatedLayers { return "layers that are not turned as in the model" }
        if attentionTemperature != other.attentionTemperature { return "queries that grow with their position" }
        if windows != other.windows { return "windows of attention as the model has them" }
        for (one, two, name) in [
            (attentionSoftCap ?? 0, other.attentionSoftCap ?? 0, "a soft cap of attention"),
            (logitsSoftCap ?? 0, other.logitsSoftCap ?? 0, "a soft cap of the logits"),
            (windowedRopeTheta ?? 0, other.windowedRopeTheta ?? 0, "a rotary base in layers with a window"),
            (scaleOfAttention, other.scaleOfAttention, "an attention scale"),
            (embeddingMultiplier, other.embeddingMultiplier, "an embedding multiplier"),
            (residualMultiplier, other.residualMultiplier, "a residual multiplier"),
            (logitsMultiplier, other.logitsMultiplier, "a logits multiplier"),
        ] where abs(one - two) > 1e-6 * abs(two) {
            return "\(name) of \(one)"
        }
        if tiesEmbedding != other.tiesEmbedding { return "an output projection as the model has it" }
        if (experts == nil) != (other.experts == nil) || denseLayers != other.denseLayers { return "experts as the model has them" }
        return nil
    }

    /// Writes what all classes but MiniMind's have of heads and rotary angles.
    func writeAttention(to json: inout JSONObject) throws(ModelError) {
        json["head_dim"] = .integer(headDim)
        if let rotaryDim { json["partial_rotary_factor"] = .number(part(rotaryDim)) }
        json["rope_scaling"] = try huggingFaceRotaryScaling()
        // Where transformers 4 looks for it.
        if case .longRoPE(let scaling)? = ropeScaling {
            json["original_max_position_embeddings"] = .integer(scaling.originalPositions)
        }
        json["attention_dropout"] = 0.0
    }

    /// What ``ConfigurationFields/layerKinds(_:_:_:)`` reads.
    func layerTypes(besidesAttention name: String) -> JSON {
        .array((0..<layerCount).map { .string(kind(ofLayer: $0) == .attention ? ConfigurationFields.full : name) })
    }

    /// Writes what ``ConfigurationFields/readAttentionBias(into:)`` reads.
    func writeAttentionBias(to json: inout JSONObject) throws(ModelError) {
        json["attention_bias"] = .bool(try hasBiases(on: [.query, .key, .value, .output]))
    }

    /// Writes what ``ConfigurationFields/readFeedForwardBias(into:)`` reads.
    func writeFeedForwardBias(to json: inout JSONObject) throws(ModelError) {
        json["mlp_bias"] = .bool(try hasBiases(on: [.gate, .up, .down]))
    }

    /// What the products of queries and keys are multiplied by.
    var scaleOfAttention: Float { attentionScale ?? 1 / Float(headDim).squareRoot() }

    /// Whether all of some linear layers have a bias.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where only some of them have one
    func hasBiases(on roles: Set<LinearRole>) throws(ModelError) -> Bool {
        let found = biases.intersection(roles)
        guard found.isEmpty || found == roles else {
            throw .unsupported(
                "biases on \(found.map(\.rawValue).sorted().joined(separator: ", ")) alone are in no class of transformers; write the model as a state dict"
            )
        }
        return !found.isEmpty
    }
}

// MARK: - What classes have in common

extension ConfigurationFields {
    /// A model of the sizes that all classes call alike.
    ///
    /// - Parameters: what the class takes where the settings say nothing; `nil` for what follows from other sizes
    ///   - hasWindows: whether layers of the class may have a window, which the caller reads
    ///   - rotary: the rotary settings where they do not stand where those of most classes do
    ///   - originalPositions: the positions of the first training; `nil` for `contextLength`
    ///   - defaultRotation: the share of a head that turns
    func model(
        _ family: ModelFamily, keyValueHeadCount: Int? = nil, headDim: Int? = nil, hiddenDim: Int? = nil, contextLength: Int,
        normEpsilon: Float = 1e-6, ropeTheta: Float = 10000, tiesEmbedding: Bool = false, activation: Activation = .silu,
        activationKey: String = "hidden_act", experts: ExpertConfiguration? = nil, hasWindows: Bool = false,
        rotary: ConfigurationFields? = nil, originalPositions: Int? = nil, defaultRotation: Double = 1
    ) throws(ModelError) -> ModelConfiguration {
        let heads = try needed("num_attention_heads")
        let positions = try integer("max_position_embeddings") ?? contextLength
        var hidden = hiddenDim
        if hidden == nil { hidden = try needed("intermediate_size") }
        var model = try ModelConfiguration(
            family: family, dim: try needed("hidden_size"), layerCount: try needed("num_hidden_layers"), headCount: heads,
            keyValueHeadCount: try integer("num_key_value_heads") ?? keyValueHeadCount ?? heads,
            headDim: try integer("head_dim") ?? headDim, vocabularySize: try needed("vocab_size"), hiddenDim: hidden ?? 0,
            normEpsilon: try number("rms_norm_eps") ?? normEpsilon, contextLength: positions, experts: experts)
        model.tiesEmbedding = try bool("tie_word_embeddings") ?? tiesEmbedding
        if !hasWindows { try refuseLayerTypes() }
        model.activation = try self.activation(activationKey) ?? activation
        try model.readRotary(
            self, parameters: rotary, defaultTheta: ropeTheta, originalPositions: originalPositions, defaultRotation: defaultRotation)
        return model
    }

    /// The settings of texts: those in `text_config`, where a model reads more than texts.
    fileprivate func ofTexts(_ form: ModelFamily.HuggingFace) throws(ModelError) -> ConfigurationFields {
        guard let outer = form.outerModelType, try text("model_type") == outer else { return self }
        guard let inner = self["text_config"], inner.object != nil else {
            throw .configuration("there is no 'text_config', which a model of type '\(outer)' has")
        }
        let fields = ConfigurationFields(inner, weights: weights)
        let type = try fields.text("model_type") ?? form.modelType
        guard type == form.modelType else {
            throw .unsupported("'text_config' is of the type '\(type.prefix(60))'; \(form.modelType) is read here")
        }
        return fields
    }

    /// The biases that `attention_bias` switches on.
    func readAttentionBias(into model: inout ModelConfiguration) throws(ModelError) {
        if try bool("attention_bias") ?? false { model.biases.formUnion([.query, .key, .value, .output]) }
    }

    /// The biases that `mlp_bias` switches on.
    func readFeedForwardBias(into model: inout ModelConfiguration) throws(ModelError) {
        if try bool("mlp_bias") ?? false { model.biases.formUnion([.gate, .up, .down]) }
    }

    /// Refuses attention to later tokens, where Gemma's classes are told to have it.
    func refuseBidirectionalAttention() throws(ModelError) {
        if try bool("use_bidirectional_attention") ?? false {
            throw .unsupported("'use_bidirectional_attention' is true: a token that attends to later ones is not supported")
        }
    }

    /// The activation under a key; `nil` where it is missing.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` for one that is not computed here
    func activation(_ key: String) throws(ModelError) -> Activation? {
        guard let name = try text(key) else { return nil }
        guard let activation = Activation(huggingFaceName: name) else {
            throw .unsupported("'\(key)' is '\(name.prefix(40))'; silu, gelu, gelu_pytorch_tanh and sigmoid are the activations here")
        }
        return activation
    }

    /// Refuses what would make another model of the same weights, in whatever class.
    func refuseUnsupported() throws(ModelError) {
        _ = try packedWeights()
        if try bool("is_causal") == false {
            throw .unsupported("'is_causal' is false: a token that attends to later ones is not supported")
        }
    }

    /// Refuses heads that turn in part, for classes whose heads turn whole.
    func refusePartialRotation() throws(ModelError) {
        for place in [self, try object("rope_parameters"), try object("rope_scaling")] {
            if let part = try place?.number("partial_rotary_factor"), part != 1 {
                throw .unsupported("'partial_rotary_factor' is \(part); whole heads are turned here")
            }
        }
    }

    /// Which layers have a sliding window of attention, and how wide it is.
    ///
    /// - Parameters:
    ///   - switchedBy: the key that switches windows on; `nil` where a width alone does
    ///   - width: what the class takes where `sliding_window` is missing; where it is null there is no window
    ///   - isWindowed: whether a layer has one where `layer_types` does not say it
    func readWindows(
        into model: inout ModelConfiguration, switchedBy: String? = nil, width: Int? = nil, isWindowed: (Int) -> Bool
    ) throws(ModelError) {
        var window = try integer("sliding_window") ?? (isNull("sliding_window") ? nil : width)
        if let switchedBy, try bool(switchedBy) != true { window = nil }
        let types =
            try layerTypes(model.layerCount)
            ?? (0..<model.layerCount).map { window != nil && isWindowed($0) ? Self.windowed : Self.full }
        var windows: [Int?] = []
        for type in types {
            switch type {
            case Self.full: windows.append(nil)
            case Self.windowed:
                guard let window else {
                    throw .configuration("'layer_types' has '\(Self.windowed)', and there is no 'sliding_window', or it is switched off")
                }
                windows.append(window)
            default: throw .unsupported("'layer_types' has '\(type.prefix(40))'; layers of this kind are not computed here")
            }
        }
        model.windows = windows.allSatisfy { $0 == nil } ? [] : windows
    }

    /// The rotary settings of layers without a window, where they stand apart, and the base of those with one.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where angles of layers with a window are scaled
    func rotaryByLayer() throws(ModelError) -> (full: ConfigurationFields?, windowedTheta: Float?) {
        let nested = try object("rope_parameters")
        let windowed = try nested?.object(Self.windowed)
        if let type = try windowed?.text("rope_type"), type != "default" {
            throw .unsupported("the rotary scaling '\(type.prefix(40))' in layers with a window is not supported")
        }
        return (try nested?.object(Self.full), try windowed?.number("rope_theta"))
    }

    /// Refuses layers that differ in their attention, for classes that have none.
    func refuseLayerTypes() throws(ModelError) {
        let types = self["layer_types"]?.array?.map { $0.string ?? "?" } ?? []
        if let other = types.first(where: { $0 != Self.full }) {
            throw .unsupported("'layer_types' has '\(other.prefix(40))'; every layer attends to all tokens here")
        }
    }

    /// What `layer_types` says of each layer; `nil` where it is missing.
    func layerTypes(_ count: Int) throws(ModelError) -> [String]? {
        guard let list = self["layer_types"] else { return nil }
        let types = list.array?.compactMap(\.string) ?? []
        guard types.count == count else {
            throw .configuration("'layer_types' has \(types.count) texts for \(count) layers")
        }
        return types
    }

    /// What reads other tokens in each layer, where layers of attention and of one other kind are mixed.
    ///
    /// - Parameters:
    ///   - types: of each layer
    ///   - name: what the class calls the other kind
    /// - Returns: empty where no layer is of that kind
    func layerKinds(_ types: [String], _ name: String, _ kind: LayerKind) throws(ModelError) -> [LayerKind] {
        var kinds: [LayerKind] = []
        for type in types {
            switch type {
            case Self.full: kinds.append(.attention)
            case name: kinds.append(kind)
            default: throw .unsupported("'layer_types' has '\(type.prefix(40))'; layers of this kind are not computed here")
            }
        }
        return kinds.contains(kind) ? kinds : []
    }

    static let full = "full_attention"
    fileprivate static let windowed = "sliding_attention"
}

extension ModelConfiguration {
    /// Writes what ``ConfigurationFields/readWindows(into:switchedBy:width:isWindowed:)`` reads.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where windows differ from layer to layer
    func writeWindows(to json: inout JSONObject, switchedBy: String? = nil) throws(ModelError) {
        let widths = Set(windows.compactMap { $0 })
        guard widths.count <= 1 else {
            throw .unsupported(
                "classes of transformers have windows of one width, not of \(widths.sorted()); write the model as a state dict")
        }
        if let switchedBy { json[switchedBy] = .bool(!widths.isEmpty) }
        json["sliding_window"] = widths.first.map(JSON.integer) ?? .null
        json["layer_types"] = .array(
            (0..<layerCount).map {
                .string(window(ofLayer: $0) == nil ? ConfigurationFields.full : ConfigurationFields.windowed)
            })
    }
}

extension Activation {
    /// The activation that transformers calls so; `nil` where it is not computed here.
    init?(huggingFaceName name: String) {
        switch name {
        case "silu", "swish": self = .silu
        case "gelu", "gelu_python": self = .gelu
        case "gelu_pytorch_tanh", "gelu_new", "gelu_fast", "gelu_accurate": self = .tanhGELU
        case "sigmoid": self = .sigmoid
        default: return nil
        }
    }

    /// What transformers calls it.
    var huggingFaceName: String {
        switch self {
        case .silu: "silu"
        case .gelu: "gelu"
        case .tanhGELU: "gelu_pytorch_tanh"
        case .sigmoid: "sigmoid"
        }
    }
}
