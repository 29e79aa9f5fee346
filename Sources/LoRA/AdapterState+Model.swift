import Model
import Tensor

extension LoRAAdapter {
    /// The adapter apart from the model, merged or not, in float32. One that began by PiSSA has twice its rank there, so that it fits
    /// the base as it was.
    public var state: AdapterState {
        let updates = linears.compactMap { linear in (linear.update(name) ?? linear.mergedUpdate(name)).map { (linear, $0) } }
        let modules = updates.map { linear, update in
            let factors = update.factors
            let pair =
                principalParts[ObjectIdentifier(linear)].map { factors.subtracting($0.factors) }
                ?? (
                    a: StoredTensor(shape: factors.a.shape, floats: factors.a.values),
                    b: StoredTensor(shape: factors.b.shape, floats: factors.b.values)
                )
            return AdapterState.Module(
                place: linear.place, a: pair.a, b: pair.b,
                magnitude: update.magnitude.map { StoredTensor(shape: $0.values.shape, floats: $0.values.values) },
                scale: factors.scale)
        }
        return AdapterState(
            modules: modules, rotaryLayout: configuration.rotaryLayout, usesRankStabilizedScale: usesRankStabilizedScale,
            dropout: updates.first?.1.dropout ?? 0, provenance: provenance)
    }

    /// The adapter as MiniMind's file holds it, in float32 and of scale 1.
    public var stateDictionary: StateDictionary {
        // Values that this adapter itself made can be read.
        (try? state.stateDictionary(for: configuration)) ?? StateDictionary()
    }
}

extension AdapterState.Module {
    /// The update of a layer.
    ///
    /// - Throws: ``LoRAError`` where shapes do not fit or values cannot be read
    func update(of linear: Linear, name: String, dropout: Float, weight: Float) throws(LoRAError) -> LinearUpdate {
        guard a.shape.count == 2, b.shape.count == 2, a.shape[0] == b.shape[1], a.shape[0] > 0,
            a.shape[1] == linear.inputWidth, b.shape[0] == linear.outputWidth
        else { throw .shape(module: linear.name, a: a.shape, b: b.shape, layer: linear.weight.shape) }
        if let magnitude, magnitude.shape != [linear.outputWidth] {
            throw .magnitude(module: linear.name, found: magnitude.shape, expected: linear.outputWidth)
        }
        guard scale.isFinite else { throw .unreadable(module: linear.name, reason: "its scale is \(scale)") }
        guard dropout >= 0, dropout < 1 else { throw .unreadable(module: linear.name, reason: "its dropout is \(dropout)") }
        do {
            let factors = LowRankFactors(a: try Tensor(a), b: try Tensor(b), scale: scale)
            return LinearUpdate(
                name: name, factors: factors, magnitude: try magnitude.map { Magnitude(try Tensor($0)) }, dropout: dropout,
                weight: weight)
        } catch {
            throw .unreadable(module: linear.name, reason: "\(error)")
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
        return result
    }
}
