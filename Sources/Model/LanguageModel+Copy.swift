import Tensor

extension LanguageModel {
    /// A model of its own with the values that this one has now, and without adapters.
    public func copied() -> LanguageModel {
        let tensors = Dictionary(uniqueKeysWithValues: placedParameters.map { ($0.place, $0.tensor) })
        return LanguageModel(configuration) { (place, shape) throws(Never) in
            guard let tensor = tensors[place] else { preconditionFailure("\(place) is a place of the configuration") }
            let copy = Tensor(zeros: shape, like: tensor)
            copy.replaceRows(from: 0, with: tensor)
            return copy
        }
    }
}
