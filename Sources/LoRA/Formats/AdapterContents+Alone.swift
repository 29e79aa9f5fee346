import Model
import Tensor

extension AdapterFile {
    /// Reads an adapter of any format without knowing its model, to look at it: modules and shapes are checked against
    /// nothing but each other, and the rows of queries' and keys' factors stay as the file has them.
    ///
    /// - Returns: the adapter, its modules in the order in which a model has them, and what they are called
    /// - Throws: ``AdapterFileError/inFile(path:_:)``
    public static func readAlone(_ path: String) throws(AdapterFileError) -> (state: AdapterState, naming: ParameterNaming) {
        try naming(path) { () throws(AdapterFileError) in
            let contents = try contents(path)
            try contents.checkValues()
            return (try contents.stateAlone(), contents.naming == .gguf ? .huggingFace : contents.naming)
        }
    }
}

extension AdapterContents {
    /// The adapter for no model in particular.
    fileprivate func stateAlone() throws(AdapterFileError) -> AdapterState {
        var found: [ParameterPlace: AdapterState.Module] = [:]
        for module in modules {
            for (place, a, b) in try module.parts(nil) {
                guard place.isAdapted else { throw .unknownModule(module.name) }
                let fitted = try module.fitted(
                    a, b, at: place, [b.shape[0], a.shape[1]], from: rotaryLayout, nil, bareScale: nil)
                guard found.updateValue(fitted, forKey: place) == nil else { throw .repeated(module: module.name) }
            }
        }
        var state = AdapterState(
            modules: found.values.sorted { $0.place.order < $1.place.order }, rotaryLayout: rotaryLayout,
            usesRankStabilizedScale: usesRankStabilizedScale, dropout: dropout, provenance: provenance)
        state.start = start
        try addWholeParts(to: &state, for: nil, nil, from: rotaryLayout)
        return state
    }
}

extension ParameterPlace {
    /// Whether adapters join there.
    fileprivate var isAdapted: Bool {
        if case .layer(_, .linear) = self { return true }
        return isOfVocabulary
    }

    /// Numbers by which modules stand in the order of the model: layer, kind of expert, expert, role.
    fileprivate var order: (Int, Int, Int, Int) {
        guard case .layer(let layer, .linear(let role, let expert)) = self else {
            return (self == .embedding ? -1 : .max, 0, 0, 0)
        }
        let roles: [LinearRole] = [
            .query, .key, .value, .queryKeyValue, .output, .convolutionInput, .convolutionOutput, .deltaInput, .deltaGate,
            .deltaBeta, .deltaDecay, .deltaOutput, .gate, .gateUp, .down, .up,
        ]
        let number = roles.firstIndex(of: role) ?? roles.count
        return switch expert {
        case nil: (layer, 0, 0, number)
        case .routed(let index): (layer, 1, index, number)
        case .shared(let index): (layer, 2, index, number)
        }
    }
}
