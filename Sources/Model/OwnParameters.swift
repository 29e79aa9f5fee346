import Tensor

/// Parameters that an adapter has of its own, which stand in the place of the model's while they are switched on: PEFT's
/// `modules_to_save`, and embeddings that were enlarged for more tokens.
public final class OwnParameters {
    /// The adapter that they are a part of.
    public let name: String
    /// The parameters with their places, in the order of the model.
    public let tensors: [(place: ParameterPlace, tensor: Tensor)]
    /// Which of them are trained.
    public let trained: Set<ParameterPlace>
    /// Whether the model has them now.
    public private(set) var isOn = false

    /// `nil` where it is gone, and nobody asks what it has.
    private weak var model: LanguageModel?
    /// The weights of modules that these stand in the place of.
    private var former: [(module: AdaptedModule, weight: Tensor)] = []
    /// What stands in a parameter of no module while it is not switched on, or the model's own values while it is.
    private var others: [ParameterPlace: [Float]] = [:]
    /// Whether the output projection goes along with the embedding.
    private let tiesOutput: Bool

    /// Parameters for a model, not switched on yet.
    ///
    /// - Parameters:
    ///   - values: of parameters of the model, float32 where they are trained
    ///   - trained: which of them are trained
    ///   - vocabularySize: how many rows the embedding and the output projection have then, if more than the model's
    ///   - tiesOutput: whether the output projection of a tied model is the embedding that is given; it keeps the model's own otherwise
    /// - Throws: ``ModelError/configuration(_:)`` where the model has no such parameter, or one of another shape
    package init(
        _ model: LanguageModel, name: String, _ values: [ParameterPlace: Tensor], trained: Set<ParameterPlace>,
        vocabularySize: Int, tiesOutput: Bool
    ) throws(ModelError) {
        (self.model, self.name, self.trained, self.tiesOutput) = (model, name, trained, tiesOutput)
        var found: [(ParameterPlace, Tensor)] = []
        for (place, own) in model.allParameters {
            guard let given = values[place] else { continue }
            let name = model.configuration.naming.parameterName(of: place)
            let expected = place == .embedding || place == .output ? [vocabularySize, own.width] : own.shape
            guard given.shape == expected else { throw .shape(name: name, found: given.shape, expected: expected) }
            if model.module(at: place) == nil {
                guard own.precision == .float32 else {
                    throw .configuration("'\(name)' cannot be trained, as the model keeps it in 16 bits")
                }
                others[place] = given.values
                found.append((place, own))
            } else {
                found.append((place, given))
            }
        }
        if let place = values.keys.first(where: { place in !found.contains { $0.0 == place } }) {
            throw .unknownWeights([model.configuration.naming.parameterName(of: place)])
        }
        tensors = found
    }

    /// Puts them in the place of the model's. Whatever was attached to the modules stays.
    ///
    /// - Throws: ``ModelError/configuration(_:)`` where another adapter's are there
    package func setOn() throws(ModelError) {
        guard !isOn, let model else { return }
        // Another of this name gives way.
        for former in model.owners.values where former.name == name { former.setOff() }
        if let (place, _) = tensors.first(where: { model.owners[$0.place] != nil }) {
            throw .configuration(
                "'\(model.owners[place]?.name ?? "")' and '\(name)' both have '\(model.configuration.naming.parameterName(of: place))' of their own; one of them can be on"
            )
        }
        isOn = true
        let isTied = model.configuration.tiesEmbedding
        for (place, tensor) in tensors {
            model.owners[place] = self
            guard let module = model.module(at: place) else { continue }
            former.append((module, module.weight))
            tensor.isFrozenWeight = module.weight.isFrozenWeight
            module.weight = tensor
            module.hasOwnWeight = true
        }
        let own = Dictionary(uniqueKeysWithValues: tensors.map { ($0.place, $0.tensor) })
        if isTied, tiesOutput, own[.output] == nil, let embedding = own[.embedding] {
            former.append((model.output, model.output.weight))
            model.output.weight = embedding
        }
        exchangeOthers()
    }

    /// Gives the model its own parameters back, to the bit.
    package func setOff() {
        guard isOn else { return }
        isOn = false
        for (module, weight) in former.reversed() {
            module.weight = weight
            module.hasOwnWeight = false
        }
        former = []
        for (place, _) in tensors { model?.owners[place] = nil }
        exchangeOthers()
    }

    private func exchangeOthers() {
        for (place, tensor) in tensors {
            guard let values = others[place] else { continue }
            others[place] = tensor.values
            tensor.replaceValues(values)
        }
    }

    /// The values that they have, whether they are switched on or not.
    public var values: [(place: ParameterPlace, values: [Float], shape: [Int])] {
        tensors.map { place, tensor in (place, isOn ? tensor.values : others[place] ?? tensor.values, tensor.shape) }
    }
}
