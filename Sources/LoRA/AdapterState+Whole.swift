import Model
import Tensor

extension AdapterState {
    /// The parameters of its own, for a model.
    ///
    /// - Returns: `nil` where it has none, or none that are other than the model's
    /// - Throws: ``LoRAError`` where one does not fit the model, or its values cannot be read
    func ownParameters(for model: LanguageModel, name: String) throws(LoRAError) -> OwnParameters? {
        var values: [ParameterPlace: Tensor] = [:]
        var trained: Set<ParameterPlace> = []
        for parameter in parameters {
            let label = model.configuration.naming.parameterName(of: parameter.place)
            guard values[parameter.place] == nil else { throw .repeated(module: label) }
            let own = model.allParameters.first { $0.place == parameter.place }?.tensor
            let tensor: Tensor
            do throws(TensorFileError) {
                tensor = try Tensor(finite: parameter.values, precision: parameter.isTrained ? .float32 : own?.precision ?? .float32)
            } catch {
                throw .unreadable(module: label, reason: "\(error)")
            }
            // What only goes along is the base's most often.
            if !parameter.isTrained, let own, own.shape == tensor.shape, own.values == tensor.values { continue }
            values[parameter.place] = tensor
            if parameter.isTrained { trained.insert(parameter.place) }
        }
        guard !values.isEmpty else { return nil }
        return try LoRAError.ofModel { [values, trained] () throws(ModelError) in
            try OwnParameters(
                model, name: name, values, trained: trained, vocabularySize: vocabularySize(of: model.configuration.vocabularySize),
                tiesOutput: tiesOutput)
        }
    }

    /// The rows of its own, with the modules of a model that they are for.
    ///
    /// - Throws: ``LoRAError`` where rows do not fit the model, or cannot be read
    func tokenRows(for model: LanguageModel, name: String, isOn: Bool) throws(LoRAError) -> [(module: AdaptedModule, rows: TokenRows)] {
        var found: [(module: AdaptedModule, rows: TokenRows)] = []
        for own in rows {
            guard own.place.isOfVocabulary, let module = model.module(at: own.place) else {
                throw .unknownModule(model.configuration.naming.moduleName(of: own.place))
            }
            guard !found.contains(where: { $0.module === module }) else { throw .repeated(module: module.name) }
            guard !parameters.contains(where: { $0.place == own.place && $0.isTrained }) else {
                throw .configuration("the adapter has '\(module.name)' whole, and rows of it beside")
            }
            let shape = [own.tokens.count, module.weight.width]
            guard own.values.shape == shape, !own.tokens.isEmpty else {
                throw .unreadable(module: module.name, reason: "its rows are \(own.values.shape), and not \(shape)")
            }
            guard Set(own.tokens).count == own.tokens.count, own.tokens.allSatisfy({ $0 >= 0 && $0 < Self.maximumVocabulary }) else {
                throw .unreadable(module: module.name, reason: "its rows are for tokens that cannot be, or for one twice")
            }
            do throws(TensorFileError) {
                found.append((module, TokenRows(name: name, tokens: own.tokens, values: try Tensor(finite: own.values), isOn: isOn)))
            } catch {
                throw .unreadable(module: module.name, reason: "\(error)")
            }
        }
        // The rows of a tied embedding are those of its output projection.
        let isTied = model.configuration.tiesEmbedding && !parameters.contains { $0.place.isOfVocabulary && $0.isTrained && !tiesOutput }
        if isTied, let shared = found.first(where: { $0.module === model.embedding }),
            !found.contains(where: { $0.module === model.output })
        {
            found.append((model.output, shared.rows))
        }
        return found
    }

    /// Far more tokens than any vocabulary has.
    static let maximumVocabulary = 1 << 24
}
