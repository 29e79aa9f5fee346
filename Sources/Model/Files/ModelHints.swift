/// What a caller knows of a model.
///
/// A state dict says nothing but names and shapes, and a Llama has the names of a MiniMind: one without settings beside it
/// is read where hints say what it is, or where its sizes are those of a published MiniMind. What a file says itself, the
/// hints must agree with.
public struct ModelHints: Sendable, Equatable {
    /// The family; for a state dict, what its shapes do not show is as the family's class of transformers has it by default.
    public var family: ModelFamily?
    /// The generation of a MiniMind; `nil` for what the keys show.
    public var generation: ModelGeneration?
    /// The width of the residual stream.
    public var dim: Int?
    /// The number of layers.
    public var layerCount: Int?
    /// Heads of queries: what the shapes of a state dict without norms of heads do not show.
    public var headCount: Int?
    /// Heads of keys and values.
    public var keyValueHeadCount: Int?
    /// Whether the model is a mixture of experts.
    public var hasExperts: Bool?

    /// Nothing that is left out is known.
    public init(
        family: ModelFamily? = nil, generation: ModelGeneration? = nil, dim: Int? = nil, layerCount: Int? = nil,
        headCount: Int? = nil, keyValueHeadCount: Int? = nil, hasExperts: Bool? = nil
    ) {
        self.family = family
        self.generation = generation
        self.dim = dim
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.hasExperts = hasExperts
    }

    /// Whether a state dict is known to be a MiniMind: by its family, its generation, or any of the sizes.
    var meansMiniMind: Bool { family?.isMiniMind ?? (self != ModelHints()) }

    /// - Throws: ``ModelError`` where a model is another than this one says
    func check(_ model: ModelConfiguration) throws(ModelError) {
        if let family, family != model.family, !(family.isMiniMind && model.family.isMiniMind) {
            throw .unrecognized("the model is a \(model.family.name), not --family \(family.modelType); leave the flag out")
        }
        for (flag, given, size, words) in [
            ("--dim", dim, model.dim, "dim \(model.dim)"), ("--n_layers", layerCount, model.layerCount, "n_layers \(model.layerCount)"),
            ("--n_heads", headCount, model.headCount, "\(model.headCount)"),
            ("--n_kv_heads", keyValueHeadCount, model.keyValueHeadCount, "\(model.keyValueHeadCount)"),
        ] {
            guard let given, given != size else { continue }
            throw .configuration("the model says that it has \(words), not \(flag) \(given); leave the flag out to take what the file has")
        }
        if let generation, generation != model.generation {
            throw .unrecognized("the model is a \(model.family.name), not --generation \(generation.rawValue); leave the flag out")
        }
        if hasExperts == true, model.experts == nil {
            throw .unrecognized("the model is a dense one, without experts; leave out --use_moe, or give a base with experts")
        }
    }
}
