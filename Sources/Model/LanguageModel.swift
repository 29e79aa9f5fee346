import Tensor

/// A decoder-only transformer with grouped-query attention, rotary embeddings and feed-forward layers or mixtures of
/// experts. What differs from one family to another is its configuration.
public final class LanguageModel {
    /// The rows of the tokens, `[vocabulary, dim]`.
    public let embedding: TokenEmbedding
    /// The output projection, `[vocabulary, dim]`: its weight is that of the embedding where they are tied.
    public let output: Linear
    /// The layers, in order.
    public let layers: [TransformerLayer]
    /// The weight of the last norm, `[dim]`.
    public let norm: Tensor
    /// What was asked for when the model was made.
    private let built: ModelConfiguration
    /// The parameters that the model was made of.
    private let ownParameters: [(place: ParameterPlace, tensor: Tensor)]
    private let modulesByPlace: [ParameterPlace: AdaptedModule]
    /// The adapters that have parameters of their own in the model's place now.
    var owners: [ParameterPlace: OwnParameters] = [:]

    /// Whether training keeps no more than the input of each layer and computes the layer again in the
    /// backward pass (Chen et al. 2016): for long sequences.
    public var checkpointsLayers = false

    private let rotary: RotaryTables

    /// Builds the model from parameters that `parameter` supplies by place and shape.
    init<Failure: Error>(
        _ configuration: ModelConfiguration,
        parameter: (_ place: ParameterPlace, _ shape: [Int]) throws(Failure) -> Tensor
    ) throws(Failure) {
        built = configuration
        var parameters: [(place: ParameterPlace, tensor: Tensor)] = []
        var tensors: [ParameterPlace: Tensor] = [:]
        try configuration.forEachParameter { (place, shape) throws(Failure) in
            let tensor = try parameter(place, shape)
            parameters.append((place, tensor))
            tensors[place] = tensor
        }
        func take(_ place: ParameterPlace) -> Tensor {
            guard let tensor = tensors[place] else { preconditionFailure("\(place) is a place of the configuration") }
            return tensor
        }
        func takeLinear(_ layer: Int, _ role: LinearRole, _ expert: LayerPart.Expert? = nil) -> Linear {
            Linear(
                .layer(layer, .linear(role, expert)), naming: configuration.naming,
                weight: take(.layer(layer, .linear(role, expert))),
                bias: configuration.biases.contains(role) ? take(.layer(layer, .bias(role, expert))) : nil)
        }
        func takeQueryKeyValue(_ layer: Int) -> QueryKeyValue {
            configuration.fusesQueryKeyValue
                ? .fused(
                    takeLinear(layer, .queryKeyValue), queryWidth: configuration.queryWidth, keyValueDim: configuration.keyValueDim)
                : .apart(query: takeLinear(layer, .query), key: takeLinear(layer, .key), value: takeLinear(layer, .value))
        }
        func takeAttention(_ layer: Int) -> Attention {
            Attention(
                configuration, index: layer, queryKeyValue: takeQueryKeyValue(layer), wo: takeLinear(layer, .output),
                queryKeyNorms: configuration.queryKeyNorm == .none
                    ? nil : (take(.layer(layer, .queryNorm)), take(.layer(layer, .keyNorm))))
        }
        func takeMixer(_ layer: Int) -> TransformerLayer.Mixer {
            switch configuration.kind(ofLayer: layer) {
            case .attention: .attention(takeAttention(layer))
            case .shortConvolution:
                .shortConvolution(
                    ShortConvolution(
                        input: takeLinear(layer, .convolutionInput), kernel: take(.layer(layer, .convolution)),
                        bias: tensors[.layer(layer, .convolutionBias)], output: takeLinear(layer, .convolutionOutput)))
            case .gatedDeltaNet(let heads, _):
                .gatedDeltaNet(
                    GatedDeltaNet(
                        configuration, heads: heads,
                        projections: GatedDeltaNet.Projections(
                            input: takeLinear(layer, .deltaInput), gate: takeLinear(layer, .deltaGate),
                            beta: takeLinear(layer, .deltaBeta), decay: takeLinear(layer, .deltaDecay),
                            output: takeLinear(layer, .deltaOutput)),
                        kernel: take(.layer(layer, .convolution)), decayRate: take(.layer(layer, .decayRate)),
                        decayBias: take(.layer(layer, .decayBias)), norm: take(.layer(layer, .deltaNorm))))
            }
        }
        func takeFeedForward(_ layer: Int, _ expert: LayerPart.Expert? = nil) -> FeedForward {
            FeedForward(
                gateUp: configuration.fusesGateUp
                    ? .fused(takeLinear(layer, .gateUp, expert))
                    : .apart(gate: takeLinear(layer, .gate, expert), up: takeLinear(layer, .up, expert)),
                down: takeLinear(layer, .down, expert), activation: configuration.activation)
        }
        func takeNetwork(_ layer: Int) -> TransformerLayer.Network {
            guard let mixture = configuration.experts(ofLayer: layer) else { return .dense(takeFeedForward(layer)) }
            return .experts(
                MixtureOfExperts(
                    perToken: mixture.perToken, dividesWeights: configuration.dividesExpertWeights,
                    router: take(.layer(layer, .router)),
                    experts: (0..<mixture.count).map { takeFeedForward(layer, .routed($0)) },
                    shared: (0..<mixture.sharedCount).map { takeFeedForward(layer, .shared($0)) }))
        }
        layers = (0..<configuration.layerCount).map { index in
            TransformerLayer(
                configuration,
                norms: TransformerLayer.Norms(
                    attention: tensors[.layer(index, .attentionNorm)], feedForward: tensors[.layer(index, .feedForwardNorm)],
                    attentionOutput: tensors[.layer(index, .attentionOutputNorm)],
                    feedForwardOutput: tensors[.layer(index, .feedForwardOutputNorm)]),
                mixer: takeMixer(index), network: takeNetwork(index))
        }
        norm = take(.norm)
        let embedding = TokenEmbedding(.embedding, naming: configuration.naming, weight: take(.embedding))
        let output = Linear(
            .output, naming: configuration.naming, weight: configuration.tiesEmbedding ? embedding.weight : take(.output))
        (embedding.twin, output.twin) = (output, embedding)
        (self.embedding, self.output) = (embedding, output)
        ownParameters = parameters
        modulesByPlace = Dictionary(uniqueKeysWithValues: ([embedding, output] + layers.flatMap(\.linears)).map { ($0.place, $0) })
        rotary = RotaryTables(configuration)
    }

    /// The sizes, and what the model computes. An adapter may enlarge the vocabulary, or part the output projection from the embedding.
    public var configuration: ModelConfiguration {
        var configuration = built
        configuration.vocabularySize = embedding.weight.rows
        configuration.tiesEmbedding = output.weight === embedding.weight
        return configuration
    }

    /// Every parameter with its place, in the order of the state dict, a tied output projection left out.
    public var placedParameters: [(place: ParameterPlace, tensor: Tensor)] {
        output.weight === embedding.weight ? allParameters.dropLast() : allParameters
    }

    /// The same with the output projection in any case.
    package var allParameters: [(place: ParameterPlace, tensor: Tensor)] {
        let others = ownParameters.filter { $0.place != .output }
        return others.map { place, tensor in (place, modulesByPlace[place]?.weight ?? tensor) } + [(.output, output.weight)]
    }

    /// The module whose weight stands there.
    public func module(at place: ParameterPlace) -> AdaptedModule? { modulesByPlace[place] }

    /// Every parameter under its name in the state dict of the generation, in its order, a tied output
    /// projection left out.
    public var parameters: [(name: String, tensor: Tensor)] {
        placedParameters.map { (configuration.naming.parameterName(of: $0.place), $0.tensor) }
    }

    /// Every linear layer of the layers, in the order of the state dict.
    public var linears: [Linear] { layers.flatMap(\.linears) }

    /// Everything that an adapter can join, in the order of the state dict: the embedding, the linear layers and the output projection.
    public var modules: [AdaptedModule] { [embedding] + linears + [output] }

    /// Whether training leaves out values of what some update reads, so that one token in two samples is not computed alike.
    public var hasDropout: Bool { (linears + [output]).contains { $0.updates.contains { $0.dropout > 0 && $0.weight != 0 } } }

    /// The number of values in all parameters, the tied projection counted once.
    public var parameterCount: Int { placedParameters.reduce(0) { $0 + $1.tensor.count } }

    /// The residual stream after the last layer.
    ///
    /// - Parameters:
    ///   - row: the tokens; with a cache, those that follow what it keeps (``TokenRow/init(continuing:with:)``)
    ///   - cache: what is kept of the tokens that came before, to which the row's are added
    ///   - outputRows: ascending places in the row whose results are wanted; `nil` for all
    /// - Returns: `[tokens, dim]`, or `[outputRows, dim]`; float32
    /// - Throws: ``ModelError/tokenOutOfRange(id:vocabularySize:)``, ``ModelError/tooLong(tokens:limit:)``,
    ///   ``ModelError/sharedRowsUnderDropout``, ``ModelError/sharedRowsOfOtherAngles``, ``ModelError/keptUnderOtherAngles``
    public func hiddenStates(
        _ row: TokenRow, cache: KeyValueCache? = nil, outputRows: [Int32]? = nil
    ) throws(ModelError) -> Tensor {
        try hiddenStates(row, cache: cache, outputRows: outputRows, statistics: nil)
    }

    private func hiddenStates(
        _ row: TokenRow, cache: KeyValueCache?, outputRows: [Int32]?, statistics: ExpertStatistics?
    ) throws(ModelError) -> Tensor {
        try check(row.tokens)
        if let cache, cache.count + row.tokens.count > cache.capacity {
            throw .tooLong(tokens: cache.count + row.tokens.count, limit: cache.capacity)
        }
        if configuration.ropeScaling?.changesOnce == true, let cache,
            !cache.hasAngles(ofLength: cache.count + row.tokens.count, configuration)
        {
            throw .keptUnderOtherAngles
        }
        let angles = try rotary.angles(of: row)
        func stream() -> Tensor { residualStream(row, angles, cache: cache, outputRows: outputRows, statistics: statistics) }
        guard let dropoutSeed = ComputeContext.current.nextDropoutSeed() else { return stream() }
        if row.sharesRows, hasDropout { throw .sharedRowsUnderDropout }
        return ComputeContext.with({ $0.dropoutSeed = dropoutSeed }) { stream() }
    }

    private func residualStream(
        _ row: TokenRow, _ angles: (full: RotaryAngles, windowed: RotaryAngles), cache: KeyValueCache?, outputRows: [Int32]?,
        statistics: ExpertStatistics?
    ) -> Tensor {
        // The balance of experts takes the attention of all tokens.
        let isLastBalanced = statistics != nil && built.experts(ofLayer: layers.count - 1) != nil
        let lastRows = isLastBalanced ? nil : outputRows
        let configuration = configuration
        var plans: [PlanKey: AttentionPlan] = [:]
        var convolutions: [Int: ConvolutionPlan] = [:]
        func convolution(_ length: Int, of wanted: [Int32]?) -> ConvolutionPlan {
            if wanted == nil, let known = convolutions[length] { return known }
            let plan = ConvolutionPlan(row, kernelLength: length, cachedTokens: cache?.count, outputRows: wanted)
            if wanted == nil { convolutions[length] = plan }
            return plan
        }
        var x = embedding(row.tokens)
        if configuration.embeddingMultiplier != 1 {
            x = scaled(x, by: configuration.embeddingMultiplier)
        }
        for (index, layer) in layers.enumerated() {
            let isLast = index == layers.count - 1
            let rows = isLast ? outputRows : nil
            precondition(
                cache?.layers[index].serves(configuration.reach(ofLayer: index)) ?? true, "the cache forgets what layer \(index) sees")
            let reach: TransformerLayer.Reach
            switch configuration.kind(ofLayer: index) {
            case .attention:
                let window = configuration.window(ofLayer: index)
                let key = PlanKey(
                    window: window, forgotten: cache?.layers[index].forgotten(with: row.tokens.count) ?? 0,
                    isOfOutputs: isLast && lastRows != nil)
                let plan = plans[key] ?? self.plan(key, row, outputRows: lastRows)
                plans[key] = plan
                reach = .attention(plan, window == nil ? angles.full : angles.windowed)
            case .shortConvolution(let length, _):
                reach = .shortConvolution(convolution(length, of: isLast ? lastRows : nil))
            case .gatedDeltaNet(_, let length):
                // A state is made of all tokens.
                reach = .gatedDeltaNet(convolution(length, of: nil), row.branches)
            }
            let isBalanced = configuration.experts(ofLayer: index) != nil
            let pass = { (x: Tensor, cache: LayerCache?) in
                layer(
                    x, reach: reach, cache: cache, outputRows: rows,
                    balance: isBalanced ? statistics?.balance(ofLayer: index) : nil)
            }
            x =
                checkpointsLayers && cache == nil
                ? checkpointed(x, parameters: layer.trainableParameters) { pass($0, nil) } : pass(x, cache?.layers[index])
        }
        cache?.append(row.tokens, configuration)
        return x
    }

    /// Scores of every next token.
    ///
    /// - Parameter hidden: `[rows, dim]`, of ``hiddenStates(_:cache:outputRows:)``
    /// - Returns: `[rows, vocabulary]`
    public func logits(_ hidden: Tensor) -> Tensor {
        let logits = output(projected(hidden))
        return configuration.logitsSoftCap.map { softCapped(logits, cap: $0) } ?? logits
    }

    /// What the output projection reads of the residual stream.
    private func projected(_ hidden: Tensor) -> Tensor {
        let factor = configuration.logitsMultiplier
        let normed = rmsNorm(hidden, weight: norm, epsilon: configuration.normEpsilon, offset: configuration.normOffset)
        // The projection is linear: its input can be multiplied in the place of all logits.
        return factor == 1 ? normed : scaled(normed, by: factor)
    }

    /// The mean cross-entropy over the predictions that count, and the auxiliary loss of experts; in the last
    /// layer, the norm and the projection nothing is computed for tokens that predict nothing, but for what
    /// that auxiliary loss takes.
    ///
    /// - Parameters:
    ///   - predictions: at least one, ascending by row
    ///   - normalizer: what the sum is divided by; `nil` for the sum of the predictions' weights
    ///   - lossScale: the seed with which `backward` will be called, where it is not 1
    /// - Throws: ``ModelError/tokenOutOfRange(id:vocabularySize:)`` for a token of the row or a target
    public func loss(
        _ row: TokenRow, _ predictions: [Prediction], normalizer: Float? = nil, lossScale: Float = 1
    ) throws(ModelError) -> Loss {
        let statistics = configuration.experts.map {
            ExpertStatistics($0, sequences: row.sequences, gradientScale: lossScale)
        }
        let crossEntropy = try crossEntropy(
            row, predictions, normalizer: normalizer, lossScale: lossScale, statistics: statistics)
        return Loss(crossEntropy, auxiliary: statistics?.loss ?? 0, expertUses: statistics?.uses ?? [])
    }

    /// The mean cross-entropy over the predictions that count, alone: by what a model is measured. The balance of
    /// experts has no part in it, and costs nothing.
    ///
    /// - Parameter predictions: at least one, ascending by row
    /// - Returns: a scalar
    /// - Throws: ``ModelError/tokenOutOfRange(id:vocabularySize:)``
    public func crossEntropy(_ row: TokenRow, _ predictions: [Prediction]) throws(ModelError) -> Tensor {
        try crossEntropy(row, predictions, normalizer: nil, lossScale: 1, statistics: nil)
    }

    private func crossEntropy(
        _ row: TokenRow, _ predictions: [Prediction], normalizer: Float?, lossScale: Float, statistics: ExpertStatistics?
    ) throws(ModelError) -> Tensor {
        try check(predictions.map(\.target))
        var rows: [Int32] = []
        // Sequences that part behind a token ask it for several targets.
        let places = predictions.map { prediction in
            if rows.last != prediction.row { rows.append(prediction.row) }
            return Int32(rows.count - 1)
        }
        let hidden = try hiddenStates(row, cache: nil, outputRows: rows, statistics: statistics)
        let selected = projected(hidden)
        let read = rows.count == places.count ? selected : gatherRows(selected, places)
        return projectedCrossEntropy(
            read, weight: output.weight, updates: output.logitUpdates(read), targets: predictions.map(\.target),
            weights: predictions.map(\.weight),
            normalizer: normalizer ?? predictions.reduce(0) { $0 + $1.weight }, lossScale: lossScale,
            softCap: configuration.logitsSoftCap)
    }

    /// A next token that the loss counts.
    public struct Prediction: Sendable {
        /// The token in the row whose next token it is.
        public let row: Int32
        /// The id of that next token.
        public let target: Int32
        /// How often it counts.
        public let weight: Float

        /// A token behind which another one is expected.
        public init(row: Int32, target: Int32, weight: Float = 1) {
            self.row = row
            self.target = target
            self.weight = weight
        }
    }

    /// In what the plans of a pass differ from layer to layer.
    private struct PlanKey: Hashable {
        let window: Int?
        /// How many keys the layer's cache has forgotten.
        let forgotten: Int
        /// Whether the queries are the rows whose results are wanted.
        let isOfOutputs: Bool
    }

    private func plan(_ key: PlanKey, _ row: TokenRow, outputRows: [Int32]?) -> AttentionPlan {
        AttentionPlan(
            row.segments(after: key.forgotten, of: key.isOfOutputs ? outputRows : nil), heads: configuration.headCount,
            keyValueHeads: configuration.keyValueHeadCount, window: key.window)
    }

    private func check(_ tokens: [Int32]) throws(ModelError) {
        let vocabularySize = embedding.weight.rows
        if let unknown = tokens.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
            throw .tokenOutOfRange(id: unknown, vocabularySize: vocabularySize)
        }
    }
}
