import CKernels

/// The largest singular values of a matrix with their vectors: `matrix ≈ left · diag(values) · right`.
public struct TruncatedSVD {
    /// `[rows, rank]`, orthonormal columns.
    public let left: Tensor
    /// Descending.
    public let values: [Float]
    /// `[rank, columns]`, orthonormal rows.
    public let right: Tensor

    /// By subspace iteration from a random start (Halko, Martinsson & Tropp 2011): a space of twice the rank is
    /// multiplied by `WᵀW` until what it holds of the matrix no longer grows, and the small problem that is left is
    /// solved by Jacobi's rotations in float64. The same on every number of threads.
    ///
    /// - Parameters:
    ///   - matrix: `[rows, columns]`
    ///   - rank: at most the smaller of both
    public init(_ matrix: Tensor, rank: Int, seed: UInt64 = 0) {
        let (rows, columns) = (matrix.rows, matrix.width)
        precondition(rank > 0 && rank <= min(rows, columns), "a rank of at most \(min(rows, columns))")
        let width = min(2 * rank + 8, rows, columns)
        // A copy, so that the packed forms that are needed here alone go with it.
        let weight = Tensor(matrix.values, shape: [rows, columns])
        var generator = RandomGenerator(seed: seed)
        let basis = Tensor((0..<width * columns).map { _ in generator.normal() }, shape: [width, columns])
        let image = Tensor(uninitialized: [width, rows])
        ComputeContext.with({ $0.precision = .float32 }) {
            let context = ComputeContext.current
            func orthonormalize() {
                orthonormalize_rows(Int64(width), Int64(columns), basis.pointer)
                context.matmul.multiply(basis, by: weight.packed(transposed: true, context), into: image)
            }
            orthonormalize()
            var held = image.sumOfSquares
            for _ in 0..<Self.maximumIterations {
                context.matmul.multiply(image, by: weight.packed(transposed: false, context), into: basis)
                orthonormalize()
                let now = image.sumOfSquares
                defer { held = now }
                if now - held <= Self.tolerance * now { break }
            }
        }
        // Within the space the matrix is `image`; its singular values are the roots of the eigenvalues of imageᵀ image.
        var gram = [Double](repeating: 0, count: width * width)
        gram.withUnsafeMutableBufferPointer { row_products(Int64(width), Int64(rows), image.pointer, $0.baseAddress) }
        let (eigenvalues, vectors) = Self.eigen(&gram, size: width)
        let order = eigenvalues.indices.sorted { (eigenvalues[$0], $1) > (eigenvalues[$1], $0) }.prefix(rank)
        let values = order.map { Float(max(eigenvalues[$0], 0).squareRoot()) }
        func combined(_ source: Tensor, dividing: Bool) -> [Float] {
            zip(order, values).flatMap { (index, value) -> [Float] in
                var sum = [Float](repeating: 0, count: source.width)
                for row in 0..<width {
                    let factor = Float(vectors[row * width + index]) / (dividing ? value : 1)
                    guard factor.isFinite else { continue }
                    sum.withUnsafeMutableBufferPointer {
                        accumulate_f32(Int64(source.width), factor, 0, source.pointer + row * source.width, $0.baseAddress)
                    }
                }
                return sum
            }
        }
        let leftRows = combined(image, dividing: true)
        left = Tensor((0..<rows * rank).map { leftRows[$0 % rank * rows + $0 / rank] }, shape: [rows, rank])
        right = Tensor(combined(basis, dividing: false), shape: [rank, columns])
        self.values = values
    }

    private static let maximumIterations = 60
    /// The share by which a step must add to what the space holds of the matrix.
    private static let tolerance = 1e-5

    /// Eigenvalues and, column by column, eigenvectors of a symmetric matrix, which is used up: Jacobi's rotations,
    /// row by row, until nothing is left beside the diagonal.
    private static func eigen(_ matrix: inout [Double], size n: Int) -> (values: [Double], vectors: [Double]) {
        var vectors = [Double](repeating: 0, count: n * n)
        for i in 0..<n { vectors[i * n + i] = 1 }
        matrix.withUnsafeMutableBufferPointer { a in
            vectors.withUnsafeMutableBufferPointer { v in
                let scale = a.reduce(0) { $0 + $1 * $1 }
                for _ in 0..<30 {
                    var beside = 0.0
                    for p in 0..<n { for q in 0..<p { beside += a[p * n + q] * a[p * n + q] } }
                    if beside <= 1e-26 * scale { return }
                    for p in 0..<n {
                        for q in p + 1..<max(n, p + 1) where a[p * n + q] != 0 {
                            let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
                            let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                            let c = 1 / (t * t + 1).squareRoot()
                            let s = t * c
                            for k in 0..<n {
                                let (x, y) = (a[k * n + p], a[k * n + q])
                                a[k * n + p] = c * x - s * y
                                a[k * n + q] = s * x + c * y
                            }
                            for k in 0..<n {
                                let (x, y) = (a[p * n + k], a[q * n + k])
                                a[p * n + k] = c * x - s * y
                                a[q * n + k] = s * x + c * y
                            }
                            for k in 0..<n {
                                let (x, y) = (v[k * n + p], v[k * n + q])
                                v[k * n + p] = c * x - s * y
                                v[k * n + q] = s * x + c * y
                            }
                        }
                    }
                }
            }
        }
        return ((0..<n).map { matrix[$0 * n + $0] }, vectors)
    }
}
