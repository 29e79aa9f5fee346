/// The largest singular values of a matrix with their vectors, to the accuracy of float32 however near the next one is:
/// `left · diag(values) · right` is the nearest matrix of its rank.
///
/// What PiSSA's own start takes apart stays ``TruncatedSVD``'s, so that its checkpoints go on as they began.
public struct PrincipalSVD {
    /// `[rows, rank]`, orthonormal columns.
    public let left: Tensor
    /// Descending.
    public let values: [Float]
    /// `[rank, columns]`, orthonormal rows.
    public let right: Tensor
    /// Whether there is one nearest matrix: false where the next singular value is the same as the last one to what float32
    /// can tell, so that another choice is as good.
    public let isDetermined: Bool

    /// By the eigenvectors of `WᵀW` or `WWᵀ`, whichever is smaller, in float64. The same on every number of threads.
    ///
    /// - Parameters:
    ///   - matrix: `[rows, columns]`, finite
    ///   - rank: at most the smaller of both
    public init(_ matrix: Tensor, rank: Int) {
        let (rows, columns) = (matrix.rows, matrix.width)
        precondition(rank > 0 && rank <= min(rows, columns), "a rank of at most \(min(rows, columns))")
        let isTall = rows >= columns
        let weight = isTall ? Tensor(matrix.values, shape: [rows, columns]) : matrix.transposedValues
        let found = LeadingEigenvectors(size: weight.width, rank: rank, product: weight.gramProduct)
        let images = weight.productWithTransposed(found.vectors)
        let lengths = images.lengths
        values = lengths.map(Float.init)
        let unit = images.values.enumerated().map { place, value in
            let length = lengths[place / images.width]
            return length > 0 ? Float(value / length) : 0
        }
        let other = found.vectors.values.map(Float.init)
        let (leftRows, rightRows) = isTall ? (unit, other) : (other, unit)
        left = Tensor(leftRows, shape: [rank, rows]).transposedValues
        right = Tensor(rightRows, shape: [rank, columns])
        let roots = found.values.map { max($0, 0).squareRoot() }
        let step = Self.indistinguishable * roots[0]
        let next = rank < roots.count ? roots[rank] : 0
        isDetermined = found.hasConverged && (rank == weight.width || roots[rank - 1] - next > step || roots[rank - 1] <= step)
    }

    /// The share of the largest singular value by which others have to differ.
    static let indistinguishable = 16 * Double(Float.ulpOfOne)
}

extension Tensor {
    /// Rows as columns.
    var transposedValues: Tensor {
        let (rows, columns) = (self.rows, width)
        let (result, source) = (Tensor(uninitialized: [columns, rows]), pointer)
        let target = result.pointer
        // In blocks, so that whole lines of the cache are used.
        Parallel.ranges(columns, grain: 16) { block in
            for row in 0..<rows { for column in block { target[column * rows + row] = source[row * columns + column] } }
        }
        return result
    }
}
