import Tensor

/// MiniMind of the `v2-classic` generation: a Llama-like transformer with grouped-query attention,
/// interleaved rotary embeddings and an output projection tied to the embedding.
public final class MiniMind {
    public let configuration: ModelConfiguration
    /// `[vocabulary, dim]`; also the output projection.
    public let embedding: Tensor
    public let layers: [TransformerLayer]
    /// The weight of the last norm, `[dim]`.
    public let norm: Tensor
    /// Every parameter under its name in the published state dict, in its order, the tied output
    /// projection left out.
    public let parameters: [(name: String, tensor: Tensor)]

    /// Whether training keeps no more than the input of each layer and computes the layer again in the
    /// backward pass: for long sequences.
    public var checkpointsLayers = false

    private var rotary: RotaryTable

    /// Builds the model from parameters that `parameter` supplies by name and shape.
    init(_ configuration: ModelConfiguration, parameter: (_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor) throws(ModelError) {
        self.configuration = configuration
        var parameters: [(name: String, tensor: Tensor)] = []
        func take(_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor {
            let tensor = try parameter(name + ".weight", shape)
            parameters.append((name + ".weight", tensor))
            return tensor
        }
        func takeLinear(_ name: String, _ output: Int, _ input: Int) throws(ModelError) -> Linear {
            Linear(name: name, weight: try take(name, [output, input]))
        }
        let (dim, hidden, keyValueDim) = (configuration.dim, configuration.hiddenDim, configuration.keyValueDim)
        embedding = try take("tok_embeddings", [configuration.vocabularySize, dim])
        var layers: [TransformerLayer] = []
        for index in 0..<configuration.layerCount {
            let prefix = "layers.\(index)."
            layers.append(
                TransformerLayer(
                    configuration,
                    attentionNorm: try take(prefix + "attention_norm", [dim]),
                    wq: try takeLinear(prefix + "attention.wq", dim, dim),
                    wk: try takeLinear(prefix + "attention.wk", keyValueDim, dim),
                    wv: try takeLinear(prefix + "attention.wv", keyValueDim, dim),
                    wo: try takeLinear(prefix + "attention.wo", dim, dim),
                    ffnNorm: try take(prefix + "ffn_norm", [dim]),
                    w1: try takeLinear(prefix + "feed_forward.w1", hidden, dim),
                    w2: try takeLinear(prefix + "feed_forward.w2", dim, hidden),
                    w3: try takeLinear(prefix + "feed_forward.w3", hidden, dim)))
        }
        self.layers = layers
        norm = try take("norm", [dim])
        self.parameters = parameters
        rotary = RotaryTable(positions: 512, headDim: configuration.headDim, base: configuration.ropeTheta)
    }

    /// Every linear layer that an adapter can join, in the order of the state dict.
    public var linears: [Linear] { layers.flatMap(\.linears) }

    /// The number of values in all parameters, the tied projection counted once.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

    /// The residual stream after the last layer.
    ///
    /// - Parameter outputRows: ascending places in the row whose results are wanted; `nil` for all
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`; float32
    /// - Throws: ``ModelError/tokenOutOfRange(id:vocabularySize:)``, ``ModelError/tooLong(tokens:limit:)``
    public func hiddenStates(
        _ row: TokenRow, cache: KeyValueCache? = nil, outputRows: [Int32]? = nil
    ) throws(ModelError) -> Tensor {
        try check(row.tokens)
        if let cache, cache.count + row.tokens.count > cache.capacity {
            throw .tooLong(tokens: cache.count + row.tokens.count, limit: cache.capacity)
        }
        extendRotary(to: Int(row.positions.max() ?? 0) + 1)
        let plan = self.plan(row.segments)
        let lastPlan = outputRows.map { self.plan(row.segments(of: $0)) } ?? plan
        var x = gatherRows(embedding, row.tokens).converted(to: .float32)
        for (index, layer) in layers.enumerated() {
            let isLast = index == layers.count - 1
            let (rows, plan) = isLast ? (outputRows, lastPlan) : (nil, plan)
            if checkpointsLayers, cache == nil {
                x = checkpointed(x, parameters: layer.trainableParameters) { [rotary] in
                    layer($0, row, plan: plan, rotary: rotary, cache: nil, outputRows: rows)
                }
            } else {
                x = layer(x, row, plan: plan, rotary: rotary, cache: cache?.layers[index], outputRows: rows)
            }
        }
        cache?.advance(by: row.tokens.count)
        return x
    }

    /// Scores of every next token.
    ///
    /// - Parameter hidden: `[rows, dim]`, of ``hiddenStates(_:cache:outputRows:)``
    /// - Returns: `[rows, vocabulary]`
    public func logits(_ hidden: Tensor) -> Tensor {
        linear(rmsNorm(hidden, weight: norm, epsilon: configuration.normEpsilon), embedding)
    }

    /// The mean cross-entropy over the predictions that count; in the last layer, the norm and the
    /// projection nothing is computed for tokens that predict nothing.
    ///
    /// - Parameters:
    ///   - predictions: at least one, ascending by row
    ///   - normalizer: what the sum is divided by; `nil` for the sum of the predictions' weights
    ///   - lossScale: the seed with which `backward` will be called, where it is not 1
    /// - Throws: ``ModelError/tokenOutOfRange(id:vocabularySize:)``
    public func loss(
        _ row: TokenRow, _ predictions: [Prediction], normalizer: Float? = nil, lossScale: Float = 1
    ) throws(ModelError) -> Tensor {
        try check(predictions.map(\.target))
        var rows: [Int32] = []
        // Sequences that part behind a token ask it for several targets.
        let places = predictions.map { prediction in
            if rows.last != prediction.row { rows.append(prediction.row) }
            return Int32(rows.count - 1)
        }
        let hidden = try hiddenStates(row, outputRows: rows)
        let selected = rmsNorm(hidden, weight: norm, epsilon: configuration.normEpsilon)
        return projectedCrossEntropy(
            rows.count == places.count ? selected : gatherRows(selected, places), weight: embedding,
            targets: predictions.map(\.target), weights: predictions.map(\.weight),
            normalizer: normalizer ?? predictions.reduce(0) { $0 + $1.weight }, lossScale: lossScale)
    }

    /// A next token that the loss counts.
    public struct Prediction: Sendable {
        /// The token in the row whose next token it is.
        public let row: Int32
        public let target: Int32
        /// How often it counts.
        public let weight: Float

        public init(row: Int32, target: Int32, weight: Float = 1) {
            self.row = row
            self.target = target
            self.weight = weight
        }
    }

    private func plan(_ segments: [AttentionSegment]) -> AttentionPlan {
        AttentionPlan(segments, heads: configuration.headCount, keyValueHeads: configuration.keyValueHeadCount)
    }

    private func check(_ tokens: [Int32]) throws(ModelError) {
        if let stranger = tokens.first(where: { $0 < 0 || Int($0) >= configuration.vocabularySize }) {
            throw .tokenOutOfRange(id: stranger, vocabularySize: configuration.vocabularySize)
        }
    }

    private func extendRotary(to positions: Int) {
        guard positions > rotary.positions else { return }
        rotary = RotaryTable(
            positions: max(positions, 2 * rotary.positions), headDim: configuration.headDim,
            base: configuration.ropeTheta)
    }
}
