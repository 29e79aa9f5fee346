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
    /// solved in float64. The same on every number of threads.
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
        let eigen = SymmetricEigen(gram, size: width)
        let values = eigen.values.prefix(rank).map { Float(max($0, 0).squareRoot()) }
        func combined(_ source: Tensor, dividing: Bool) -> [Float] {
            values.enumerated().flatMap { (index, value) -> [Float] in
                var sum = [Float](repeating: 0, count: source.width)
                for row in 0..<width {
                    let factor = Float(eigen.vectors[index * width + row]) / (dividing ? value : 1)
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
}
