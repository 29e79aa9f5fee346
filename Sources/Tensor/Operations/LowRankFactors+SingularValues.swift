extension LowRankFactors {
    /// The singular values of `scale B A`, descending, without the product being made: `B = Q R` and `Aᵀ = P S` by
    /// Householder's reflections, so that `R Sᵀ`, of the rank's size alone, has the same ones; then Jacobi's rotations from
    /// one side (Hestenes 1958). In float64 throughout, and without squares of values, so that small ones are kept.
    ///
    /// - Returns: as many as the rank, or as the smaller side of the product where that is less; all NaN where a factor
    ///   holds what is no number
    public var singularValues: [Double] {
        let (rank, output, input) = (rank, b.shape[0], a.shape[1])
        let count = min(rank, output, input)
        let left = b.values.map(Double.init)
        let right = a.values.map(Double.init)
        guard left.allSatisfy(\.isFinite), right.allSatisfy(\.isFinite), scale.isFinite else {
            return [Double](repeating: .nan, count: count)
        }
        let r = ColumnMatrix(rows: output, columns: rank) { left[$0 * rank + $1] }.triangle
        let s = ColumnMatrix(rows: input, columns: rank) { right[$1 * input + $0] }.triangle
        let core = ColumnMatrix(rows: r.rows, columns: s.rows) { row, column in
            (0..<rank).reduce(0.0) { $0 + r[row, $1] * s[column, $1] }
        }
        // Rotations are of columns: fewer of them are less work.
        let values = (core.columns <= core.rows ? core : core.transposed).singularValues
        return values.prefix(count).map { $0 * Double(abs(scale)) }
    }
}

/// A matrix in float64, column by column.
private struct ColumnMatrix {
    let rows: Int
    let columns: Int
    private var values: [Double]

    init(rows: Int, columns: Int, _ value: (_ row: Int, _ column: Int) -> Double) {
        (self.rows, self.columns) = (rows, columns)
        values = []
        values.reserveCapacity(rows * columns)
        for column in 0..<columns { for row in 0..<rows { values.append(value(row, column)) } }
    }

    subscript(row: Int, column: Int) -> Double { values[column * rows + row] }

    var transposed: ColumnMatrix { ColumnMatrix(rows: columns, columns: rows) { self[$1, $0] } }

    /// The upper triangle R of the QR decomposition, `[min(rows, columns), columns]`.
    var triangle: ColumnMatrix {
        var work = values
        let (rows, columns) = (rows, columns)
        work.withUnsafeMutableBufferPointer { work in
            for pivot in 0..<min(rows - 1, columns) {
                let start = pivot * rows
                let below = pivot..<rows
                let norm = Self.length(work, below.lowerBound + start..<below.upperBound + start)
                guard norm > 0 else { continue }
                // Away from the first value, so that nothing cancels.
                let head = work[start + pivot]
                let alpha = head > 0 ? -norm : norm
                work[start + pivot] = head - alpha
                // Half of the squared length of the reflected vector, over its head.
                let factor = -alpha
                for column in pivot + 1..<max(columns, pivot + 1) {
                    var product = 0.0
                    for row in below { product += work[start + row] * work[column * rows + row] }
                    product /= factor * work[start + pivot]
                    for row in below { work[column * rows + row] -= product * work[start + row] }
                }
                work[start + pivot] = alpha
                for row in pivot + 1..<rows { work[start + row] = 0 }
            }
        }
        return ColumnMatrix(rows: min(rows, columns), columns: columns) { work[$1 * rows + $0] }
    }

    /// The lengths of the columns once rotations have made them orthogonal, descending.
    var singularValues: [Double] {
        var work = values
        let (rows, columns) = (rows, columns)
        return work.withUnsafeMutableBufferPointer { work in
            for _ in 0..<60 {
                var isDone = true
                for one in 0..<columns {
                    for other in one + 1..<max(columns, one + 1) where Self.rotate(work, one * rows, other * rows, rows) {
                        isDone = false
                    }
                }
                if isDone { break }
            }
            return (0..<columns).map { Self.length(work, $0 * rows..<($0 + 1) * rows) }.sorted(by: >)
        }
    }

    /// Makes two columns orthogonal.
    ///
    /// - Returns: whether they were not
    private static func rotate(_ work: UnsafeMutableBufferPointer<Double>, _ one: Int, _ other: Int, _ rows: Int) -> Bool {
        var (square, otherSquare, product) = (0.0, 0.0, 0.0)
        for row in 0..<rows {
            let (x, y) = (work[one + row], work[other + row])
            square += x * x
            otherSquare += y * y
            product += x * y
        }
        guard abs(product) > 1e-15 * (square * otherSquare).squareRoot() else { return false }
        let zeta = (otherSquare - square) / (2 * product)
        let t = (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
        let c = 1 / (1 + t * t).squareRoot()
        let s = c * t
        for row in 0..<rows {
            let (x, y) = (work[one + row], work[other + row])
            work[one + row] = c * x - s * y
            work[other + row] = s * x + c * y
        }
        return true
    }

    private static func length(_ work: UnsafeMutableBufferPointer<Double>, _ places: Range<Int>) -> Double {
        var sum = 0.0
        for place in places { sum += work[place] * work[place] }
        return sum.squareRoot()
    }
}
