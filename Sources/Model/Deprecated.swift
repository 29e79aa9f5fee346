/// The model's name up to 0.7.
@available(*, deprecated, renamed: "LanguageModel")
public typealias MiniMind = LanguageModel

/// The name of a naming up to 0.7.
@available(*, deprecated, renamed: "ParameterNaming")
public typealias WeightNaming = ParameterNaming

extension ParameterNaming {
    /// The name of a module, without `.weight`.
    @available(*, deprecated, renamed: "moduleName(of:)")
    public func name(of place: ParameterPlace) -> String { moduleName(of: place) }
}

extension ModelFile {
    /// Opens a model of which some things are known.
    ///
    /// - Throws: as ``open(_:_:)``
    @available(*, deprecated, message: "give what is known as ModelHints")
    public static func open(
        _ path: String, generation: ModelGeneration?, headCount: Int? = nil, keyValueHeadCount: Int? = nil
    ) throws(ModelError) -> ModelFile {
        try open(path, ModelHints(generation: generation, headCount: headCount, keyValueHeadCount: keyValueHeadCount))
    }

    /// Opens a model of which some things are known.
    ///
    /// - Throws: as ``open(_:_:)``
    @available(*, deprecated, message: "give what is known as ModelHints")
    public static func open(_ path: String, headCount: Int?, keyValueHeadCount: Int? = nil) throws(ModelError) -> ModelFile {
        try open(path, ModelHints(headCount: headCount, keyValueHeadCount: keyValueHeadCount))
    }
}
