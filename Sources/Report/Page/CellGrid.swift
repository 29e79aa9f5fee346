import Foundation

/// A table of shares as coloured cells, by SVG that is as wide as its place.
struct CellGrid {
    let id: String
    let title: String
    /// What the grid says, in a sentence for those who do not see it.
    let summary: String
    let note: HTML
    /// What the rows and the columns are, such as "layer".
    let rowTitle: String
    let columnTitle: String
    let rowLabels: [String]
    let columnLabels: [String]
    /// Row by row; `nil` where nothing was counted.
    let shares: [[Double?]]
    /// Whether there is room to write the shares into the cells.
    var isWritten: Bool { columnLabels.count <= 8 }

    /// The most labels along a side.
    private static let mostLabels = 8

    /// The figure.
    var html: HTML {
        let highest = shares.joined().compactMap(\.self).max() ?? 0
        return """
            <figure class="card chart cells" id="\(id)"><figcaption><h3>\(title)</h3><span class="unit">\(rowTitle) down, \(columnTitle) across</span></figcaption>\
            <div class="plot" style="--plot-height:\(max(96, shares.count * (isWritten ? 26 : 16)))px"><svg class="frame" role="img" aria-label="\(summary)">\
            <svg class="curves" viewBox="0 0 \(columnLabels.count) \(shares.count)" preserveAspectRatio="none" aria-hidden="true">\(cells(highest))</svg>\
            \(labels)\(isWritten ? texts(highest) : nil)</svg></div>\
            \(ColorScale.html(lowest: "0 %", highest: Wording.percent(highest)))<div class="note">\(note)</div></figure>

            """
    }

    /// The cells of a colour are one path, which makes thousands of them short.
    private func cells(_ highest: Double) -> HTML {
        var paths: [Picture.Color: String] = [:]
        var order: [Picture.Color] = []
        for (row, line) in shares.enumerated() {
            for (column, share) in line.enumerated() {
                let color = Self.color(share, highest)
                if paths[color] == nil { order.append(color) }
                paths[color, default: ""] += "M\(column) \(row)h1v1h-1z"
            }
        }
        return HTML(order.map { "<path fill=\"\($0.css)\" d=\"\(paths[$0] ?? "")\"/>" })
    }

    private static func color(_ share: Double?, _ highest: Double) -> Picture.Color {
        Viridis.color(at: share.map { highest > 0 ? Float($0 / highest) : 0 } ?? .nan)
    }

    private func texts(_ highest: Double) -> HTML {
        HTML(
            shares.enumerated().flatMap { row, line in
                line.enumerated().map { column, share -> HTML in
                    let ink = Self.color(share, highest).isDark ? "#fff" : "#111"
                    let text = share.map { String(format: "%.0f %%", 100 * $0) } ?? "—"
                    return """
                        <text class="cell" x="\(Self.middle(column, of: columnLabels.count))" y="\(Self.middle(row, of: shares.count))" dy=".35em" \
                        text-anchor="middle" style="fill:\(ink)">\(text)</text>
                        """
                }
            })
    }

    private var labels: HTML {
        func kept(_ labels: [String]) -> [(offset: Int, element: String)] {
            let every = (labels.count + Self.mostLabels - 1) / Self.mostLabels
            return labels.enumerated().filter { $0.offset.isMultiple(of: max(every, 1)) }
        }
        let down = kept(rowLabels).map { row, label -> HTML in
            "<text x=\"0\" dx=\"-8\" y=\"\(Self.middle(row, of: shares.count))\" dy=\".35em\" text-anchor=\"end\">\(label)</text>"
        }
        let across = kept(columnLabels).map { column, label -> HTML in
            "<text x=\"\(Self.middle(column, of: columnLabels.count))\" y=\"100%\" dy=\"18\" text-anchor=\"middle\">\(label)</text>"
        }
        return HTML(down + across)
    }

    private static func middle(_ index: Int, of count: Int) -> String {
        String(format: "%.2f%%", 100 * (Double(index) + 0.5) / Double(count))
    }
}
