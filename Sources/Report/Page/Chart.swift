import Foundation

/// A chart of curves over steps, as SVG that is as wide as its place: curves are stretched, words and strokes are not.
struct Chart {
    /// What is drawn, from back to front.
    enum Layer {
        /// A curve as it is, or where it has many points, what lies between its lowest and highest values.
        case raw(Curve, series: Int, name: String)
        /// A curve, by the last value of each column.
        case line(Curve, series: Int, name: String)
        /// A curve whose values are few and each count, as dots that a line joins.
        case dots(Curve, series: Int, name: String)
        /// A value that all of the chart is seen against.
        case rule(Double, name: String)
        /// Steps at which something happened, at the lower edge.
        case marks([Double], kind: Mark, name: String)
        /// The best point of a curve.
        case best(x: Double, y: Double, series: Int)
    }

    enum Mark: String { case overflow, skipped }

    /// The name of the figure in the page, for links and tests.
    let id: String
    let title: String
    /// What the chart says, in a sentence for those who do not see it.
    let summary: String
    /// What is to be known of it, below it.
    var note: HTML = ""
    /// What the values are, such as "tokens/s"; empty where the title says it.
    let unit: String
    let layers: [Layer]
    let steps: Axis
    let values: Axis
    /// A second meaning of the values, written at the right edge beside each tick.
    var rightScale: (title: String, labels: (_ ticks: [Double]) -> [String])?
    /// What the curves are over.
    var stepName = "step"
    /// Where epochs end, in steps.
    var epochEnds: [Double] = []
    var isWide = false
    var isTall = false

    /// - Parameters:
    ///   - includesZero: as of ``Axis/init(around:includesZero:ticks:)``
    ///   - prefersLogarithm: whether values that spread over two powers of ten and more are drawn by their logarithms
    /// - Returns: `nil` where there is nothing to draw
    init?(
        id: String, title: String, unit: String, summary: String, layers: [Layer], includesZero: Bool = true,
        prefersLogarithm: Bool = false
    ) {
        let layers = layers.compactMap(\.held)
        let curves = layers.compactMap(\.curve)
        var values = curves.flatMap(\.values)
        for case .rule(let value, _) in layers { values.append(value) }
        guard let low = values.min(), let high = values.max(), !curves.allSatisfy(\.isEmpty) else { return nil }
        let steps = curves.flatMap { [$0.points.first?.x, $0.points.last?.x] }.compactMap(\.self)
        guard let first = steps.min(), let last = steps.max() else { return nil }
        (self.id, self.title, self.unit, self.summary, self.layers) = (id, title, unit, summary, layers)
        self.steps = Axis(ofSteps: first...last)
        self.values =
            prefersLogarithm && low > 0 && high / low > 100
            ? Axis(logarithmicAround: low...high) : Axis(around: low...high, includesZero: includesZero)
    }
}

extension Chart.Layer {
    var curve: Curve? {
        switch self {
        case .raw(let curve, _, _), .line(let curve, _, _), .dots(let curve, _, _): curve
        case .rule, .marks, .best: nil
        }
    }

    /// The layer as an axis can hold it; `nil` for a rule that none can.
    fileprivate var held: Self? {
        guard case .rule(let value, let name) = self else { return self }
        return Axis.held(value).map { .rule($0, name: name) }
    }
}
