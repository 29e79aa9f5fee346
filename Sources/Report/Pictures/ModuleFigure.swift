/// The picture of what an adapter changes in one module: `LoRA Weight for …`, its heat map with axes and scale, and the
/// numbers below.
public struct ModuleFigure: Sendable {
    /// The whole figure: title, map, axes, colour bar and the line below.
    public let picture: Picture
    /// Where in the picture the heat map's upper left corner is.
    public let mapX, mapY: Int
    /// How many pixels wide and high an entry of the heat map is drawn.
    public let mapScale: Int

    private static let margin = 20
    private static let textScale = 2
    private static let lineHeight = 24
    private static let tickLength = 5
    /// A smaller map is enlarged until its longer side has as much.
    private static let smallestSide = 400
    private static let smallestBar = 160

    /// - Parameter map: of the module's `ΔW`
    public init(_ module: ModuleAnalysis, _ map: HeatMap) {
        let scale = Self.textScale
        func width(_ text: String) -> Int { Picture.textWidth(text, scale: scale) }
        let title = "LoRA Weight for \(module.name)"
        let notes = Self.notes(module, map)
        let enlargement = max(1, (Self.smallestSide + max(map.rows, map.columns) - 1) / max(map.rows, map.columns))
        mapScale = enlargement
        let (mapWidth, mapHeight) = (map.columns * enlargement, map.rows * enlargement)
        // The widest tick on the left is that of the last row.
        let left = max(width(String(map.matrixRows)), width("out")) + Self.tickLength + 2 * scale
        mapX = Self.margin + left
        mapY = Self.margin + 2 * Self.lineHeight
        let bar = ColorBar(map, height: max(mapHeight, Self.smallestBar), scale: scale)
        let barX = mapX + mapWidth + Self.margin
        let contentWidth = max(barX + bar.picture.width - Self.margin, ([title] + notes).map(width).max() ?? 0)
        let notesY = mapY + max(mapHeight, Self.smallestBar) + 2 * Self.lineHeight + 8
        var picture = Picture(
            width: contentWidth + 2 * Self.margin, height: notesY + notes.count * Self.lineHeight + Self.margin / 2)

        picture.drawText(title, x: Self.margin + (contentWidth - width(title)) / 2, y: Self.margin, scale: scale)
        picture.frame(x: mapX - 1, y: mapY - 1, width: mapWidth + 2, height: mapHeight + 2, Picture.ink)
        picture.draw(map.picture.scaled(by: enlargement), x: mapX, y: mapY)
        picture.draw(bar.picture, x: barX, y: mapY - bar.inset)

        // The middle of what is drawn for an entry.
        func middle(_ place: Int) -> Int { place / map.blockSide * enlargement + enlargement / 2 }
        let half = Picture.textHeight(scale: scale) / 2
        for row in AxisTicks.places(map.matrixRows, most: max(1, mapHeight / 45)) {
            let (y, text) = (mapY + middle(row), String(row))
            picture.fill(x: mapX - 1 - Self.tickLength, y: y, width: Self.tickLength, height: 1, Picture.ink)
            picture.drawText(text, x: mapX - Self.tickLength - 2 * scale - width(text), y: y - half, scale: scale)
        }
        let bottom = mapY + mapHeight + 1
        for column in AxisTicks.places(map.matrixColumns, most: max(1, mapWidth / 90)) {
            let (x, text) = (mapX + middle(column), String(column))
            picture.fill(x: x, y: bottom, width: 1, height: Self.tickLength, Picture.ink)
            picture.drawText(text, x: x - width(text) / 2, y: bottom + Self.tickLength + 4, scale: scale)
        }
        picture.drawText("out", x: mapX - Self.tickLength - 2 * scale - width("out"), y: mapY - Self.lineHeight, scale: scale)
        picture.drawText(
            "in", x: mapX + (mapWidth - width("in")) / 2, y: bottom + Self.tickLength + 4 + Self.lineHeight - 2, scale: scale)
        for (index, note) in notes.enumerated() {
            picture.drawText(note, x: Self.margin, y: notesY + index * Self.lineHeight, scale: scale)
        }
        self.picture = picture
    }

    /// The lines below the map.
    private static func notes(_ module: ModuleAnalysis, _ map: HeatMap) -> [String] {
        let relation = module.relativeNorm.map { ", \(FigureNumber.percent($0)) of ‖W‖" } ?? ""
        var lines = [
            "[\(module.shape[0]), \(module.shape[1])], rank \(module.rank), scale \(FigureNumber.short(module.scale))",
            "‖ΔW‖ \(FigureNumber.short(module.norm))\(relation)",
            "effective rank \(FigureNumber.short(module.effectiveRank)), largest σ \(FigureNumber.short(module.singularValues.first ?? 0))",
        ]
        switch module.update {
        case .lowRank: break
        case .rescaled: lines.append("DoRA; rank and σ of its part B·A")
        case .lowRankPart: lines.append("DoRA; its part B·A, without a base")
        }
        if map.blockSide > 1 { lines.append("a pixel: the largest of \(map.blockSide) × \(map.blockSide)") }
        return lines
    }
}
