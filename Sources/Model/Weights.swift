import Tensor

extension LanguageModel {
    /// A model with the weights of a state dict of its generation.
    ///
    /// - Throws: as ``init(_:_:linearPrecision:embeddingPrecision:)``
    public convenience init(
        _ configuration: ModelConfiguration, weights: StateDictionary, linearPrecision: Precision = .float32,
        embeddingPrecision: Precision = .float32
    ) throws(ModelError) {
        try self.init(
            configuration,
            StoredWeights(
                weights, naming: configuration.naming, rotaryLayout: configuration.rotaryLayout),
            linearPrecision: linearPrecision, embeddingPrecision: embeddingPrecision)
    }

    /// A model with the weights of a file.
    ///
    /// Buffers that old files carry along (`mask`, `pos_cis`, …) are passed over. Each tensor is converted from
    /// the file's own pages, one after the other.
    ///
    /// - Parameters:
    ///   - linearPrecision: the type in which linear layers keep their weights. Products in bfloat16
    ///     read rounded weights in any case: keeping them so changes no result of theirs. Weights that
    ///     are trained are float32.
    ///   - embeddingPrecision: the same for the embedding and an output projection of its own, whose rows are
    ///     read unrounded
    /// - Throws: ``ModelError`` where a weight is missing, of another shape, not readable, or has no
    ///   place in the model.
    public convenience init(
        _ configuration: ModelConfiguration, _ weights: StoredWeights, linearPrecision: Precision = .float32,
        embeddingPrecision: Precision = .float32
    ) throws(ModelError) {
        var used: Set<String> = [weights.naming.parameterName(of: .output)]
        try self.init(configuration) { (place, shape) throws(ModelError) in
            used.insert(weights.naming.parameterName(of: place))
            let precision: Precision =
                switch place {
                case _ where shape.count == 1, .layer(_, .convolution): .float32
                case .embedding, .output: embeddingPrecision
                default: linearPrecision
                }
            return try weights.parameter(place, shape, of: configuration, precision: precision)
        }
        let strangers = weights.tensors.names.filter { !used.contains($0) && !StoredWeights.isBuffer($0) }
        guard strangers.isEmpty else { throw .unknownWeights(strangers) }
    }

    /// The parameters as a state dict of the generation holds them, a tied output projection sharing the
    /// embedding's storage.
    ///
    /// - Parameter elementType: the type that is written: float32, float16 or bfloat16
    public func stateDictionary(as elementType: ElementType = .float32) -> StateDictionary {
        var dictionary = StateDictionary()
        for (name, tensor) in parameters {
            dictionary[name] = StoredTensor(shape: tensor.shape, floats: tensor.values, as: elementType)
        }
        if configuration.tiesEmbedding {
            let naming = configuration.naming
            dictionary[naming.parameterName(of: .output)] = dictionary[naming.parameterName(of: .embedding)]
        }
        return dictionary
    }
}
