import Tensor

extension ModelFamily {
    /// The settings of a model by the shapes of its weights. What they do not show is left to the class of the family.
    ///
    /// - Throws: ``ModelError`` where the number of heads is neither shown nor given, or a weight that shows a size is missing
    func settings(shownBy weights: StateDictionary, _ hints: ModelHints) throws(ModelError) -> JSON {
        let sizes: ShownSizes
        do throws(ModelError) {
            sizes = try ShownSizes(weights, naming, kind: name)
        } catch {
            throw .unrecognized("\(error); put the model's config.json beside the weights, which says more than --family")
        }
        guard let heads = try sizes.heads(hints.headCount, keyValueHeadCount: hints.keyValueHeadCount) else {
            throw .unrecognized("the weights do not show how many heads a \(name) has; give --n_heads, or put its config.json beside them")
        }
        var json: JSONObject = [
            "model_type": .string(modelType), "vocab_size": .integer(sizes.vocabulary), "hidden_size": .integer(sizes.dim),
            "num_hidden_layers": .integer(sizes.layerCount), "num_attention_heads": .integer(heads.count),
            "num_key_value_heads": .integer(heads.keyValueCount), "head_dim": .integer(heads.width),
            "intermediate_size": .integer(sizes.hiddenDim),
            // An output projection that differs from the embedding is seen when the weights are read.
            "tie_word_embeddings": true,
            "attention_bias": .bool(sizes.biases.contains(.query)), "mlp_bias": .bool(sizes.biases.contains(.gate)),
        ]
        if let experts = sizes.experts {
            json["num_experts"] = .integer(experts.routed)
            json["moe_intermediate_size"] = .integer(sizes.hiddenDim)
        }
        return .object(json)
    }
}
