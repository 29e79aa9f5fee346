import Tensor

extension MiniMind {
    /// A model with the weights of a published state dict.
    ///
    /// Buffers that old files carry along (`mask`, `pos_cis`) are passed over. Sizes that the file
    /// does not say (the number of heads) come from the configuration.
    ///
    /// - Parameters:
    ///   - linearPrecision: the type in which linear layers keep their weights. Products in bfloat16
    ///     read rounded weights in any case: keeping them so changes no result of theirs. Weights that
    ///     are trained are float32.
    ///   - embeddingPrecision: the same for the embedding, whose rows are read unrounded
    /// - Throws: ``ModelError`` where a weight is missing, of another shape, not readable, or has no
    ///   place in the model.
    public convenience init(
        _ configuration: ModelConfiguration, weights: StateDictionary, linearPrecision: Precision = .float32,
        embeddingPrecision: Precision = .float32
    ) throws(ModelError) {
        var used: Set<String> = ["output.weight"]
        try self.init(configuration) { (name, shape) throws(ModelError) in
            used.insert(name)
            guard let stored = weights[name] else { throw .missingWeight(name: name) }
            guard stored.shape == shape else { throw .shape(name: name, found: stored.shape, expected: shape) }
            do {
                let isEmbedding = name == "tok_embeddings.weight"
                return try Tensor(
                    stored, precision: shape.count == 1 ? .float32 : isEmbedding ? embeddingPrecision : linearPrecision)
            } catch {
                throw .unreadableWeight(name: name, reason: "\(error)")
            }
        }
        let strangers = weights.names.filter { name in
            !used.contains(name) && !name.contains("mask") && !name.contains("pos_cis")
        }
        guard strangers.isEmpty else { throw .unknownWeights(strangers) }
    }

    /// The parameters as the published state dict holds them, the output projection sharing the
    /// embedding's storage.
    ///
    /// - Parameter elementType: the type that is written: float32, float16 or bfloat16
    public func stateDictionary(as elementType: ElementType = .float32) -> StateDictionary {
        var dictionary = StateDictionary()
        for (name, tensor) in parameters {
            dictionary[name] = StoredTensor(shape: tensor.shape, floats: tensor.values, as: elementType)
        }
        dictionary["output.weight"] = dictionary["tok_embeddings.weight"]
        return dictionary
    }
}
