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
