/// The largest eigenvalues of a symmetric matrix that is known by its products alone, with their eigenvectors, in float64.
///
/// By block Lanczos with thick restarts (Wu & Simon 2000): a space grows by what the matrix makes of its last vectors, the
/// best of it is kept where it has become too large, and it ends when what the matrix makes of the wanted vectors lies in
/// their own space, as measured by the distance to the next eigenvalue (Davis & Kahan 1970). So the space is right however
/// near the next eigenvalue is, and a block finds values that come several times.
struct LeadingEigenvectors {
    /// All that the space holds, the largest first; the first `rank` of them are those of ``vectors``.
    let values: [Double]
    /// `[rank, size]`, orthonormal.
    let vectors: DoubleRows
    /// Whether the vectors are those of the largest eigenvalues.
    let hasConverged: Bool

    /// - Parameters:
    ///   - size: of the matrix
    ///   - rank: at most the size
    ///   - product: `rows · matrix`
    init(size: Int, rank: Int, product: (DoubleRows) -> DoubleRows) {
        let limit = min(size, 3 * rank + 64)
        let kept = rank + (limit - rank) / 3
        var generator = RandomGenerator(seed: 0)
        var basis = DoubleRows(width: size)
        // Of the basis: what the matrix is within it.
        var projected = Projected()
        var block = Self.filled(DoubleRows(width: size), to: min(Self.blockSize, size), besides: basis, &generator)
        for restart in 1... {
            var rest: [Double] = []
            repeat {
                var image = product(block)
                let lengths = image.lengths
                basis.append(block)
                projected.append(image.takeOff(basis), count: block.count)
                let room = min(Self.blockSize, size - basis.count)
                let next = image.orthonormalized(limit: room, least: lengths.map { Self.negligible * $0 })
                rest = next.parts
                let columns = block.count
                block = Self.filled(next.rows, to: room, besides: basis, &generator)
                rest += [Double](repeating: 0, count: block.count * columns - rest.count)
            } while basis.count < limit && block.count > 0
            let eigen = SymmetricEigen(projected.square, size: projected.size)
            let hasConverged = Self.hasConverged(eigen, rank: rank, rest: rest, rows: block.count)
            if hasConverged || restart == Self.maximumRestarts || block.count == 0 {
                values = eigen.values
                vectors = Self.combined(basis, eigen, count: rank)
                self.hasConverged = hasConverged
                return
            }
            basis = Self.combined(basis, eigen, count: kept)
            projected = Projected(diagonal: eigen.values.prefix(kept))
        }
        preconditionFailure("restarts are limited")
    }

    /// How many vectors a pass over the matrix is for.
    private static let blockSize = 4
    private static let maximumRestarts = 400
    /// The share of a vector's length that is nothing.
    private static let negligible = 1e-13
    /// By what share of the distance to the next eigenvalue vectors may miss their space.
    private static let tolerance = 1e-9

    /// Whether what the matrix makes of each wanted vector lies in the space of them all.
    ///
    /// - Parameter rest: what the images of the last vectors have of each vector outside of the basis, `[rows, last]`
    private static func hasConverged(_ eigen: SymmetricEigen, rank: Int, rest: [Double], rows: Int) -> Bool {
        let count = eigen.values.count
        let last = rows == 0 ? 0 : rest.count / rows
        func residual(_ index: Int) -> Double {
            (0..<rows).reduce(0.0) { sum, row in
                let part = (0..<last).reduce(0.0) {
                    $0 + rest[row * last + $1] * eigen.vectors[index * count + count - last + $1]
                }
                return sum + part * part
            }.squareRoot()
        }
        let rounding = negligible * abs(eigen.values[0])
        guard rank < count else { return (0..<rank).allSatisfy { residual($0) <= rounding } }
        let distance = eigen.values[rank - 1] - eigen.values[rank]
        // The next value has to be known well enough to be a distance away.
        return residual(rank) <= max(0.01 * distance, rounding)
            && (0..<rank).allSatisfy { residual($0) <= max(tolerance * distance, rounding) }
    }

    /// The first eigenvectors of what the matrix is within the basis.
    private static func combined(_ basis: DoubleRows, _ eigen: SymmetricEigen, count: Int) -> DoubleRows {
        let size = basis.count
        var rows = DoubleRows(width: basis.width, values: [Double](repeating: 0, count: count * basis.width))
        rows.add(basis, times: (0..<size * count).map { eigen.vectors[$0 % count * size + $0 / count] })
        return rows
    }

    /// As many rows as asked for, orthonormal and orthogonal to the basis: those given, and random ones.
    private static func filled(
        _ rows: DoubleRows, to count: Int, besides basis: DoubleRows, _ generator: inout RandomGenerator
    ) -> DoubleRows {
        var rows = rows
        if rows.count < count { rows.append(DoubleRows(width: rows.width, random: count - rows.count, &generator)) }
        // A row that was all but in the basis has rounding of it left after the first time.
        for _ in 0..<2 {
            rows.takeOff(basis)
            rows = rows.orthonormalized(limit: count, least: [Double](repeating: 0, count: rows.count)).rows
        }
        return rows
    }

    /// A symmetric matrix that grows.
    private struct Projected {
        private var rows: [[Double]] = []

        init() {}

        init(diagonal: some Sequence<Double>) {
            for value in diagonal { rows.append([Double](repeating: 0, count: rows.count) + [value]) }
        }

        var size: Int { rows.count }

        /// - Parameter columns: of the new rows, `[size, count]` with themselves
        mutating func append(_ columns: [Double], count: Int) {
            for column in 0..<count { rows.append((0...rows.count).map { columns[$0 * count + column] }) }
        }

        /// All of it, row by row.
        var square: [Double] {
            (0..<size * size).map {
                let (row, column) = ($0 / size, $0 % size)
                return column <= row ? rows[row][column] : rows[column][row]
            }
        }
    }
}
