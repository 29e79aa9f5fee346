import Foundation

extension Chart {
    /// The figure.
    var html: HTML {
        """
        <figure class="card chart\(isWide ? " wide" : "")\(isTall ? " tall" : "")" id="\(id)">\
        <figcaption><h3>\(title)</h3>\(legend)</figcaption>\
        <div class="plot\(rightScale == nil ? "" : " two-sided")" data-x="\(range(steps))" data-y="\(range(values))"\
        \(values.isLogarithmic ? " data-log" : "") data-step="\(stepName)">\
        <svg class="frame" role="img" aria-label="\(summary)">\(grid)\
        <svg class="curves" viewBox="0 0 \(Self.side) \(Self.side)" preserveAspectRatio="none" aria-hidden="true">\(stretchedLayers)</svg>\
        \(layers.map(unstretched))\(labels)</svg></div>\
        \(note.markup.isEmpty ? nil : "<div class=\"note\">\(note)</div>" as HTML)</figure>

        """
    }

    /// The units of the stretched part, along each side.
    private static let side = 10_000

    private func range(_ axis: Axis) -> String { "\(axis.range.lowerBound) \(axis.range.upperBound)" }

    // MARK: - What is stretched

    private func point(_ x: Double, _ y: Double) -> String {
        let scale = Double(Self.side)
        return "\(Int((steps.place(x) * scale).rounded())) \(Int(((1 - values.place(y)) * scale).rounded()))"
    }

    /// Lines through the columns of each part; a part of one column becomes a dot.
    private func path(_ parts: [[Envelope.Column]], _ value: (Envelope.Column) -> Double) -> String {
        parts.map { part in
            let points = part.map { point($0.x, value($0)) }
            return "M" + (points.count == 1 ? [points[0], points[0]] : points).joined(separator: "L")
        }.joined()
    }

    /// Rules lie below the curves.
    private var stretchedLayers: [HTML] {
        (layers.filter { $0.curve == nil } + layers.filter { $0.curve != nil }).map(stretched)
    }

    private func stretched(_ layer: Layer) -> HTML {
        switch layer {
        case .raw(let curve, let series, _):
            let envelope = Envelope(curve)
            guard envelope.isReduced else {
                return "<path class=\"raw\" style=\"\(Palette.stroke(series))\" d=\"\(path(envelope.runs, \.last))\"/>"
            }
            let bands = envelope.runs.map { part in
                "M" + (part.map { point($0.x, $0.highest) } + part.reversed().map { point($0.x, $0.lowest) }).joined(separator: "L") + "Z"
            }
            let color = Palette.color(series)
            return "<path class=\"band\" style=\"fill:\(color);stroke:\(color)\" d=\"\(bands.joined())\"/>"
        case .line(let curve, let series, let name):
            return
                "<path class=\"line\" data-name=\"\(name)\" style=\"\(Palette.stroke(series))\" d=\"\(path(Envelope(curve).runs, \.last))\"/>"
        case .dots(let curve, let series, let name):
            return
                "<path class=\"line\" data-name=\"\(name)\" style=\"\(Palette.stroke(series))\" d=\"\(path(Envelope(curve).runs, \.last))\"/>"
        case .rule(let value, _):
            let height = Int(((1 - values.place(value)) * Double(Self.side)).rounded())
            return "<path class=\"rule\" d=\"M0 \(height)H\(Self.side)\"/>"
        case .marks, .best: return ""
        }
    }

    // MARK: - What keeps its size

    private func percent(_ share: Double) -> String { String(format: "%.2f%%", 100 * share) }
    private func left(_ x: Double) -> String { percent(steps.place(x)) }
    private func top(_ y: Double) -> String { percent(1 - values.place(y)) }

    /// More dots than this would hide the line.
    private static let mostDots = 40
    private static let mostMarks = 200

    private func unstretched(_ layer: Layer) -> HTML {
        switch layer {
        case .dots(let curve, let series, _):
            let points = curve.points.filter { $0.y != nil }
            guard points.count <= Self.mostDots else { return "" }
            return HTML(
                points.map {
                    "<circle class=\"dot\" cx=\"\(left($0.x))\" cy=\"\(top($0.y ?? 0))\" r=\"3.5\" style=\"fill:\(Palette.color(series))\"/>"
                })
        case .marks(let steps, let kind, _):
            // Those that would cover each other are one.
            let places = Set(steps.map { Int(self.steps.place($0) * Double(Self.mostMarks)) }).sorted()
            return HTML(
                places.map {
                    "<svg class=\"mark \(kind.rawValue)\" x=\"\(percent(Double($0) / Double(Self.mostMarks)))\" y=\"100%\">\(kind.shape)</svg>"
                })
        case .best(let x, let y, let series):
            return "<svg class=\"mark best\" x=\"\(left(x))\" y=\"\(top(y))\" style=\"fill:\(Palette.color(series))\">\(Self.star)</svg>"
        case .raw, .line, .rule: return ""
        }
    }

    private static let star: HTML = "<path d=\"M0 -9L2.3 -3.2L8.6 -2.8L3.8 1.2L5.3 7.3L0 3.9L-5.3 7.3L-3.8 1.2L-8.6 -2.8L-2.3 -3.2Z\"/>"

    private var grid: HTML {
        HTML(values.ticks.map { "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"\(top($0.value))\" y2=\"\(top($0.value))\"/>" })
            + HTML(epochEnds.map { "<line class=\"epoch\" x1=\"\(left($0))\" x2=\"\(left($0))\" y1=\"0\" y2=\"100%\"/>" })
            + "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"100%\" y2=\"100%\"/>"
    }

    private var labels: HTML {
        var labels = values.ticks.map { tick -> HTML in
            "<text x=\"0\" dx=\"-8\" y=\"\(top(tick.value))\" dy=\".35em\" text-anchor=\"end\">\(tick.label)</text>"
        }
        labels += steps.ticks.map { tick in
            let place = steps.place(tick.value)
            return "<text x=\"\(percent(place))\" y=\"100%\" dy=\"18\" text-anchor=\"middle\">\(tick.label)</text>"
        }
        if let rightScale {
            labels += zip(values.ticks, rightScale.labels(values.ticks.map(\.value))).map { tick, label in
                "<text x=\"100%\" dx=\"8\" y=\"\(top(tick.value))\" dy=\".35em\">\(label)</text>"
            }
        }
        return HTML(labels)
    }

    // MARK: - The legend

    private var legend: HTML {
        let firstBest = layers.firstIndex { if case .best = $0 { true } else { false } }
        var entries = layers.enumerated().compactMap { number, layer -> HTML? in
            if case .best = layer, number != firstBest { return nil }
            return entry(layer)
        }
        entries +=
            (epochEnds.isEmpty
                ? [] : ["<li><svg class=\"key\"><line class=\"epoch\" x1=\"9\" x2=\"9\" y1=\"0\" y2=\"12\"/></svg>end of an epoch</li>"])
        // What a single line is the title says.
        if entries.count == 1, case .line = layers[0] { entries = [] }
        let values = rightScale.map { "\(unit) (left) and \($0.title) (right)" } ?? unit
        let units: HTML = "<span class=\"unit\">\(values.isEmpty ? "" : values + ", ")by \(stepName)</span>"
        return "\(units)\(entries.isEmpty ? nil : "<ul class=\"legend\">\(entries)</ul>" as HTML)"
    }

    private func entry(_ layer: Layer) -> HTML? {
        switch layer {
        case .line(_, let series, let name):
            "<li><svg class=\"key\"><line class=\"line\" x1=\"0\" x2=\"18\" y1=\"6\" y2=\"6\" style=\"\(Palette.stroke(series))\"/></svg>\(name)</li>"
        case .dots(_, let series, let name):
            """
            <li><svg class="key"><line class="line" x1="0" x2="18" y1="6" y2="6" style="\(Palette.stroke(series))"/>\
            <circle class="dot" cx="9" cy="6" r="3.5" style="fill:\(Palette.color(series))"/></svg>\(name)</li>
            """
        case .rule(_, let name): "<li><svg class=\"key\"><line class=\"rule\" x1=\"0\" x2=\"18\" y1=\"6\" y2=\"6\"/></svg>\(name)</li>"
        case .marks(_, let kind, let name):
            "<li><svg class=\"key\"><svg class=\"mark \(kind.rawValue)\" x=\"9\" y=\"11\">\(kind.shape)</svg></svg>\(name)</li>"
        case .best(_, _, let series):
            "<li><svg class=\"key\"><svg class=\"mark best\" x=\"9\" y=\"6\" style=\"fill:\(Palette.color(series))\">\(Self.star)</svg></svg>best</li>"
        case .raw(_, let series, let name):
            "<li><svg class=\"key\"><line class=\"raw\" x1=\"0\" x2=\"18\" y1=\"6\" y2=\"6\" style=\"\(Palette.stroke(series))\"/></svg>\(name)</li>"
        }
    }
}

extension Chart.Mark {
    /// Above the lower edge, about the middle.
    var shape: HTML {
        switch self {
        case .overflow: "<path d=\"M-5 0L5 0L0 -9Z\"/>"
        case .skipped: "<path d=\"M-4 -9L4 -1M4 -9L-4 -1\"/>"
        }
    }
}
