import Model
import Tensor

/// An adapter on a model: one low-rank update on each adapted module, and what it has of its own beside them.
///
/// The model's own weights stay as they are, but for those that PiSSA's start takes apart and those that an adapter is
/// merged into; an adapted layer computes `x Wᵀ + scale (x Aᵀ) Bᵀ` (``Model/AdaptedModule/updates``).
public struct LoRAAdapter {
    /// The modules that have an update or rows of it, in the order of the model.
    public let modules: [AdaptedModule]
    /// The parameters that it has in the place of the model's; `nil` where it has none.
    public let own: OwnParameters?
    /// The name of its updates.
    public let name: String
    /// What a file says of the adapter, apart from its values.
    public var provenance: JSONObject?

    let configuration: ModelConfiguration
    let usesRankStabilizedScale: Bool
    /// What PiSSA took off the weights, by layer.
    let principalParts: [ObjectIdentifier: PrincipalPart]
    /// Whether a tied output projection goes along with an embedding of the adapter's own.
    let tiesOutput: Bool

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
        for module in model.modules { module.detach(name) }
        let rowTokens = configuration.newTokens + configuration.trainedTokens
        if let gap = AdapterState.gap(before: rowTokens, of: model.configuration.vocabularySize) { throw .configuration(gap) }
        let newSize = rowTokens.map { Int($0) + 1 }.max() ?? 0
        try LoRAError.ofModel { () throws(ModelError) in try model.enlargeVocabulary(to: newSize) }
        let own = try configuration.ownParameters(for: model, name: name)
        try LoRAError.ofModel { () throws(ModelError) in try own?.setOn() }
        var principalParts: [ObjectIdentifier: PrincipalPart] = [:]
        var generator = RandomGenerator(seed: seed)
        for plan in plans {
            let (module, rank) = (plan.module, plan.rank)
            let factors: LowRankFactors
            let (rows, width) = (module.weight.shape[0], module.weight.shape[1])
            switch configuration.start {
            case .standard:
                let start = (0..<rank * width).map { _ in 0.02 * generator.normal() }
                factors = LowRankFactors(
                    a: Tensor(start, shape: [rank, width]), b: Tensor(repeating: 0, shape: [rows, rank]), scale: plan.scale)
            case .pissa:
                let part = PrincipalPart(of: module.weight, rank: rank, scale: plan.scale, seed: generator.next())
                factors = part.copy
                part.take(from: module.weight)
                principalParts[ObjectIdentifier(module)] = part
            }
            var update = LinearUpdate(
                name: name, factors: factors, magnitude: configuration.usesDoRA ? Magnitude(of: module.weight, factors) : nil,
                dropout: configuration.dropout)
            update.original = principalParts[ObjectIdentifier(module)]?.original
            module.attach(update)
        }
        configuration.attachRows(to: model, name: name)
        modules = model.modules.filter { $0.update(name) != nil || $0.rows(name) != nil }
        self.own = own
        self.name = name
        self.configuration = model.configuration
        usesRankStabilizedScale = configuration.usesRankStabilizedScale
        tiesOutput = false
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
        guard !state.isEmpty else { throw .empty }
        let state = try state.turned(to: model.configuration.rotaryLayout, model.configuration).onWholeBase(of: model)
        let naming = model.configuration.naming
        var states: [ParameterPlace: AdapterState.Module] = [:]
        for module in state.modules {
            guard states.updateValue(module, forKey: module.place) == nil else {
                throw .repeated(module: naming.moduleName(of: module.place))
            }
        }
        if let gap = state.gap(of: model.configuration.vocabularySize) { throw .configuration(gap) }
        let vocabularySize = state.vocabularySize(of: model.configuration.vocabularySize)
        var adapted: [(AdaptedModule, LinearUpdate)] = []
        for module in model.modules {
            guard let own = states.removeValue(forKey: module.place) else { continue }
            let rows = module.place.isOfVocabulary ? vocabularySize : module.weight.rows
            adapted.append((module, try own.update(of: module, rows: rows, name: name, dropout: state.dropout, weight: weight)))
        }
        if let unknown = state.modules.first(where: { states[$0.place] != nil }) {
            throw .unknownModule(naming.moduleName(of: unknown.place))
        }
        let own = try state.ownParameters(for: model, name: name)
        let rows = try state.tokenRows(for: model, name: name, isOn: weight != 0)
        guard own == nil || weight == 0 || weight == 1 else { throw .configuration(Self.countsOnce(name)) }
        for module in model.modules { module.detach(name) }
        try LoRAError.ofModel { () throws(ModelError) in
            // Also where the adapter has all rows: the model without it meets the same texts.
            try model.enlargeVocabulary(to: vocabularySize)
            if weight != 0 { try own?.setOn() }
        }
        for (module, update) in adapted { module.attach(update) }
        for (module, rows) in rows { module.attach(rows) }
        modules = model.modules.filter { $0.update(name) != nil || $0.rows(name) != nil }
        self.own = own
        self.name = name
        configuration = model.configuration
        usesRankStabilizedScale = state.usesRankStabilizedScale
        provenance = state.provenance
        principalParts = [:]
        tiesOutput = state.tiesOutput
    }

    /// Why an adapter with parameters of its own has no weight.
    static func countsOnce(_ name: String) -> String {
        "'\(name)' has modules of its own in the place of the model's, so it counts once or not at all"
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

    /// The modules that this adapter is merged into. Where an update of its name is attached, another one was merged
    /// before, on top of which this one is.
    private var mergedModules: [AdaptedModule] { modules.filter { $0.update(name) == nil && $0.hasMerged(name) } }

    /// The updates, in the order of ``modules``; none of modules that have parted with theirs.
    public var updates: [(module: AdaptedModule, update: LinearUpdate)] {
        modules.compactMap { module in module.update(name).map { (module, $0) } }
    }

    /// The rows of tokens that are trained apart from the others; those that embedding and output projection share once.
    public var tokenRows: [(module: AdaptedModule, rows: TokenRows)] {
        modules.compactMap { module in module.rows(name).map { (module, $0) } }.reduce(into: []) { found, next in
            if !found.contains(where: { $0.rows.values === next.1.values }) { found.append((module: next.0, rows: next.1)) }
        }
    }

    /// What is trained under its published name, in order: A before B, before DoRA's magnitude, module by module; then rows of
    /// tokens, and parameters of its own.
    public var parameters: [(name: String, tensor: Tensor)] {
        updates.flatMap { module, update in
            [("\(module.name).lora.A.weight", update.factors.a), ("\(module.name).lora.B.weight", update.factors.b)]
                + (update.magnitude.map { [("\(module.name).lora.magnitude", $0.values)] } ?? [])
        } + wholeParameters
    }

    /// The rows of tokens, and the parameters of its own that are trained.
    private var wholeParameters: [(name: String, tensor: Tensor)] {
        let trained = own.map { own in own.tensors.filter { own.trained.contains($0.place) } } ?? []
        return tokenRows.map { ("\($0.module.name)\(MiniMindAdapter.rowsSuffix)", $0.rows.values) }
            + trained.map { (nameOfParameter($0.place), $0.tensor) }
    }

    /// What a parameter of its own is called.
    public func nameOfParameter(_ place: ParameterPlace) -> String { configuration.naming.parameterName(of: place) }

    /// The parameters in groups for an optimizer: B's learning rate is `rateRatio` times that of the others (LoRA+,
    /// Hayou et al. 2024). With a ratio of 1 the order is that of ``parameters``.
    public func parameterGroups(rateRatio: Double) -> [(parameters: [Tensor], rateFactor: Double)] {
        guard rateRatio != 1 else { return [(parameters.map(\.tensor), 1)] }
        let updates = updates.map(\.update)
        let others = updates.flatMap { [$0.factors.a] + ($0.magnitude.map { [$0.values] } ?? []) } + wholeParameters.map(\.tensor)
        return [(others, 1), (updates.map(\.factors.b), rateRatio)]
    }

    /// The number of values in all that is trained.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }

    /// Sets what share of the adapter's input training leaves out from now on.
    ///
    /// - Throws: ``LoRAError/configuration(_:)`` for a share that is not from 0 to below 1
    public func setDropout(_ rate: Float) throws(LoRAError) {
        guard rate >= 0, rate < 1 else { throw .configuration("a dropout of \(rate) is not from 0 to below 1") }
        for (module, var update) in updates {
            update.dropout = rate
            module.attach(update)
        }
    }

    /// Runs `body` with the model as it was without the adapter, also where PiSSA took weights apart or the adapter is
    /// merged. Then everything is as before, to the bit.
    public func switchedOff<Value>(_ body: () throws -> Value) rethrows -> Value {
        try AdaptedModule.withoutMerges(mergedModules) { try attachedSwitchedOff(body) }
    }

    private func attachedSwitchedOff<Value>(_ body: () throws -> Value) rethrows -> Value {
        let weights = modules.map { $0.update(name)?.weight ?? ($0.rows(name)?.isOn == true ? 1 : 0) }
        let isOwn = own?.isOn ?? false
        for module in modules {
            module.setWeight(0, of: name)
            principalParts[ObjectIdentifier(module)]?.giveBack(to: module.weight)
        }
        own?.setOff()
        defer {
            // What was on a moment ago has its places free.
            if isOwn { try? own?.setOn() }
            for (module, weight) in zip(modules, weights) {
                principalParts[ObjectIdentifier(module)]?.take(from: module.weight)
                module.setWeight(weight, of: name)
            }
        }
        return try body()
    }

    /// Takes the adapter off the model again, also where it is merged; weights that PiSSA took apart are whole again, to
    /// the bit.
    public func detach() {
        for module in mergedModules { module.unmerge() }
        for module in modules { module.detach(name) }
        own?.setOff()
    }

    /// Adds the updates to the weights of the adapted modules and takes them off: the model answers the same as before,
    /// to rounding, without the adapter's cost. Sums are float32 and rounded once to the type in which the module keeps
    /// its weight. Parameters of the adapter's own stay in the model's place.
    ///
    /// - Returns: how much of the updates survived rounding
    @discardableResult
    public func merge() -> MergeReport {
        modules.reduce(into: MergeReport()) { report, module in
            if let part = module.merge([name]) { report += part }
        }
    }

    /// Gives the adapted modules back the very weights that they had before anything was merged into them, and puts the
    /// updates on again.
    public func unmerge() {
        for module in modules { module.unmerge() }
    }
}
