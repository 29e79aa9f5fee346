import Foundation
import Training

/// How evenly the experts of a mixture are used: by layer, and as the run goes.
enum ExpertFigures {
    /// None for a dense model.
    static func html(_ steps: [StepReport]) -> HTML? {
        let counted = steps.filter { !$0.expertUses.isEmpty }
        guard let shape = counted.first?.expertUses, let experts = shape.map(\.count).max(), experts > 0 else { return nil }
        let uses = ExpertUses(layers: shape.count, experts: experts)
        return "<div class=\"grid\">\(byLayer(counted, uses))\(overTime(counted, uses))</div>\n"
    }

    private static func byLayer(_ steps: [StepReport], _ uses: ExpertUses) -> HTML {
        let shares = uses.shares(steps)
        let uneven = shares.indices.max { (shares[$0].compactMap(\.self).max() ?? 0) < (shares[$1].compactMap(\.self).max() ?? 0) } ?? 0
        let highest = shares[uneven].compactMap(\.self).max() ?? 0
        let even = Wording.percent(1 / Double(uses.experts))
        return CellGrid(
            id: "experts-layers", title: "Use of the experts by layer",
            summary:
                "Share of the tokens that each expert got, layer by layer. Most uneven is layer \(uneven), where one expert got \(Wording.percent(highest)).",
            note:
                "Of the whole run. Evenly used, each expert gets \(even); the most uneven is layer \(uneven), where one got \(Wording.percent(highest)).",
            rowTitle: "layer", columnTitle: "expert", rowLabels: (0..<uses.layers).map(String.init),
            columnLabels: (0..<uses.experts).map(String.init), shares: shares
        ).html
    }

    private static let mostColumns = 60

    private static func overTime(_ steps: [StepReport], _ uses: ExpertUses) -> HTML {
        let count = min(mostColumns, steps.count)
        let parts = (0..<count).map { steps[$0 * steps.count / count..<($0 + 1) * steps.count / count] }
        let columns = parts.map { uses.sharesOfAllLayers($0) }
        return CellGrid(
            id: "experts-time", title: "Use of the experts over time",
            summary: "Share of the tokens that each expert got over all layers, from the first step to the last.",
            note: "Over all layers, \(parts.first?.count == 1 ? "step by step" : "each column the mean of neighbouring steps").",
            rowTitle: "expert", columnTitle: "step", rowLabels: (0..<uses.experts).map(String.init),
            columnLabels: parts.map { String($0.first?.step ?? 0) }, shares: (0..<uses.experts).map { expert in columns.map { $0[expert] } }
        ).html
    }
}

/// The sums of uses, as shares.
struct ExpertUses {
    let layers: Int
    let experts: Int

    /// Of each layer's tokens, the share that each expert got; `nil` in a layer that got none.
    func shares(_ steps: some Sequence<StepReport>) -> [[Double?]] {
        sums(steps).map(Self.shares)
    }

    /// Of the tokens of all layers, the share that each expert got.
    func sharesOfAllLayers(_ steps: some Sequence<StepReport>) -> [Double?] {
        let sums = sums(steps)
        return Self.shares((0..<experts).map { expert in sums.reduce(0) { $0 + $1[expert] } })
    }

    /// A file may have anything in it: steps of other layers and experts than the first add what fits.
    private func sums(_ steps: some Sequence<StepReport>) -> [[Double]] {
        var sums = [[Double]](repeating: [Double](repeating: 0, count: experts), count: layers)
        for step in steps {
            for (layer, uses) in step.expertUses.prefix(layers).enumerated() {
                for (expert, count) in uses.prefix(experts).enumerated() { sums[layer][expert] += Double(max(count, 0)) }
            }
        }
        return sums
    }

    private static func shares(_ counts: [Double]) -> [Double?] {
        let total = counts.reduce(0, +)
        return counts.map { total > 0 ? $0 / total : nil }
    }
}
