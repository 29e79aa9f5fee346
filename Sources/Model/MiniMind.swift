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

    private var rotary: RotaryTable

    /// Builds the model from parameters that `parameter` supplies by name and shape.
    init(_ configuration: ModelConfiguration, parameter: (_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor) throws(ModelError) {
        self.configuration = configuration
        var parameters: [(name: String, tensor: Tensor)] = []
        func take(_ name: String, _ shape: [Int]) throws(ModelError) -> Tensor {
            let tensor = try parameter(name + ".weight", shape)
            tensor.becomeParameter()
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
    /// - Returns: `[tokens, dim]`
    /// - Throws: ``ModelError/tokenOutOfRange(id:vocabularySize:)``, ``ModelError/tooLong(tokens:limit:)``
    public func hiddenStates(_ row: TokenRow, cache: KeyValueCache? = nil) throws(ModelError) -> Tensor {
        if let stranger = row.tokens.first(where: { $0 < 0 || Int($0) >= configuration.vocabularySize }) {
            throw .tokenOutOfRange(id: stranger, vocabularySize: configuration.vocabularySize)
        }
        if let cache, cache.count + row.tokens.count > cache.capacity {
            throw .tooLong(tokens: cache.count + row.tokens.count, limit: cache.capacity)
        }
        extendRotary(to: Int(row.positions.max() ?? 0) + 1)
        var x = gatherRows(embedding, row.tokens)
        for (index, layer) in layers.enumerated() {
            x = layer(x, row, rotary: rotary, cache: cache?.layers[index])
        }
        cache?.advance(by: row.tokens.count)
        return x
    }

    /// Scores of every next token, at the rows that are asked for.
    ///
    /// - Parameter rows: rows of `hidden`; `nil` for all
    /// - Returns: `[rows, vocabulary]`
    public func logits(_ hidden: Tensor, rows: [Int32]? = nil) -> Tensor {
        let selected = rows.map { gatherRows(hidden, $0) } ?? hidden
        return linear(rmsNorm(selected, weight: norm, epsilon: configuration.normEpsilon), embedding)
    }

    /// The mean cross-entropy over the positions that count; the last norm and the projection are
    /// computed at those alone.
    ///
    /// - Parameters:
    ///   - targets: the next token of every token of the row
    ///   - counted: indices into the row; at least one
    ///   - normalizer: what the sum is divided by; `nil` for the number of counted positions
    ///   - lossScale: the seed with which `backward` will be called, where it is not 1
    public func loss(
        _ row: TokenRow, targets: [Int32], counted: [Int32], normalizer: Float? = nil, lossScale: Float = 1
    ) throws(ModelError) -> Tensor {
        let hidden = try hiddenStates(row)
        let selected = rmsNorm(gatherRows(hidden, counted), weight: norm, epsilon: configuration.normEpsilon)
        let countedTargets = counted.map { targets[Int($0)] }
        if let stranger = countedTargets.first(where: { $0 < 0 || Int($0) >= configuration.vocabularySize }) {
            throw .tokenOutOfRange(id: stranger, vocabularySize: configuration.vocabularySize)
        }
        return projectedCrossEntropy(
            selected, weight: embedding, targets: countedTargets,
            normalizer: normalizer ?? Float(counted.count), lossScale: lossScale)
    }

    private func extendRotary(to positions: Int) {
        guard positions > rotary.positions else { return }
        rotary = RotaryTable(
            positions: max(positions, 2 * rotary.positions), headDim: configuration.headDim,
            base: configuration.ropeTheta)
    }
}
