import Tensor

/// The sizes of a model that the shapes of its weights show.
struct ShownSizes {
    let vocabulary: Int
    let dim: Int
    let layerCount: Int
    /// The rows of the projections of queries and of keys.
    let queries, keys: Int
    /// The width of a head, where a norm over each head's queries shows it.
    let normedHeadDim: Int?
    /// The width inside a feed-forward layer, or inside an expert.
    let hiddenDim: Int
    /// The experts of the first layer; `nil` of a dense model.
    let experts: (routed: Int, shared: Int)?
    /// Which linear layers of the first layer have a bias.
    let biases: Set<LinearRole>

    /// - Parameters:
    ///   - naming: what the parameters are called
    ///   - kind: what the model is taken for, in words: `MiniMind v2`
    ///   - hint: what else it looks like, at the end of an error
    /// - Throws: ``ModelError/unrecognized(_:)`` where a weight that shows a size is missing
    init(_ weights: StateDictionary, _ naming: ParameterNaming, kind: String, hint: String = "") throws(ModelError) {
        func shape(_ place: ParameterPlace, dimensions: Int = 2) throws(ModelError) -> [Int] {
            let name = naming.parameterName(of: place)
            guard let tensor = weights[name] else {
                throw .unrecognized("the weights have no '\(name)', which a \(kind) has\(hint); the first are \(weights.sample)")
            }
            guard tensor.shape.count == dimensions, tensor.shape.allSatisfy({ $0 > 0 }) else {
                throw .unrecognized("'\(name)' has the shape \(tensor.shape), which no \(kind) has")
            }
            return tensor.shape
        }
        func part(_ part: LayerPart) -> ParameterPlace { .layer(0, part) }
        func has(_ part: LayerPart) -> Bool { weights[naming.parameterName(of: .layer(0, part))] != nil }

        let embedding = try shape(.embedding)
        (vocabulary, dim) = (embedding[0], embedding[1])
        queries = try shape(part(.linear(.query, nil)))[0]
        keys = try shape(part(.linear(.key, nil)))[0]
        let norm = has(.queryNorm) ? try shape(part(.queryNorm), dimensions: 1)[0] : nil
        // A norm over all heads together does not show how wide one is.
        normedHeadDim = norm == queries && queries != keys ? nil : norm
        let routed = has(.router) ? try shape(part(.router))[0] : nil
        experts = routed.map { ($0, (0...).first { !has(.linear(.gate, .shared($0))) } ?? 0) }
        hiddenDim = try shape(part(.linear(.gate, routed == nil ? nil : .routed(0))))[0]
        layerCount = try Self.layerCount(of: weights, naming)
        biases = weights.biases(naming)
    }

    /// Those of a MiniMind.
    init(_ weights: StateDictionary, of generation: ModelGeneration) throws(ModelError) {
        let found = ModelGeneration(keysOf: weights)
        try self.init(
            weights, generation.naming, kind: "MiniMind \(generation.rawValue)",
            hint: found.map { "; the keys look like \($0.rawValue)" } ?? "")
    }

    /// The highest number of a layer, plus one.
    private static func layerCount(of weights: StateDictionary, _ naming: ParameterNaming) throws(ModelError) -> Int {
        let prefix = naming.layerPrefix
        let numbers = weights.names.compactMap { name in
            name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count).prefix { $0.isNumber }) : nil
        }
        // A name may have any number, also one without a layer of its own.
        guard let last = numbers.max(), last < weights.names.count else {
            throw .unrecognized("the weights have no layers, or name some that are not there")
        }
        return last + 1
    }

    /// How many heads there are, and how wide each is.
    ///
    /// - Parameter headCount: as it was given; `nil` for what the norms of heads show
    /// - Returns: `nil` where neither says it
    /// - Throws: ``ModelError/unrecognized(_:)`` where queries and keys do not divide into so many
    func heads(_ headCount: Int?, keyValueHeadCount: Int?) throws(ModelError) -> (count: Int, keyValueCount: Int, width: Int)? {
        guard let heads = headCount ?? normedHeadDim.map({ queries / $0 }) else { return nil }
        let width = normedHeadDim ?? (heads > 0 ? queries / heads : 0)
        // Quotients: a product with a number that was given may be beyond all bounds.
        guard heads > 0, width > 0, queries % width == 0, queries / width == heads, keys % width == 0 else {
            throw .unrecognized(
                "queries of \(queries) and keys of \(keys) values do not divide into \(heads) heads; give --n_heads as the model was trained"
            )
        }
        if let keyValueHeadCount, keyValueHeadCount != keys / width {
            throw .unrecognized(
                "keys of \(keys) values are \(keys / width) heads of \(width), not \(keyValueHeadCount); leave out --n_kv_heads")
        }
        return (heads, keys / width, width)
    }
}

extension StateDictionary {
    /// Some names, for a person.
    var sample: String { names.prefix(3).map { "'\($0)'" }.joined(separator: ", ") }
}
