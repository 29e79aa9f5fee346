import Tensor

extension ModelConfiguration {
    /// Calls `body` with every parameter and its shape, in the order of the model, a tied output projection left out.
    package func forEachParameter<Failure: Error>(
        _ body: (_ place: ParameterPlace, _ shape: [Int]) throws(Failure) -> Void
    ) throws(Failure) {
        try body(.embedding, [vocabularySize, dim])
        for layer in 0..<layerCount {
            func part(_ part: LayerPart, _ shape: [Int]) throws(Failure) { try body(.layer(layer, part), shape) }
            if normPlaces != .after { try part(.attentionNorm, [dim]) }
            func linear(_ role: LinearRole, _ expert: LayerPart.Expert?) throws(Failure) {
                let shape = shape(of: role, layer, expert)
                try part(.linear(role, expert), shape)
                if biases.contains(role) { try part(.bias(role, expert), [shape[0]]) }
            }
            switch kind(ofLayer: layer) {
            case .attention:
                for role in fusesQueryKeyValue ? [LinearRole.queryKeyValue, .output] : [.query, .key, .value, .output] {
                    try linear(role, nil)
                }
                if queryKeyNorm != .none {
                    let isWhole = queryKeyNorm == .wholeWidth
                    try part(.queryNorm, [isWhole ? queryDim : headDim])
                    try part(.keyNorm, [isWhole ? keyValueDim : headDim])
                }
            case .shortConvolution(let length, let hasBias):
                try linear(.convolutionInput, nil)
                try part(.convolution, [dim, 1, length])
                if hasBias { try part(.convolutionBias, [dim]) }
                try linear(.convolutionOutput, nil)
            case .gatedDeltaNet(let heads, let length):
                for role in [LinearRole.deltaInput, .deltaGate, .deltaBeta, .deltaDecay] { try linear(role, nil) }
                try part(.convolution, [heads.width, 1, length])
                try part(.decayRate, [heads.valueHeads])
                try part(.decayBias, [heads.valueHeads])
                try part(.deltaNorm, [heads.valueDim])
                try linear(.deltaOutput, nil)
            }
            if normPlaces != .before { try part(.attentionOutputNorm, [dim]) }
            if normPlaces != .after { try part(.feedForwardNorm, [dim]) }
            if normPlaces != .before { try part(.feedForwardOutputNorm, [dim]) }
            func network(_ expert: LayerPart.Expert?) throws(Failure) {
                for role in fusesGateUp ? [LinearRole.gateUp, .down] : [.gate, .down, .up] { try linear(role, expert) }
            }
            guard let experts = experts(ofLayer: layer) else {
                try network(nil)
                continue
            }
            try part(.router, [experts.count, dim])
            for index in 0..<experts.count { try network(.routed(index)) }
            for index in 0..<experts.sharedCount { try network(.shared(index)) }
        }
        try body(.norm, [dim])
        if !tiesEmbedding { try body(.output, [vocabularySize, dim]) }
    }

    /// Every linear layer that an adapter can join with the shape of its weight, `[out, in]`, in the order of the model.
    public var linearPlaces: [(place: ParameterPlace, shape: [Int])] {
        var places: [(ParameterPlace, [Int])] = []
        forEachParameter { place, shape in
            if case .layer(_, .linear) = place { places.append((place, shape)) }
        }
        return places
    }

    /// Everything that an adapter can join with the shape of its weight, in the order of the model: the embedding, the linear layers,
    /// and the output projection, which has a place of its own also where it is tied to the embedding.
    ///
    /// - Parameter vocabularySize: of a vocabulary that was enlarged; `nil` for the model's
    package func adaptedPlaces(vocabularySize: Int? = nil) -> [(place: ParameterPlace, shape: [Int])] {
        let rows = [vocabularySize ?? self.vocabularySize, dim]
        return [(.embedding, rows)] + linearPlaces + [(.output, rows)]
    }

    private func shape(of role: LinearRole, _ layer: Int, _ expert: LayerPart.Expert?) -> [Int] {
        var heads = DeltaHeads(keyHeads: 0, valueHeads: 0, keyDim: 0, valueDim: 0)
        if case .gatedDeltaNet(let own, _) = kind(ofLayer: layer) { heads = own }
        let hidden = expert == nil ? hiddenDim : experts?.hiddenDim ?? hiddenDim
        return switch role {
        case .query: [queryWidth, dim]
        case .key, .value: [keyValueDim, dim]
        case .output: [dim, queryDim]
        case .queryKeyValue: [queryWidth + 2 * keyValueDim, dim]
        case .gate, .up: [hidden, dim]
        case .gateUp: [2 * hidden, dim]
        case .down: [dim, hidden]
        case .convolutionInput: [3 * dim, dim]
        case .convolutionOutput: [dim, dim]
        case .deltaInput: [heads.width, dim]
        case .deltaGate: [heads.valueWidth, dim]
        case .deltaBeta, .deltaDecay: [heads.valueHeads, dim]
        case .deltaOutput: [dim, heads.valueWidth]
        }
    }
}
