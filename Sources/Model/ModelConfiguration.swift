/// The sizes of a MiniMind transformer of the `v2-classic` generation.
public struct ModelConfiguration: Sendable, Equatable {
    /// The width of the residual stream.
    public var dim = 512
    public var layerCount = 8
    public var headCount = 8
    /// Heads of keys and values; each serves `headCount / keyValueHeadCount` query heads.
    public var keyValueHeadCount = 2
    public var vocabularySize = 6400
    /// The width inside the feed-forward layer.
    public var hiddenDim: Int
    /// Added to the mean square before the root of a norm.
    public var normEpsilon: Float = 1e-5
    /// The base of the rotary angles.
    public var ropeTheta: Float = 1e6

    /// - Parameter hiddenDim: `nil` for the published rule: 2/3 · 4 · dim, rounded up to a multiple of 64.
    /// - Throws: ``ModelError/configuration(_:)`` where the sizes do not fit together.
    public init(
        dim: Int = 512, layerCount: Int = 8, headCount: Int = 8, keyValueHeadCount: Int = 2,
        vocabularySize: Int = 6400, hiddenDim: Int? = nil
    ) throws(ModelError) {
        self.dim = dim
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.vocabularySize = vocabularySize
        self.hiddenDim = hiddenDim ?? (8 * dim / 3 + 63) / 64 * 64
        guard dim > 0, layerCount > 0, headCount > 0, keyValueHeadCount > 0, vocabularySize > 0, self.hiddenDim > 0 else {
            throw .configuration("every size of a model is at least 1")
        }
        guard dim % headCount == 0, (dim / headCount) % 2 == 0 else {
            throw .configuration("dim \(dim) does not divide into \(headCount) heads of even width; change --dim or --n_heads")
        }
        guard headCount % keyValueHeadCount == 0 else {
            throw .configuration("\(headCount) heads cannot share \(keyValueHeadCount) heads of keys and values; change --n_heads or --n_kv_heads")
        }
    }

    /// The width of a head.
    public var headDim: Int { dim / headCount }

    /// The width of keys and of values.
    public var keyValueDim: Int { keyValueHeadCount * headDim }
}
