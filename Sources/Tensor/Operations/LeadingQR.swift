/// The first columns of Q and the first rows of R of `W = Q R`, to the accuracy of float32.
///
/// Their product is what W has in the space of its own first columns, whatever the signs of Q's.
public struct LeadingQR {
    /// Q's first columns, `[rows, rank]`, orthonormal.
    public let left: Tensor
    /// R's first rows, `[rank, columns]`.
    public let right: Tensor
    /// Whether W's first columns are independent to what float32 can tell; else there are others as good.
    public let isDetermined: Bool

    /// By Gram and Schmidt's method in float64, each column twice. The same on every number of threads.
    ///
    /// - Parameters:
    ///   - matrix: `[rows, columns]`, finite
    ///   - rank: at most the smaller of both
    public init(_ matrix: Tensor, rank: Int) {
        let (rows, columns) = (matrix.rows, matrix.width)
        precondition(rank > 0 && rank <= min(rows, columns), "a rank of at most \(min(rows, columns))")
        let transposed = matrix.transposedValues
        let first = DoubleRows(width: rows, values: (0..<rank * rows).map { Double(transposed.pointer[$0]) })
        let (basis, _) = first.orthonormalized(limit: rank, least: first.lengths.map { PrincipalSVD.indistinguishable * $0 })
        isDetermined = basis.count == rank
        // Of dependent columns the last rows are zeros.
        func padded(_ rows: DoubleRows) -> Tensor {
            let values = rows.values.map(Float.init)
            return Tensor(values + [Float](repeating: 0, count: rank * rows.width - values.count), shape: [rank, rows.width])
        }
        left = padded(basis).transposedValues
        right = padded(transposed.productWithTransposed(basis))
    }
}
