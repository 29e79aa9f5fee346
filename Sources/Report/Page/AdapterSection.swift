import Foundation

/// What the adapter changes, module by module.
struct AdapterSection {
    let analysis: AdapterAnalysis
    /// Begins the names of the figures, where a page shows several adapters.
    let prefix: String

    /// Of more modules, smaller maps are folded away.
    static let mostOpenModules = 64

    /// - Throws: what ``AdapterAnalysis/heatMap(at:maximumSide:)`` throws
    func html() throws -> HTML {
        let modules = analysis.modules
        let isFolded = modules.count > Self.mostOpenModules
        let cards = try modules.indices.map { index in
            try ModuleCard(
                module: modules[index], map: analysis.heatMap(at: index, maximumSide: isFolded ? 128 : 256), id: "\(prefix)module-\(index)"
            ).html
        }
        let maps: HTML = "<div class=\"modules\">\(cards)</div>"
        let folded: HTML =
            isFolded
            ? "<details class=\"card fold\"><summary>The change of each of \(Wording.count(modules.count)) modules</summary>\(maps)</details>"
            : maps
        return "\(SizeChart(modules: modules, id: prefix + "norms").html)\(explanation)\(folded)\n"
    }

    private var explanation: HTML {
        let hasDoRA = analysis.modules.contains { $0.update != .lowRank }
        return """
            <p class="explanation">Each picture is the change of a weight, \(hasDoRA ? "ΔW" : "ΔW = scale · B·A"): a row an output, a column an input. \
            Where the matrix is larger than the picture, a pixel is the entry of largest magnitude of its block. The bars are the singular \
            values of \(hasDoRA ? "scale · B·A" : "ΔW"), largest first; the effective rank says how many directions they amount to (Roy &amp; \
            Vetterli 2007).\(analysis.modules.contains { $0.update == .lowRankPart } ? " The base is not at hand, so of DoRA's change only the low-rank part is shown." : nil)</p>

            """
    }
}

/// One module's change.
private struct ModuleCard {
    let module: ModuleAnalysis
    let map: HeatMap
    let id: String

    var html: HTML {
        let picture = map.picture
        let source = HTML(markup: "data:image/png;base64," + picture.png().base64EncodedString())
        let lowest = Wording.number(Double(map.lowest))
        let highest = Wording.number(Double(map.highest))
        return """
            <figure class="card module" id="\(id)"><figcaption><h4>\(HTML.breakable(module.name))</h4></figcaption>\
            <img class="map" style="width:min(100%,\(Int(280 * Double(picture.width) / Double(picture.height)))px)" loading="lazy" decoding="async" width="\(picture.width)" height="\(picture.height)" \
            alt="Change of \(module.name), \(module.shape[0]) × \(module.shape[1]), from \(lowest) to \(highest)" src="\(source)">\
            \(ColorScale.html(lowest: lowest, highest: highest))\
            \(bars)<dl>\(fact("Shape", "\(module.shape[0]) × \(module.shape[1])"))\(fact("Rank", "\(module.rank)"))\
            \(fact("Effective rank", Wording.number(module.effectiveRank)))\(fact("Scale", Wording.number(Double(module.scale))))\
            \(fact("‖ΔW‖", Wording.number(module.norm)))\(module.relativeNorm.map { fact("‖ΔW‖ / ‖W‖", Wording.percent($0)) })</dl></figure>

            """
    }

    private func fact(_ name: String, _ value: String) -> HTML { "<div><dt>\(name)</dt><dd>\(value)</dd></div>" }

    private static let mostBars = 64

    /// The singular values as bars from the largest, which is as high as the place.
    private var bars: HTML {
        let values = module.singularValues.prefix(Self.mostBars)
        let largest = values.first ?? 0
        let path = values.enumerated().map { index, value -> String in
            let height = largest > 0 && value.isFinite ? Int((min(value / largest, 1) * 1000).rounded()) : 0
            return "M\(10 * index + 1) 1000v-\(height)h8v\(height)z"
        }
        let left = module.singularValues.count > Self.mostBars ? "the first \(Self.mostBars) of \(module.singularValues.count), " : ""
        let summary = "Singular values: \(left)from \(Wording.number(largest)) to \(Wording.number(values.last ?? 0))"
        return """
            <svg class="bars" role="img" viewBox="0 0 \(10 * max(values.count, 1)) 1000" preserveAspectRatio="none" aria-label="\(summary)">\
            <path d="\(path.joined())"/></svg><p class="unit">σ \(left)\(Wording.number(largest)) … \(Wording.number(values.last ?? 0))</p>
            """
    }
}

extension HTML {
    /// A name that may be broken behind its dots.
    static func breakable(_ name: String) -> HTML {
        HTML(
            name.split(separator: ".", omittingEmptySubsequences: false).enumerated().map {
                $0 == 0 ? "\(String($1))" : ".<wbr>\(String($1))"
            })
    }
}
