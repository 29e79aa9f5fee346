import Tensor

/// The sizes of a transformer, and the facts of what it computes.
public struct ModelConfiguration: Sendable, Equatable {
    /// What kind of model it is, and how files describe it. What it computes is said by everything else here.
    public var family: ModelFamily
    /// The width of the residual stream.
    public var dim: Int
    /// The number of transformer layers.
    public var layerCount: Int
    /// Heads of queries.
    public var headCount: Int
    /// Heads of keys and values; each serves `headCount / keyValueHeadCount` query heads.
    public var keyValueHeadCount: Int
    /// The width of a head.
    public var headDim: Int
    /// The number of tokens that the embedding has rows for.
    public var vocabularySize: Int
    /// The width inside the feed-forward layer.
    public var hiddenDim: Int
    /// Added to the mean square before the root of a norm.
    public var normEpsilon: Float
    /// Which linear layers have a bias.
    public var biases: Set<LinearRole> = []
    /// Whether queries, keys and values are made by one linear layer, as Phi-3 has it.
    public var fusesQueryKeyValue = false
    /// Whether gate and up of a feed-forward layer are one linear layer.
    public var fusesGateUp = false
    /// Which values of a head turn together.
    public var rotaryLayout: RotaryLayout = .rotateHalf
    /// How many values of a head turn, the first ones; `nil` for all.
    public var rotaryDim: Int?
    /// The base of the rotary angles.
    public var ropeTheta: Float = Self.publishedTheta
    /// How the rotary angles are stretched for texts longer than those of the training.
    public var ropeScaling: RotaryScaling?
    /// How many positions the model is said to read. Files carry it along; nothing here is bound by it.
    public var contextLength: Int
    /// What reads other tokens in each layer; empty where all layers have attention.
    public var layerKinds: [LayerKind] = []
    /// Where norms stand in a layer.
    public var normPlaces = NormPlaces.before
    /// What norms add to their weight: 1 in Gemma, whose norms multiply by `1 + w`.
    public var normOffset: Float = 0
    /// Whether queries and keys are normed, and over what.
    public var queryKeyNorm = QueryKeyNorm.none
    /// Whether the projection of queries makes a gate too, a head's beside its queries, by whose sigmoid what the head returns is
    /// multiplied (Qwen3.5).
    public var gatesAttention = false
    /// The function between the products of a feed-forward layer.
    public var activation = Activation.silu
    /// What the products of queries and keys are multiplied by; `nil` for `1 / sqrt(headDim)`.
    public var attentionScale: Float?
    /// What queries are multiplied by at positions beyond those of the first training; `nil` for nothing.
    public var attentionTemperature: AttentionTemperature?
    /// What no product of a query and a key, so multiplied, exceeds in magnitude: `cap tanh(score / cap)`; `nil` for no cap.
    public var attentionSoftCap: Float?
    /// How many keys each layer's queries see at the most, the last ones, their own among them; `nil` in it for all of them,
    /// and empty where no layer has a window.
    public var windows: [Int?] = []
    /// The base of the rotary angles in layers with a window, which are never scaled; `nil` where they are as in all layers.
    public var windowedRopeTheta: Float?
    /// The layers whose queries and keys are not turned, counted from 0.
    public var unrotatedLayers: Set<Int> = []
    /// What the rows of the embedding are multiplied by.
    public var embeddingMultiplier: Float = 1
    /// What attention and feed-forward layers return is multiplied by this before the residual sum.
    public var residualMultiplier: Float = 1
    /// What the logits are multiplied by.
    public var logitsMultiplier: Float = 1
    /// What no logit, so multiplied, exceeds in magnitude: `cap tanh(logit / cap)`; `nil` for no cap.
    public var logitsSoftCap: Float?
    /// Whether the output projection is the embedding.
    public var tiesEmbedding = true
    /// The mixture of experts in place of each feed-forward layer; `nil` for a dense model.
    public var experts: ExpertConfiguration?
    /// The layers that have a feed-forward layer all the same, counted from 0.
    public var denseLayers: Set<Int> = []

    /// The base of the rotary angles of every published MiniMind.
    static let publishedTheta: Float = 1e6

    /// A MiniMind of a generation.
    ///
    /// - Parameters: sizes that are `nil` are those of the published model of the generation; `headDim` is
    ///   `dim / headCount`
    /// - Throws: ``ModelError/configuration(_:)`` where the sizes do not fit together.
    public init(
        generation: ModelGeneration = .v2Classic, dim: Int? = nil, layerCount: Int = 8, headCount: Int = 8,
        keyValueHeadCount: Int? = nil, headDim: Int? = nil, vocabularySize: Int = 6400, hiddenDim: Int? = nil,
        experts: ExpertConfiguration? = nil
    ) throws(ModelError) {
        let dim = dim ?? generation.defaultDim
        guard dim > 0, dim < 1 << 31 else { throw Self.impossibleSizes }
        var experts = experts
        experts?.normalizesSingleWeight = generation == .v3
        try self.init(
            family: generation.family, dim: dim, layerCount: layerCount, headCount: headCount,
            keyValueHeadCount: keyValueHeadCount ?? generation.defaultKeyValueHeadCount, headDim: headDim,
            vocabularySize: vocabularySize, hiddenDim: hiddenDim ?? generation.defaultHiddenDim(dim),
            normEpsilon: generation.defaultNormEpsilon, contextLength: generation.defaultContextLength, experts: experts)
        normalizesHeads = generation == .v3
        rotaryLayout = generation.rotaryLayout
    }

    private static let impossibleSizes = ModelError.configuration("every size of a model is at least 1, and none is beyond all bounds")

    /// A model of a family that is as a Llama in all that is not said.
    ///
    /// - Parameter headDim: `nil` for `dim / headCount`
    /// - Throws: ``ModelError/configuration(_:)`` where the sizes do not fit together.
    public init(
        family: ModelFamily, dim: Int, layerCount: Int, headCount: Int, keyValueHeadCount: Int, headDim: Int? = nil,
        vocabularySize: Int, hiddenDim: Int, normEpsilon: Float = 1e-6, contextLength: Int, experts: ExpertConfiguration? = nil
    ) throws(ModelError) {
        self.family = family
        self.dim = dim
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.vocabularySize = vocabularySize
        self.experts = experts
        self.normEpsilon = normEpsilon
        self.contextLength = contextLength
        let sizes = [dim, layerCount, headCount, keyValueHeadCount, headDim ?? 1, vocabularySize, hiddenDim]
        // Facts are kept layer by layer, so a number of layers that no model has would take all memory.
        guard sizes.allSatisfy({ $0 > 0 && $0 < 1 << 31 }), layerCount <= Self.maximumLayers else { throw Self.impossibleSizes }
        self.hiddenDim = hiddenDim
        self.headDim = headDim ?? dim / headCount
        guard headDim != nil || dim % headCount == 0, self.headDim % 2 == 0, self.headDim > 0 else {
            throw .configuration("dim \(dim) does not divide into \(headCount) heads of even width; change --dim or --n_heads")
        }
        guard headCount % self.keyValueHeadCount == 0 else {
            throw .configuration(
                "\(headCount) heads cannot share \(self.keyValueHeadCount) heads of keys and values; change --n_heads or --n_kv_heads")
        }
        try checkExperts()
    }

    /// - Throws: ``ModelError/configuration(_:)`` where tokens cannot be dealt to the experts
    func checkExperts() throws(ModelError) {
        if let experts {
            guard experts.count > 0, experts.count < 1 << 20, experts.perToken > 0, experts.perToken <= experts.count,
                experts.sharedCount >= 0, experts.sharedCount < 1 << 20, experts.hiddenDim.map({ $0 > 0 && $0 < 1 << 31 }) ?? true
            else {
                throw .configuration(
                    "a token cannot go to \(experts.perToken) of \(experts.count) experts and \(experts.sharedCount) shared ones")
            }
        }
    }

    /// Far above those of any real model.
    static let maximumPositions = 1 << 40
    private static let maximumLayers = 1 << 16

    /// Far above those of any real model.
    private static let maximumKernelLength = 1 << 10

    /// Looks at what can be set after the initializers.
    ///
    /// - Throws: ``ModelError/configuration(_:)``
    func checkNumbers() throws(ModelError) {
        guard normEpsilon > 0, normEpsilon < 1 else {
            throw .configuration("the norms' epsilon is \(normEpsilon); it lies between 0 and 1")
        }
        guard ropeTheta > 1, ropeTheta.isFinite else {
            throw .configuration("the base of the rotary angles is \(ropeTheta); it is above 1")
        }
        guard contextLength > 0, contextLength < Self.maximumPositions else {
            throw .configuration("\(contextLength) positions are none that a model could have")
        }
        guard windows.isEmpty || windows.count == layerCount, windows.allSatisfy({ $0 ?? 1 > 0 }) else {
            throw .configuration("the windows of attention are for \(windows.count) layers, or are not at least 1")
        }
        guard layerKinds.isEmpty || layerKinds.count == layerCount else {
            throw .configuration("there are \(layerKinds.count) kinds of layers for \(layerCount) layers")
        }
        for kind in layerKinds { try Self.check(kind) }
        guard windowedRopeTheta ?? 2 > 1, windowedRopeTheta?.isFinite ?? true else {
            throw .configuration("the base of the rotary angles in layers with a window is \(windowedRopeTheta ?? 0); it is above 1")
        }
        guard turnedDim > 0, turnedDim % 2 == 0, turnedDim <= headDim else {
            throw .configuration("\(turnedDim) of the \(headDim) values of a head cannot turn in pairs")
        }
        for (name, number) in [
            ("soft cap of attention", attentionSoftCap ?? 1), ("soft cap of the logits", logitsSoftCap ?? 1),
            ("multiplier of the embedding", embeddingMultiplier), ("multiplier of the residual", residualMultiplier),
            ("multiplier of the logits", logitsMultiplier),
            ("multiplier of the attention", attentionScale ?? 1),
        ] where !(number.isFinite && number > 0) {
            throw .configuration("the \(name) is \(number); it is above 0")
        }
        if let experts, !experts.auxiliaryCoefficient.isFinite || experts.auxiliaryCoefficient < 0 {
            throw .configuration("the factor of the auxiliary loss is \(experts.auxiliaryCoefficient); it is 0 or more")
        }
        try ropeScaling?.check(headDim: turnedDim)
        try checkTemperature()
    }

    private static func check(_ kind: LayerKind) throws(ModelError) {
        let length: Int
        switch kind {
        case .attention: return
        case .shortConvolution(let kernelLength, _): length = kernelLength
        case .gatedDeltaNet(let heads, let kernelLength):
            length = kernelLength
            let sizes = [heads.keyHeads, heads.valueHeads, heads.keyDim, heads.valueDim]
            guard sizes.allSatisfy({ (1..<1 << 20).contains($0) }), heads.valueHeads % heads.keyHeads == 0 else {
                throw .configuration(
                    "\(heads.valueHeads) heads of \(heads.valueDim) values cannot share \(heads.keyHeads) heads of \(heads.keyDim) keys in linear attention"
                )
            }
        }
        guard (1...maximumKernelLength).contains(length) else {
            throw .configuration("a convolution over \(length) tokens is not possible; 1 to \(maximumKernelLength) are")
        }
    }

    /// Whether queries and keys are normed head by head before they are turned.
    public var normalizesHeads: Bool {
        get { queryKeyNorm == .perHead }
        set { queryKeyNorm = newValue ? .perHead : .none }
    }

    /// Whether the weights of a token's experts are divided by their sum; false of a model without experts.
    public var dividesExpertWeights: Bool {
        experts.map { $0.normalizesWeights && ($0.normalizesSingleWeight || $0.perToken > 1) } ?? false
    }

    /// How many values of a head turn.
    var turnedDim: Int { rotaryDim ?? headDim }

    /// The width of all heads' queries.
    public var queryDim: Int { headCount * headDim }

    /// The width of what the projection of queries makes: them, and their gates where they have some.
    var queryWidth: Int { gatesAttention ? 2 * queryDim : queryDim }

    /// The width of keys and of values.
    public var keyValueDim: Int { keyValueHeadCount * headDim }

    /// How many layers have experts.
    package var expertLayerCount: Int { (0..<layerCount).count { experts(ofLayer: $0) != nil } }

    /// The mixture of experts of a layer; `nil` where it has a feed-forward layer.
    func experts(ofLayer index: Int) -> ExpertConfiguration? { denseLayers.contains(index) ? nil : experts }

    /// How many keys a layer's queries see at the most; `nil` for all.
    func window(ofLayer index: Int) -> Int? { windows.isEmpty ? nil : windows[index] }

    /// What reads other tokens in a layer.
    func kind(ofLayer index: Int) -> LayerKind { layerKinds.isEmpty ? .attention : layerKinds[index] }

    /// How many tokens' keys or inputs a layer's mixer reads at the most, the last ones; `nil` for all.
    func reach(ofLayer index: Int) -> Int? {
        switch kind(ofLayer: index) {
        case .attention: window(ofLayer: index)
        case .shortConvolution(let length, _), .gatedDeltaNet(_, let length): length
        }
    }

    /// What the parameters are called in a state dict of the model.
    public var naming: ParameterNaming { family.naming }

    /// The generation of MiniMind whose state dicts have the same keys; `nil` where none has.
    public var generation: ModelGeneration? { family.generation }
}

/// What reads other tokens in a layer.
public enum LayerKind: Sendable, Hashable {
    /// Attention to all tokens so far, or those of a window.
    case attention
    /// A gated causal convolution of each channel (LFM2).
    ///
    /// - Parameters:
    ///   - kernelLength: how many tokens it reads, the last ones, its own among them
    ///   - hasBias: whether the convolution itself has a bias; those of its projections are among the biases of linear layers
    case shortConvolution(kernelLength: Int, hasBias: Bool)
    /// Linear attention by the gated delta rule (Qwen3.5): a state a head stands for all tokens so far.
    ///
    /// - Parameter kernelLength: how many tokens the convolution before it reads, the last ones, its own among them
    case gatedDeltaNet(DeltaHeads, kernelLength: Int)
}

/// Where norms stand in a layer.
public enum NormPlaces: Sendable {
    /// Before attention and feed-forward layer (Llama).
    case before
    /// After them, before the residual sum (OLMo 2).
    case after
    /// Before and after (Gemma 2).
    case both
}

/// Whether queries and keys are normed, and over what.
public enum QueryKeyNorm: Sendable {
    /// Not normed.
    case none
    /// Head by head, before they are turned (Qwen3).
    case perHead
    /// Head by head, after they are turned (HunYuan).
    case perHeadAfterRotation
    /// Over all heads together, before they are turned (OLMo 2).
    case wholeWidth
}
