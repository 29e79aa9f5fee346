import Model
import Tensor

/// Several adapters on one model, side by side, of any ranks and targets: switched or mixed without loading anything
/// again. Where some are merged, whatever changes the set unmerges them first.
public final class AdapterSet {
    /// The model that they are on.
    public let model: LanguageModel
    /// The adapters by name, in the order in which they were loaded.
    public private(set) var adapters: [LoRAAdapter] = []
    /// How much each counts; those that are not in it are switched off.
    public private(set) var active: [String: Float] = [:]

    /// A set without adapters: the model answers as it is.
    public init(on model: LanguageModel) { self.model = model }

    /// The names of what is loaded, in order.
    public var names: [String] { adapters.map(\.name) }

    /// Loads an adapter, switched off, in place of the one of its name if there is one: that one's weight is the new
    /// one's too. Nothing is changed unless all of it fits.
    ///
    /// - Throws: ``LoRAError`` for a layer or a shape that does not fit
    public func load(_ name: String, _ state: AdapterState) throws(LoRAError) {
        unmerge()
        let index = adapters.firstIndex { $0.name == name }
        let former = index.flatMap { adapters[$0].own }
        let wasOn = former?.isOn ?? false
        former?.setOff()
        let loaded: LoRAAdapter
        do throws(LoRAError) {
            loaded = try LoRAAdapter(on: model, state, name: name, weight: active[name] ?? 0)
        } catch {
            // Its places were its own a moment ago.
            if wasOn { try? former?.setOn() }
            throw error
        }
        if let index {
            adapters[index] = loaded
        } else {
            adapters.append(loaded)
        }
    }

    /// Answers with these adapters from now on, each times a weight, and with no others.
    ///
    /// - Throws: ``LoRAError/unknownAdapter(_:names:)``; ``LoRAError/configuration(_:)`` for a weight that is not finite
    public func activate(_ weights: [String: Float]) throws(LoRAError) {
        if let stranger = weights.keys.sorted().first(where: { !names.contains($0) }) { throw .unknownAdapter(stranger, names: names) }
        if let wrong = weights.first(where: { !$0.value.isFinite }) {
            throw .configuration("'\(wrong.key)' cannot have the weight \(wrong.value)")
        }
        let chosen = weights.filter { $0.value != 0 }
        for adapter in adapters where adapter.own != nil {
            guard chosen[adapter.name, default: 1] == 1 else { throw .configuration(LoRAAdapter.countsOnce(adapter.name)) }
        }
        try checkPlaces(of: adapters.filter { chosen[$0.name] != nil })
        setWeights(chosen)
    }

    /// - Throws: ``LoRAError/configuration(_:)`` where two adapters have a parameter of their own in one place
    private func checkPlaces(of adapters: [LoRAAdapter]) throws(LoRAError) {
        var owners: [ParameterPlace: String] = [:]
        for adapter in adapters {
            for (place, _) in adapter.own?.tensors ?? [] {
                guard let other = owners.updateValue(adapter.name, forKey: place) else { continue }
                throw .configuration(
                    "'\(other)' and '\(adapter.name)' both have \(model.configuration.naming.parameterName(of: place)) of their own; one of them can be on"
                )
            }
        }
    }

    /// Answers with one adapter alone from now on.
    ///
    /// - Throws: ``LoRAError/unknownAdapter(_:names:)``
    public func activate(_ name: String) throws(LoRAError) { try activate([name: 1]) }

    /// Answers with the base alone from now on.
    public func deactivate() { setWeights([:]) }

    private func setWeights(_ weights: [String: Float]) {
        unmerge()
        active = weights
        for adapter in adapters { adapter.own?.setOff() }
        for adapter in adapters {
            // What was looked at has its place.
            if active[adapter.name] != nil { try? adapter.own?.setOn() }
            for module in adapter.modules { module.setWeight(active[adapter.name] ?? 0, of: adapter.name) }
        }
    }

    /// Parts with an adapter.
    ///
    /// - Throws: ``LoRAError/unknownAdapter(_:names:)``
    public func remove(_ name: String) throws(LoRAError) {
        guard let index = adapters.firstIndex(where: { $0.name == name }) else { throw .unknownAdapter(name, names: names) }
        unmerge()
        adapters.remove(at: index).detach()
        active[name] = nil
    }

    /// Adds the active adapters, each times its weight, to the weights of the model, rounded once, and takes them off.
    ///
    /// - Returns: how much of the updates survived rounding
    @discardableResult
    public func merge() -> MergeReport {
        let chosen = Set(active.keys)
        return model.modules.reduce(into: MergeReport()) { report, module in
            if let part = module.merge(chosen) { report += part }
        }
    }

    /// Gives the model back the very weights that it had before anything was merged.
    public func unmerge() {
        for module in model.modules { module.unmerge() }
    }
}
