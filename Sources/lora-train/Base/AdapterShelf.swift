import Foundation
import LoRA
import Model

/// The adapters at hand, by name: any number on one model, switched and weighted as one goes.
struct AdapterShelf {
    private let loaded: AdapterSet
    private let base: Base
    private let isForced: Bool
    private var paths: [String: String] = [:]

    init(_ model: LanguageModel, _ base: Base, isForced: Bool) {
        loaded = AdapterSet(on: model)
        self.base = base
        self.isForced = isForced
    }

    /// Loads adapters and switches them on.
    ///
    /// - Parameter list: paths, each with a weight behind `@` where it is not 1, joined by commas
    mutating func load(list: String) throws {
        var weights: [String: Float] = [:]
        for (path, weight) in try AdapterList(list, flag: "--lora_path").items {
            let stem = ((path as NSString).lastPathComponent as NSString).deletingPathExtension
            // A file may be called what no name can be.
            var name = stem.isEmpty || stem == "none" ? "adapter" : String(stem.map { "=,@ ".contains($0) ? "_" : $0 })
            while weights[name] != nil { name += "'" }
            try load(name, path: path)
            weights[name] = weight
        }
        try loaded.activate(weights)
    }

    /// Loads an adapter, switched off.
    mutating func load(_ name: String, path: String) throws {
        guard !name.isEmpty, name != "none", !name.contains(where: { "=,@ ".contains($0) }) else {
            throw CommandError.failure("'\(name)' is no name for an adapter; take one without =, @, commas and spaces, and not 'none'")
        }
        let state = try base.adapter(path, isForced: isForced)
        guard try base.addedTokens.contain(AddedTokens(adapters: [path])) else {
            throw CommandError.failure("\(path) was trained with tokens of its own; begin with --lora_path \(path)")
        }
        do {
            try loaded.load(name, state)
        } catch {
            throw CommandError.failure("\(path): \(error)")
        }
        paths[name] = path
    }

    /// Switches: a name, several with weights (`a=0.7,b=0.3`), or `none`.
    mutating func activate(_ specification: String) throws {
        if specification == "none" { return loaded.deactivate() }
        var weights: [String: Float] = [:]
        for item in specification.split(separator: ",", omittingEmptySubsequences: false) {
            let (name, weight) = try AdapterList.weighted(item, by: "=", in: "/adapter")
            guard weights.updateValue(weight, forKey: name.trimmingCharacters(in: .whitespaces)) == nil else {
                throw CommandError.failure("'\(name)' is named twice; give it one weight")
            }
        }
        try loaded.activate(weights)
    }

    /// Adds what is switched on to the weights.
    func merge() { loaded.merge() }

    /// Gives the model its own weights back, and the adapters their places.
    func unmerge() { loaded.unmerge() }

    /// The adapters that are switched on.
    var active: [LoRAAdapter] { loaded.adapters.filter { loaded.active[$0.name] != nil } }

    /// Whether every adapter that is switched on counts as it is.
    var hasNoWeights: Bool { loaded.active.values.allSatisfy { $0 == 1 } }

    /// Which adapters answer.
    var summary: String {
        let active = loaded.names.filter { loaded.active[$0] != nil }
        if active.isEmpty { return "the base alone answers" }
        return "answering with " + active.map { loaded.active[$0] == 1 ? $0 : "\($0) × \(loaded.active[$0] ?? 0)" }.joined(separator: " + ")
    }

    /// A line an adapter.
    var lines: [String] {
        if loaded.names.isEmpty { return ["no adapter is loaded; /load NAME PATH loads one"] }
        return loaded.adapters.map { adapter in
            let weight = loaded.active[adapter.name].map { $0 == 1 ? "on" : "on, × \($0)" } ?? "off"
            return "\(adapter.name): \(weight); \(adapter.modules.count) modules, \(paths[adapter.name] ?? "")"
        }
    }
}
