import Model
import Tensor

extension AdapterContents {
    /// Adds the parameters and the rows of tokens that the file has whole.
    ///
    /// - Parameters:
    ///   - configuration: `nil` where the model is not known; rows then stay as the file has them
    ///   - naming: what the model's class calls its modules; `nil` for the places by the file alone
    ///   - layout: of the rows of queries and keys in the file
    func addWholeParts(
        to state: inout AdapterState, for configuration: ModelConfiguration?, _ naming: ParameterNaming?, from layout: RotaryLayout
    ) throws(AdapterFileError) {
        for parameter in parameters {
            guard let place = naming.map({ $0.parameterPlace(of: parameter.name) }) ?? parameter.place else {
                throw .unknownModule(parameter.name)
            }
            guard !state.parameters.contains(where: { $0.place == place }) else { throw .repeated(module: parameter.name) }
            if let configuration { try parameter.check(place, configuration) }
            let order = configuration.flatMap { $0.rowOrder(of: place, from: layout, to: $0.rotaryLayout) }
            guard [.float32, .float16, .bfloat16, .float64].contains(parameter.values.elementType) else {
                throw .elementType(module: parameter.name, parameter.values.elementType)
            }
            state.parameters.append(
                AdapterState.Parameter(place: place, values: parameter.values.reordered(order), isTrained: parameter.isTrained))
        }
        for own in rows {
            guard let place = naming.map({ $0.place(of: own.module) }) ?? own.place, place.isOfVocabulary else {
                throw .unknownModule(own.module)
            }
            let shape = [own.tokens.count, configuration?.dim ?? own.values.shape.last ?? 0]
            guard own.values.shape == shape else {
                throw .parameterShape(name: "the trained rows of " + own.module, found: own.values.shape, expected: shape)
            }
            guard Set(own.tokens).count == own.tokens.count,
                own.tokens.allSatisfy({ $0 >= 0 && $0 < AdapterState.maximumVocabulary })
            else { throw .configuration("trainable_token_indices has an index that cannot be, or one twice") }
            state.rows.append(AdapterState.Rows(place: place, tokens: own.tokens, values: own.values))
        }
        if let gap = configuration.flatMap({ state.gap(of: $0.vocabularySize) }) { throw .configuration(gap) }
        // The embedding comes before the output projection, as in the model.
        state.rows.sort { one, other in one.place == .embedding && other.place == .output }
        state.tiesOutput = tiesOutput
        if configuration?.tiesEmbedding == true { state.joinTiedParts(areEqualTied: format == .minimind) }
    }
}

extension AdapterContents.Parameter {
    /// Looks whether the model has it in this shape; the rows of a vocabulary may be more.
    fileprivate func check(_ place: ParameterPlace, _ configuration: ModelConfiguration) throws(AdapterFileError) {
        var shapes = Dictionary(uniqueKeysWithValues: configuration.adaptedPlaces().map { ($0.place, $0.shape) })
        configuration.forEachParameter { shapes[$0] = $1 }
        guard let expected = shapes[place] else { throw .unknownModule(name) }
        let isEnlarged = place.isOfVocabulary && values.shape.dropFirst() == expected.dropFirst() && values.shape[0] > expected[0]
        guard values.shape == expected || isEnlarged else {
            throw .parameterShape(name: name, found: values.shape, expected: expected)
        }
    }
}

extension AdapterState {
    /// Leaves out of the output projection what is the embedding's, where the two are tied in the base: a file may have both.
    ///
    /// - Parameter areEqualTied: whether two that were trained and are equal are one, in a format that does not say it
    fileprivate mutating func joinTiedParts(areEqualTied: Bool) {
        if let embedding = parameters.first(where: { $0.place == .embedding }),
            let index = parameters.firstIndex(where: { $0.place == .output }),
            tiesOutput || areEqualTied || !embedding.isTrained && !parameters[index].isTrained,
            embedding.values.hasSameElements(as: parameters[index].values)
        {
            parameters.remove(at: index)
            tiesOutput = true
        }
        if let embedding = rows.first(where: { $0.place == .embedding }), let index = rows.firstIndex(where: { $0.place == .output }),
            embedding.tokens == rows[index].tokens, embedding.values.hasSameElements(as: rows[index].values)
        {
            rows.remove(at: index)
        }
        // An embedding that was enlarged and is not trained goes along with the projection that is tied to it.
        if parameters.contains(where: { $0.place == .embedding && !$0.isTrained }), !parameters.contains(where: { $0.place == .output }) {
            tiesOutput = true
        }
    }
}
