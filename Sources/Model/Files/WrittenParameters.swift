import Tensor

/// The parameters of a model on their way into a file: renamed, and their rows in the layout that is read there.
struct WrittenParameters {
    let model: MiniMind
    let naming: WeightNaming
    let rotaryLayout: RotaryLayout
    /// What is written in place of a parameter.
    let replacement: (ParameterPlace, Tensor) -> Tensor

    func name(_ place: ParameterPlace) -> String { naming.name(of: place) + ".weight" }

    /// What is written of a parameter.
    func values(_ place: ParameterPlace, _ tensor: Tensor) -> Tensor {
        let values = replacement(place, tensor)
        let configuration = model.configuration
        guard let order = configuration.rowOrder(of: place, from: configuration.rotaryLayout, to: rotaryLayout) else { return values }
        return ComputeContext.withoutGradient { gatherRows(values, order) }
    }
}
