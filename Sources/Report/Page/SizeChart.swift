import Foundation
import Model

/// How much each layer is changed, by kind of module.
struct SizeChart {
    let modules: [ModuleAnalysis]
    let id: String

    var html: HTML? {
        let isRelative = modules.allSatisfy { $0.relativeNorm != nil }
        var kinds: [String] = []
        // Of the experts of a layer the root of the mean square.
        var squares: [String: [Int: [Double]]] = [:]
        for module in modules {
            guard let size = isRelative ? module.relativeNorm.map({ 100 * $0 }) : module.norm, size.isFinite else { continue }
            if squares[module.kind] == nil { kinds.append(module.kind) }
            squares[module.kind, default: [:]][module.layer, default: []].append(size * size)
        }
        let layers = kinds.enumerated().map { number, kind -> Chart.Layer in
            let points = (squares[kind] ?? [:]).map { layer, squares in
                Curve.Point(x: Double(layer), y: (squares.reduce(0, +) / Double(squares.count)).squareRoot())
            }
            return .dots(Curve(points), series: number, name: kind)
        }
        let title = isRelative ? "Size of the change against the base's weights" : "Size of the change"
        let unit = isRelative ? "‖ΔW‖ / ‖W‖, %" : "‖ΔW‖"
        var chart = Chart(id: id, title: title, unit: unit, summary: "\(title) by layer and kind of module", layers: layers)
        chart?.isWide = true
        chart?.stepName = "layer"
        chart?.note = """
            By layer, \(isRelative ? "in relation to the norm of the base's weight" : "as Frobenius' norm; the base is not at hand to relate it to").\
            \(modules.count > Set(modules.map { "\($0.layer) \($0.kind)" }).count ? " Of the experts of a layer, the root of the mean square." : nil)
            """
        return chart?.html
    }
}

extension ModuleAnalysis {
    /// Its part of the layer, whichever expert it belongs to.
    fileprivate var kind: String {
        guard case .layer(_, .linear(_, .routed?)) = place else { return part }
        return part.split(separator: ".").map { $0.allSatisfy(\.isNumber) ? "*" : String($0) }.joined(separator: ".")
    }
}
