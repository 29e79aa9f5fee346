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
        let loaded = try LoRAAdapter(on: model, state, name: name, weight: active[name] ?? 0)
        if let former = adapters.firstIndex(where: { $0.name == name }) {
            adapters[former] = loaded
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
        setWeights(weights.filter { $0.value != 0 })
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
        for adapter in adapters {
            for linear in adapter.linears { linear.setWeight(active[adapter.name] ?? 0, of: adapter.name) }
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
        return model.linears.reduce(into: MergeReport()) { report, linear in
            if let part = linear.merge(chosen) { report += part }
        }
    }

    /// Gives the model back the very weights that it had before anything was merged.
    public func unmerge() {
        for linear in model.linears { linear.unmerge() }
    }
}
