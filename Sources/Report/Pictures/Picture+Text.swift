extension Picture {
    /// The dark grey that figures are written in.
    static let ink = Color(0x262626)

    /// The width of a line of text.
    ///
    /// - Parameter scale: pixels a pixel of the font
    public static func textWidth(_ text: String, scale: Int) -> Int {
        max(text.count * BitmapFont.advance - (BitmapFont.advance - BitmapFont.width), 0) * scale
    }

    /// The height of capital letters.
    ///
    /// - Parameter scale: pixels a pixel of the font
    public static func textHeight(scale: Int) -> Int { BitmapFont.height * scale }

    /// Writes a line of text; what lies outside of the picture is left out.
    ///
    /// - Parameters:
    ///   - x: the left end of the text
    ///   - y: the upper end of its capital letters
    ///   - scale: pixels a pixel of the font
    public mutating func drawText(_ text: String, x: Int, y: Int, scale: Int, _ color: Color? = nil) {
        for (index, character) in text.enumerated() {
            let left = x + index * BitmapFont.advance * scale
            for (row, bits) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<BitmapFont.width where bits >> (BitmapFont.width - 1 - column) & 1 == 1 {
                    fill(x: left + column * scale, y: y + row * scale, width: scale, height: scale, color ?? Self.ink)
                }
            }
        }
    }
}
