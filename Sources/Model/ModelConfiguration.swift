import Tensor

/// The sizes of a MiniMind transformer and what its generation does differently; with them, any Llama or
/// Qwen3 that Hugging Face's classes of these names describe.
public struct ModelConfiguration: Sendable, Equatable {
    /// What the parameters are called in the state dict.
    public var generation: ModelGeneration
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
    /// The base of the rotary angles.
    public var ropeTheta: Float = Self.publishedTheta
    /// How the rotary angles are stretched for texts longer than those of the training.
    public var ropeScaling: RotaryScaling?
    /// How many positions the model is said to read. Files carry it along; nothing here is bound by it.
    public var contextLength: Int
    /// Whether queries and keys are normed head by head before they are turned.
    public var normalizesHeads: Bool
    /// Whether the output projection is the embedding.
    public var tiesEmbedding = true
    /// The mixture of experts in place of each feed-forward layer; `nil` for a dense model.
    public var experts: ExpertConfiguration?

    /// The base of the rotary angles of every published MiniMind.
    static let publishedTheta: Float = 1e6

    /// A model of a generation's kind.
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
        self.generation = generation
        self.dim = dim
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? generation.defaultKeyValueHeadCount
        self.vocabularySize = vocabularySize
        self.experts = experts
        normEpsilon = generation.defaultNormEpsilon
        contextLength = generation.defaultContextLength
        normalizesHeads = generation == .v3
        let sizes = [dim, layerCount, headCount, self.keyValueHeadCount, headDim ?? 1, vocabularySize, hiddenDim ?? 1]
        guard sizes.allSatisfy({ $0 > 0 && $0 < 1 << 31 }) else {
            throw .configuration("every size of a model is at least 1, and none is beyond all bounds")
        }
        self.hiddenDim = hiddenDim ?? generation.defaultHiddenDim(dim)
        self.headDim = headDim ?? dim / headCount
        guard headDim != nil || dim % headCount == 0, self.headDim % 2 == 0, self.headDim > 0 else {
            throw .configuration("dim \(dim) does not divide into \(headCount) heads of even width; change --dim or --n_heads")
        }
        guard headCount % self.keyValueHeadCount == 0 else {
            throw .configuration(
                "\(headCount) heads cannot share \(self.keyValueHeadCount) heads of keys and values; change --n_heads or --n_kv_heads")
        }
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

    /// Looks at what can be set behind ``init(generation:dim:layerCount:headCount:keyValueHeadCount:headDim:vocabularySize:hiddenDim:experts:)``.
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
        if let experts, !experts.auxiliaryCoefficient.isFinite || experts.auxiliaryCoefficient < 0 {
            throw .configuration("the factor of the auxiliary loss is \(experts.auxiliaryCoefficient); it is 0 or more")
        }
        try ropeScaling?.check(headDim: headDim)
    }

    /// Whether the weights of a token's experts are divided by their sum; false of a model without experts.
    public var dividesExpertWeights: Bool {
        experts.map { generation.dividesWeights(of: $0, normalizing: $0.normalizesWeights) } ?? false
    }

    /// The width of all heads' queries.
    public var queryDim: Int { headCount * headDim }

    /// The width of keys and of values.
    public var keyValueDim: Int { keyValueHeadCount * headDim }

    /// Which values of a head turn together.
    public var rotaryLayout: RotaryLayout { generation.rotaryLayout }
}
