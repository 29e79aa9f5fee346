import Model
import Tensor

extension LoRAAdapter {
    /// The adapter apart from the model, merged or not, in float32. One that began by PiSSA has twice its rank there, so that it fits
    /// the base as it was.
    public var state: AdapterState {
        let updates = modules.compactMap { module in (module.update(name) ?? module.mergedUpdate(name)).map { (module, $0) } }
        let states = updates.map { module, update in
            let factors = update.factors
            let pair =
                principalParts[ObjectIdentifier(module)].map { factors.subtracting($0.factors) }
                ?? (
                    a: StoredTensor(shape: factors.a.shape, floats: factors.a.values),
                    b: StoredTensor(shape: factors.b.shape, floats: factors.b.values)
                )
            return AdapterState.Module(
                place: module.place, a: pair.a, b: pair.b,
                magnitude: update.magnitude.map { StoredTensor(shape: $0.values.shape, floats: $0.values.values) },
                scale: factors.scale)
        }
        var state = AdapterState(
            modules: states, rotaryLayout: configuration.rotaryLayout, usesRankStabilizedScale: usesRankStabilizedScale,
            dropout: updates.first?.1.dropout ?? 0, provenance: provenance)
        state.parameters =
            own?.values.map { place, values, shape in
                AdapterState.Parameter(
                    place: place, values: StoredTensor(shape: shape, floats: values), isTrained: own?.trained.contains(place) ?? false)
            } ?? []
        state.rows = tokenRows.map { module, rows in
            AdapterState.Rows(
                place: module.place, tokens: rows.tokens, values: StoredTensor(shape: rows.values.shape, floats: rows.values.values))
        }
        state.tiesOutput = tiesOutput
        return state
    }

    /// The adapter as MiniMind's file holds it, in float32 and of scale 1.
    public var stateDictionary: StateDictionary {
        // Values that this adapter itself made can be read.
        (try? state.stateDictionary(for: configuration)) ?? StateDictionary()
    }
}

extension AdapterState.Module {
    /// The update of a module.
    ///
    /// - Parameter rows: how many rows its weight has then
    /// - Throws: ``LoRAError`` where shapes do not fit or values cannot be read
    func update(
        of module: AdaptedModule, rows: Int, name: String, dropout: Float, weight: Float
    ) throws(LoRAError) -> LinearUpdate {
        let shape = [rows, module.weight.width]
        guard a.shape.count == 2, b.shape.count == 2, a.shape[0] == b.shape[1], a.shape[0] > 0,
            a.shape[1] == shape[1], b.shape[0] == shape[0]
        else { throw .shape(module: module.name, a: a.shape, b: b.shape, layer: shape) }
        if let magnitude, module.place.isOfVocabulary {
            throw .configuration("the adapter has DoRA's magnitude \(magnitude.shape) for '\(module.name)', where DoRA does not join")
        }
        if let magnitude, magnitude.shape != [rows] {
            throw .magnitude(module: module.name, found: magnitude.shape, expected: rows)
        }
        guard scale.isFinite else { throw .unreadable(module: module.name, reason: "its scale is \(scale)") }
        guard dropout >= 0, dropout < 1 else { throw .unreadable(module: module.name, reason: "its dropout is \(dropout)") }
        do {
            let factors = LowRankFactors(a: try Tensor(a), b: try Tensor(b), scale: scale)
            return LinearUpdate(
                name: name, factors: factors, magnitude: try magnitude.map { Magnitude(try Tensor($0)) }, dropout: dropout,
                weight: weight)
        } catch {
            throw .unreadable(module: module.name, reason: "\(error)")
        }
    }
}

extension AdapterState {
    /// The same adapter for a model whose queries and keys have the other layout of heads: rows of their B and
    /// magnitude change places, A stays.
    ///
    /// - Throws: ``LoRAError`` where rows do not fit the configuration
    package func turned(to layout: RotaryLayout, _ configuration: ModelConfiguration) throws(LoRAError) -> AdapterState {
        guard layout != rotaryLayout else { return self }
        var result = self
        result.rotaryLayout = layout
        for (index, module) in modules.enumerated() {
            guard let order = configuration.rowOrder(of: module.place, from: rotaryLayout, to: layout) else { continue }
            let name = configuration.naming.moduleName(of: module.place)
            guard module.b.shape.count == 2, module.b.shape[0] == order.count else {
                throw .shape(module: name, a: module.a.shape, b: module.b.shape, layer: [order.count, configuration.dim])
            }
            if let magnitude = module.magnitude, magnitude.shape != [order.count] {
                throw .magnitude(module: name, found: magnitude.shape, expected: order.count)
            }
            result.modules[index].b = module.b.reordered(order)
            result.modules[index].magnitude = module.magnitude?.reordered(order)
        }
        for (index, parameter) in parameters.enumerated() {
            guard let order = configuration.rowOrder(of: parameter.place, from: rotaryLayout, to: layout) else { continue }
            guard parameter.values.shape.first == order.count else {
                throw .configuration(
                    "'\(configuration.naming.parameterName(of: parameter.place))' of the adapter is \(parameter.values.shape), and the model's has \(order.count) rows"
                )
            }
            result.parameters[index].values = parameter.values.reordered(order)
        }
        return result
    }
}
