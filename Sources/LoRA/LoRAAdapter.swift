import Model
import Tensor

/// An adapter on a model: one low-rank update on each adapted linear layer.
///
/// The model's own weights stay as they are, but for those that PiSSA's start takes apart and those that an adapter is
/// merged into; an adapted layer computes `x Wᵀ + scale (x Aᵀ) Bᵀ` (``Model/Linear/updates``).
public struct LoRAAdapter {
    /// The adapted layers, in the order of the model.
    public let linears: [Linear]
    /// The name of its updates.
    public let name: String
    /// What a file says of the adapter, apart from its values.
    public var provenance: JSONObject?

    let configuration: ModelConfiguration
    let usesRankStabilizedScale: Bool
    /// What PiSSA took off the weights, by layer.
    let principalParts: [ObjectIdentifier: PrincipalPart]

    /// Puts a new adapter on a model, which at first answers as before.
    ///
    /// - Parameters:
    ///   - name: of the updates; one of the same name that is attached is taken off before
    ///   - seed: the same seed gives the same factors on every platform
    /// - Throws: ``LoRAError`` where a selector fits no layer or numbers do not go together
    public init(
        on model: LanguageModel, _ configuration: LoRAConfiguration = LoRAConfiguration(), name: String = LinearUpdate.defaultName,
        seed: UInt64 = 1337
    ) throws(LoRAError) {
        let plans = try configuration.plan(for: model)
        for linear in model.linears { linear.detach(name) }
        linears = plans.map(\.linear)
        self.name = name
        self.configuration = model.configuration
        usesRankStabilizedScale = configuration.usesRankStabilizedScale
        var principalParts: [ObjectIdentifier: PrincipalPart] = [:]
        var generator = RandomGenerator(seed: seed)
        for plan in plans {
            let (linear, rank) = (plan.linear, plan.rank)
            let factors: LowRankFactors
            switch configuration.start {
            case .standard:
                let start = (0..<rank * linear.inputWidth).map { _ in 0.02 * generator.normal() }
                factors = LowRankFactors(
                    a: Tensor(start, shape: [rank, linear.inputWidth]),
                    b: Tensor(repeating: 0, shape: [linear.outputWidth, rank]), scale: plan.scale)
            case .pissa:
                let part = PrincipalPart(of: linear.weight, rank: rank, scale: plan.scale, seed: generator.next())
                factors = part.copy
                part.take(from: linear.weight)
                principalParts[ObjectIdentifier(linear)] = part
            }
            var update = LinearUpdate(
                name: name, factors: factors, magnitude: configuration.usesDoRA ? Magnitude(of: linear.weight, factors) : nil,
                dropout: configuration.dropout)
            update.original = principalParts[ObjectIdentifier(linear)]?.original
            linear.attach(update)
        }
        self.principalParts = principalParts
    }

    /// Puts an adapter on a model. The model is changed only if all of it fits. What a start took off the base
    /// (``AdapterState/start``) becomes a part of the adapter, whose rank is twice that of the file then.
    ///
    /// - Parameters:
    ///   - state: of either layout of heads
    ///   - name: of the updates; one of the same name that is attached is taken off before
    ///   - weight: how much it counts; 0 leaves it switched off
    /// - Throws: ``LoRAError`` for a layer or a shape that does not fit
    public init(
        on model: LanguageModel, _ state: AdapterState, name: String = LinearUpdate.defaultName, weight: Float = 1
    ) throws(LoRAError) {
        guard !state.modules.isEmpty else { throw .empty }
        let state = try state.turned(to: model.configuration.rotaryLayout, model.configuration).onWholeBase(of: model)
        var modules: [ParameterPlace: AdapterState.Module] = [:]
        for module in state.modules {
            guard modules.updateValue(module, forKey: module.place) == nil else {
                throw .repeated(module: model.configuration.naming.moduleName(of: module.place))
            }
        }
        var adapted: [(Linear, LinearUpdate)] = []
        for linear in model.linears {
            guard let module = modules.removeValue(forKey: linear.place) else { continue }
            adapted.append((linear, try module.update(of: linear, name: name, dropout: state.dropout, weight: weight)))
        }
        if let unknown = state.modules.first(where: { modules[$0.place] != nil }) {
            throw .unknownModule(model.configuration.naming.moduleName(of: unknown.place))
        }
        for linear in model.linears { linear.detach(name) }
        for (linear, update) in adapted { linear.attach(update) }
        linears = adapted.map(\.0)
        self.name = name
        configuration = model.configuration
        usesRankStabilizedScale = state.usesRankStabilizedScale
        provenance = state.provenance
        principalParts = [:]
    }

    /// Puts an adapter from a state dict on a model: keys `<module>.lora.A.weight`, `<module>.lora.B.weight` and, with
    /// DoRA, `<module>.lora.magnitude`, a `module.` before them passed over. The rank is A's.
    ///
    /// The model is changed only if all of it fits.
    ///
    /// - Throws: ``AdapterFileError`` for a key, a layer or a shape that does not fit, ``LoRAError`` for values that
    ///   cannot be read
    public init(on model: LanguageModel, from dictionary: StateDictionary, name: String = LinearUpdate.defaultName) throws {
        try self.init(on: model, AdapterState(dictionary, for: model.configuration), name: name)
    }

    /// The layers that this adapter is merged into. Where an update of its name is attached, another one was merged
    /// before, on top of which this one is.
    private var mergedLinears: [Linear] { linears.filter { $0.update(name) == nil && $0.mergedUpdate(name) != nil } }

    /// The updates, in the order of ``linears``; none of layers that have parted with theirs.
    public var updates: [(linear: Linear, update: LinearUpdate)] {
        linears.compactMap { linear in linear.update(name).map { (linear, $0) } }
    }

    /// What is trained under its published name, in order: A before B, before DoRA's magnitude, layer by layer.
    public var parameters: [(name: String, tensor: Tensor)] {
        updates.flatMap { linear, update in
            [("\(linear.name).lora.A.weight", update.factors.a), ("\(linear.name).lora.B.weight", update.factors.b)]
                + (update.magnitude.map { [("\(linear.name).lora.magnitude", $0.values)] } ?? [])
        }
    }

    /// The parameters in groups for an optimizer: B's learning rate is `rateRatio` times that of the others (LoRA+,
    /// Hayou et al. 2024). With a ratio of 1 the order is that of ``parameters``.
    public func parameterGroups(rateRatio: Double) -> [(parameters: [Tensor], rateFactor: Double)] {
        guard rateRatio != 1 else { return [(parameters.map(\.tensor), 1)] }
        let updates = updates.map(\.update)
        let others = updates.flatMap { [$0.factors.a] + ($0.magnitude.map { [$0.values] } ?? []) }
        return [(others, 1), (updates.map(\.factors.b), rateRatio)]
    }

    /// The number of values in all factors and magnitudes.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

    /// Sets what share of the adapter's input training leaves out from now on.
    ///
    /// - Throws: ``LoRAError/configuration(_:)`` for a share that is not from 0 to below 1
    public func setDropout(_ rate: Float) throws(LoRAError) {
        guard rate >= 0, rate < 1 else { throw .configuration("a dropout of \(rate) is not from 0 to below 1") }
        for (linear, var update) in updates {
            update.dropout = rate
            linear.attach(update)
        }
    }

    /// Runs `body` with the model as it was without the adapter, also where PiSSA took weights apart or the adapter is
    /// merged. Then everything is as before, to the bit.
    public func switchedOff<Value>(_ body: () throws -> Value) rethrows -> Value {
        try Linear.withoutMerges(mergedLinears) { try attachedSwitchedOff(body) }
    }

    private func attachedSwitchedOff<Value>(_ body: () throws -> Value) rethrows -> Value {
        let weights = updates.map { $0.update.weight }
        for linear in linears {
            linear.setWeight(0, of: name)
            principalParts[ObjectIdentifier(linear)]?.giveBack(to: linear.weight)
        }
        defer {
            for ((linear, _), weight) in zip(updates, weights) {
                principalParts[ObjectIdentifier(linear)]?.take(from: linear.weight)
                linear.setWeight(weight, of: name)
            }
        }
        return try body()
    }

    /// Takes the adapter off the model again, also where it is merged; weights that PiSSA took apart are whole again, to
    /// the bit.
    public func detach() {
        for linear in mergedLinears { linear.unmerge() }
        for linear in linears { linear.detach(name) }
    }

    /// Adds the updates to the weights of the adapted layers and takes them off: the model answers the same as before,
    /// to rounding, without the adapter's cost. Sums are float32 and rounded once to the type in which the layer keeps
    /// its weight.
    ///
    /// - Returns: how much of the updates survived rounding
    @discardableResult
    public func merge() -> MergeReport {
        linears.reduce(into: MergeReport()) { report, linear in
            if let part = linear.merge([name]) { report += part }
        }
    }

    /// Gives the adapted layers back the very weights that they had before anything was merged into them, and puts the
    /// updates on again.
    public func unmerge() {
        for linear in linears { linear.unmerge() }
    }
}
