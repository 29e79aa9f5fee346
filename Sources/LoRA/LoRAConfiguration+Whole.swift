import Model
import Tensor

extension LoRAConfiguration {
    /// The parameters that are trained whole, as the model has them now, but for the rows of new tokens.
    ///
    /// - Parameter model: knows the new tokens already
    /// - Returns: `nil` where there are none
    /// - Throws: ``LoRAError`` for a name that fits no module, or one that has an update too
    func ownParameters(for model: LanguageModel, name: String) throws(LoRAError) -> OwnParameters? {
        var chosen: Set<ParameterPlace> = []
        let parameters = model.allParameters
        for word in modulesToSave {
            let found = parameters.map(\.place).filter { $0.moduleNames(model).contains { $0.hasSuffix(word) } }
            guard !word.isEmpty, !found.isEmpty else { throw .noSuchModule(word) }
            chosen.formUnion(found)
        }
        guard !chosen.isEmpty else { return nil }
        if let both = try targets.modules(of: model).first(where: { chosen.contains($0.place) }) {
            throw .configuration("'\(both.name)' cannot be trained whole and have an adapter; leave it out of one of them")
        }
        var values: [ParameterPlace: Tensor] = [:]
        for (place, tensor) in parameters where chosen.contains(place) {
            values[place] = place.isOfVocabulary ? tensor.withMeanRows(newTokens) : Tensor(tensor.values, shape: tensor.shape)
        }
        return try LoRAError.ofModel { [values, chosen] () throws(ModelError) in
            try OwnParameters(
                model, name: name, values, trained: chosen, vocabularySize: model.configuration.vocabularySize, tiesOutput: false)
        }
    }

    /// Attaches rows of tokens to the embedding and to the output projection, where these are not trained whole anyway.
    func attachRows(to model: LanguageModel, name: String) {
        let tokens = Set(newTokens + trainedTokens).sorted()
        guard !tokens.isEmpty else { return }
        func rows(_ weight: Tensor) -> TokenRows {
            let width = weight.width
            let values = weight.withMeanRows(newTokens).values
            return TokenRows(
                name: name, tokens: tokens,
                values: Tensor(tokens.flatMap { values[Int($0) * width..<(Int($0) + 1) * width] }, shape: [tokens.count, width]))
        }
        let shared = model.embedding.sharesWeight
        let own = rows(model.embedding.weight)
        if !model.embedding.hasOwnWeight { model.embedding.attach(own) }
        guard !model.output.hasOwnWeight else { return }
        if shared {
            model.output.attach(own)
        } else {
            model.output.attach(rows(model.output.weight))
        }
    }
}

extension ParameterPlace {
    /// What its module is called, in every naming by which it can be chosen.
    fileprivate func moduleNames(_ model: LanguageModel) -> [String] {
        [model.configuration.naming, model.configuration.huggingFaceNaming].map { $0.moduleName(of: self) }
    }
}

extension Tensor {
    /// The same rows in float32 with those of some tokens set to the mean of all.
    fileprivate func withMeanRows(_ tokens: [Int32]) -> Tensor {
        let mean = meanRow.values
        var values = self.values
        for token in tokens { values.replaceSubrange(Int(token) * width..<(Int(token) + 1) * width, with: mean) }
        return Tensor(values, shape: shape)
    }
}
