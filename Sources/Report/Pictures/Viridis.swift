/// The colour map of Smith and van der Walt that matplotlib calls `viridis`: from dark purple over green to yellow, and
/// ever lighter.
public enum Viridis {
    /// The 256 colours that `imshow` draws, the lowest first.
    public static let colors = viridisTable.map(Picture.Color.init)

    /// The colour of what is no number.
    public static let missing = Picture.Color(0xB0B0B0)

    /// The number of the colour of a share, as matplotlib has it: `int(256 share)`, and the ends for what lies beyond.
    ///
    /// - Parameter share: 0 for the lowest colour, 1 for the highest
    /// - Returns: `nil` for what is no number
    public static func index(at share: Float) -> Int? {
        share.isNaN ? nil : Int(min(max(share * 256, 0), 255))
    }

    /// The colour of a share; ``missing`` for what is no number.
    ///
    /// - Parameter share: 0 for the lowest colour, 1 for the highest
    public static func color(at share: Float) -> Picture.Color { index(at: share).map { colors[$0] } ?? missing }
}
