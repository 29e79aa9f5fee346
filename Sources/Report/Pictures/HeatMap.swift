/// A matrix as `imshow` with viridis draws it: a pixel an entry, its lowest value the darkest and its highest the
/// lightest.
public struct HeatMap: Sendable {
    /// The size of the map, in pixels.
    public let rows, columns: Int
    /// The size of the matrix.
    public let matrixRows, matrixColumns: Int
    /// How many rows and columns of the matrix a pixel stands for: 1, or more where the matrix was reduced.
    public let blockSide: Int
    /// What the pixels show, row by row: the entries, or of each block the entry of the largest magnitude.
    public let values: [Float]
    /// The range of the colours: the lowest and the highest of all finite entries of the matrix, 0 where there is none.
    public let lowest, highest: Float

    /// - Parameters:
    ///   - matrix: `[rows, columns]`, row by row, with at least one entry
    ///   - maximumSide: the most pixels of a side. A larger matrix is cut into blocks, each of which shows its entry of
    ///     the largest magnitude, so that what stands out is not averaged away; an entry that is no number shows always.
    ///     `nil` for a pixel an entry.
    public init(_ matrix: [Float], rows: Int, columns: Int, maximumSide: Int? = nil) {
        precondition(rows > 0 && columns > 0 && matrix.count == rows * columns, "\(matrix.count) entries are no \(rows) rows of \(columns)")
        let longer = max(rows, columns)
        let side = min(max(maximumSide ?? longer, 1), longer)
        let block = (longer + side - 1) / side
        (matrixRows, matrixColumns, blockSide) = (rows, columns, block)
        self.rows = (rows + block - 1) / block
        self.columns = (columns + block - 1) / block
        values = block == 1 ? matrix : Self.reduced(matrix, columns: columns, block: block, to: (self.rows, self.columns))
        var range: (lowest: Float, highest: Float)?
        for value in matrix where value.isFinite {
            range = range.map { (min($0.lowest, value), max($0.highest, value)) } ?? (value, value)
        }
        (lowest, highest) = range ?? (0, 0)
    }

    private static func reduced(_ matrix: [Float], columns: Int, block: Int, to size: (rows: Int, columns: Int)) -> [Float] {
        var values = [Float](repeating: 0, count: size.rows * size.columns)
        for (row, start) in stride(from: 0, to: matrix.count, by: columns).enumerated() {
            let line = row / block * size.columns
            for column in 0..<columns {
                let (place, value) = (line + column / block, matrix[start + column])
                if value.isNaN || abs(value) > abs(values[place]) { values[place] = value }
            }
        }
        return values
    }

    /// The largest magnitude of all finite entries.
    public var largestMagnitude: Float { max(abs(lowest), abs(highest)) }

    /// Where a value stands in the range of the colours: 0 at its lowest, 1 at its highest. All the same are lowest, as
    /// matplotlib has it.
    public func share(of value: Float) -> Float {
        // Half of each, so that no range is infinite.
        let range = highest / 2 - lowest / 2
        return range > 0 ? (value / 2 - lowest / 2) / range : value.isNaN ? .nan : 0
    }

    /// The map, a pixel an entry or block.
    public var picture: Picture {
        Picture(width: columns, pixels: values.map { Viridis.color(at: share(of: $0)) })
    }
}
