/// The colours of a heat map as an upright scale, with its lowest, middle and highest value beside them.
public struct ColorBar: Sendable {
    /// The bar with its ticks and their numbers.
    public let picture: Picture
    /// How far below the upper edge of the picture the scale begins: half a line of text.
    public let inset: Int

    private static let barWidth = 18
    private static let tickLength = 5

    /// - Parameters:
    ///   - height: of the scale, without what the text stands out
    ///   - scale: of the text, pixels a pixel of the font
    public init(_ map: HeatMap, height: Int, scale: Int = 2) {
        let half = map.lowest / 2 + map.highest / 2
        // A range of one value has no other end.
        let labels = (map.highest > map.lowest ? [(map.lowest, 0.0), (half, 0.5), (map.highest, 1.0)] : [(map.lowest, 0.0)])
            .map { (text: FigureNumber.short($0), share: $1) }
        inset = Picture.textHeight(scale: scale) / 2 + 1
        let textX = Self.barWidth + Self.tickLength + 2 * scale
        let width = textX + (labels.map { Picture.textWidth($0.text, scale: scale) }.max() ?? 0)
        var picture = Picture(width: width, height: height + 2 * inset)
        for row in 0..<height {
            let share = 1 - (Float(row) + 0.5) / Float(height)
            picture.fill(x: 0, y: inset + row, width: Self.barWidth, height: 1, Viridis.color(at: share))
        }
        picture.frame(x: 0, y: inset, width: Self.barWidth, height: height, Picture.ink)
        for (text, share) in labels {
            let y = inset + Int((Double(height - 1) * (1 - share)).rounded())
            picture.fill(x: Self.barWidth, y: y, width: Self.tickLength, height: 1, Picture.ink)
            picture.drawText(text, x: textX, y: y - Picture.textHeight(scale: scale) / 2, scale: scale)
        }
        self.picture = picture
    }
}
