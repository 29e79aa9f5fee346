/// All modules of an adapter at a glance: a row a layer, a column a kind of module; each with its heat map in colours of
/// its own range, the largest magnitude in it, and a bar for its norm.
public struct AdapterOverview: Sendable {
    private let modules: [ModuleAnalysis]
    /// The numbers of the layers that have a module, ascending.
    private let layers: [Int]
    /// The kinds of module, in the order of the model.
    private let parts: [String]
    /// Whether there are so many columns that all is drawn smaller.
    private let isDense: Bool

    private static let margin = 20
    private static let track = Picture.Color(0xE6E6E6)
    private static let barColor = Viridis.color(at: 0.5)

    /// Draws all modules of an adapter.
    public init(_ modules: [ModuleAnalysis]) {
        self.modules = modules
        layers = Set(modules.map(\.layer)).sorted()
        var parts: [String] = []
        for module in modules where !parts.contains(module.part) { parts.append(module.part) }
        self.parts = parts
        isDense = parts.count > 16
    }

    /// The most pixels of a side of the heat maps.
    public var thumbnailSide: Int { isDense ? 48 : 96 }
    private var textScale: Int { isDense ? 1 : 2 }
    private var lineHeight: Int { 11 * textScale }
    private var barHeight: Int { 4 * textScale }

    /// - Parameter thumbnails: the heat map of each module, none larger than ``thumbnailSide``
    public func picture(_ thumbnails: [HeatMap]) -> Picture {
        precondition(
            thumbnails.count == modules.count && thumbnails.allSatisfy { max($0.rows, $0.columns) <= thumbnailSide },
            "a small heat map for each of \(modules.count) modules")
        let scale = textScale
        func width(_ text: String) -> Int { Picture.textWidth(text, scale: scale) }
        let headers = parts.map { $0.split(separator: ".").map(String.init) }
        let captions = zip(modules, thumbnails).map { [Self.largest($1), Self.norm($0)] }
        let words = headers.flatMap { $0 } + captions.flatMap { $0 }
        let cellWidth = max(thumbnailSide, words.map(width).max() ?? 0) + 8 * scale
        let cellHeight = thumbnailSide + 2 * lineHeight + barHeight + 12 * scale
        let left = Self.margin + (layers.map { width("layer \($0)") }.max() ?? 0) + 6 * scale
        let legend = self.legend
        let headerY = Self.margin + (legend.count + 1) * 24
        let gridY = headerY + (headers.map(\.count).max() ?? 0) * lineHeight + 2 * scale
        let legendWidth = legend.map { Picture.textWidth($0, scale: 2) }.max() ?? 0
        var picture = Picture(
            width: max(left + parts.count * cellWidth, Self.margin + legendWidth) + Self.margin,
            height: gridY + layers.count * cellHeight + Self.margin / 2)
        for (index, line) in legend.enumerated() {
            picture.drawText(line, x: Self.margin, y: Self.margin + index * 24, scale: 2)
        }
        for (column, lines) in headers.enumerated() {
            for (index, line) in lines.enumerated() {
                let x = left + column * cellWidth + (thumbnailSide - width(line)) / 2
                picture.drawText(line, x: max(x, left + column * cellWidth), y: headerY + index * lineHeight, scale: scale)
            }
        }
        for (row, layer) in layers.enumerated() {
            let y = gridY + row * cellHeight + thumbnailSide / 2 - Picture.textHeight(scale: scale) / 2
            picture.drawText("layer \(layer)", x: Self.margin, y: y, scale: scale)
        }
        let longest = modules.map(Self.size).filter(\.isFinite).max() ?? 0
        for (index, module) in modules.enumerated() {
            guard let row = layers.firstIndex(of: module.layer), let column = parts.firstIndex(of: module.part) else { continue }
            let (x, y) = (left + column * cellWidth, gridY + row * cellHeight)
            draw(thumbnails[index], on: &picture, x: x, y: y)
            let captionY = y + thumbnailSide + 3 * scale
            picture.drawText(captions[index][0], x: x, y: captionY, scale: scale)
            picture.drawText(captions[index][1], x: x, y: captionY + lineHeight, scale: scale)
            let barY = captionY + 2 * lineHeight
            picture.fill(x: x, y: barY, width: thumbnailSide, height: barHeight, Self.track)
            let share = longest > 0 ? Self.size(module) / longest : 0
            let length = share.isFinite ? Int((share * Double(thumbnailSide)).rounded()) : 0
            picture.fill(x: x, y: barY, width: length, height: barHeight, Self.barColor)
        }
        return picture
    }

    /// Draws a map in the middle of its place.
    private func draw(_ map: HeatMap, on picture: inout Picture, x: Int, y: Int) {
        let factor = thumbnailSide / max(map.rows, map.columns)
        let thumbnail = map.picture.scaled(by: factor)
        picture.draw(thumbnail, x: x + (thumbnailSide - thumbnail.width) / 2, y: y + (thumbnailSide - thumbnail.height) / 2)
    }

    /// What its bar is about: in relation to the base where that is known.
    private static func size(_ module: ModuleAnalysis) -> Double { module.relativeNorm ?? module.norm }

    private static func norm(_ module: ModuleAnalysis) -> String {
        module.relativeNorm.map(FigureNumber.percent) ?? FigureNumber.short(module.norm)
    }

    private static func largest(_ map: HeatMap) -> String { "±" + FigureNumber.short(map.largestMagnitude) }

    private var legend: [String] {
        let hasBase = modules.contains { $0.relativeNorm != nil }
        return [
            "LoRA weights: \(modules.count) modules", "colours: each module's own range", "±: its largest |ΔW|",
            "bar: ‖ΔW‖" + (hasBase ? " / ‖W‖" : ""),
        ]
    }
}
