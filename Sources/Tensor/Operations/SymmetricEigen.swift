/// Eigenvalues and eigenvectors of a small symmetric matrix, in float64: Householder's reflections make it tridiagonal, and
/// the implicit QL algorithm diagonal (Bowdler, Martin, Reinsch & Wilkinson 1968).
struct SymmetricEigen {
    /// Descending.
    let values: [Double]
    /// Row by row, orthonormal, in the order of the values.
    let vectors: [Double]

    /// - Parameter matrix: `[size, size]`, finite
    init(_ matrix: [Double], size n: Int) {
        var rest = matrix
        var diagonal = [Double](repeating: 0, count: n)
        var beside = [Double](repeating: 0, count: n)
        var rows = [Double](repeating: 0, count: n * n)
        rest.withUnsafeMutableBufferPointer { rest in
            rows.withUnsafeMutableBufferPointer { rows in
                Self.makeTridiagonal(rest, size: n, &diagonal, &beside)
                Self.reflections(rest, size: n, into: rows)
                Self.makeDiagonal(&diagonal, &beside, size: n, turning: rows)
            }
        }
        let order = diagonal.indices.sorted { (diagonal[$0], $1) > (diagonal[$1], $0) }
        values = order.map { diagonal[$0] }
        vectors = order.flatMap { rows[$0 * n..<($0 + 1) * n] }
    }

    /// Reflects rows and columns until only the diagonal and what is beside it are left. Row `k` of `a` is left with the
    /// vector of reflection `k`, of length √2 or 0, behind its diagonal.
    private static func makeTridiagonal(
        _ a: UnsafeMutableBufferPointer<Double>, size n: Int, _ diagonal: inout [Double], _ beside: inout [Double]
    ) {
        var product = [Double](repeating: 0, count: n)
        for k in 0..<n {
            let row = k * n
            diagonal[k] = a[row + k]
            guard k + 1 < n else { break }
            var square = 0.0
            for j in k + 1..<n { square += a[row + j] * a[row + j] }
            let (length, head) = (square.squareRoot(), a[row + k + 1])
            // Away from the first value, so that nothing cancels.
            let reflected = head > 0 ? -length : length
            beside[k] = reflected
            let scale = (length * (length + abs(head))).squareRoot()
            guard scale > 0 else {
                for j in k + 1..<n { a[row + j] = 0 }
                continue
            }
            a[row + k + 1] = head - reflected
            for j in k + 1..<n { a[row + j] /= scale }
            // With v of length √2, (1 - v vᵀ) S (1 - v vᵀ) is S - v wᵀ - w vᵀ, where w = S v - (vᵀ S v / 2) v.
            for j in k + 1..<n { product[j] = 0 }
            for i in k + 1..<n {
                let factor = a[row + i]
                for j in k + 1..<n { product[j] += factor * a[i * n + j] }
            }
            var half = 0.0
            for j in k + 1..<n { half += product[j] * a[row + j] }
            for j in k + 1..<n { product[j] -= half / 2 * a[row + j] }
            for i in k + 1..<n {
                let (v, w) = (a[row + i], product[i])
                for j in k + 1..<n { a[i * n + j] -= v * product[j] + w * a[row + j] }
            }
        }
    }

    /// The product of all reflections, transposed.
    private static func reflections(
        _ a: UnsafeMutableBufferPointer<Double>, size n: Int, into rows: UnsafeMutableBufferPointer<Double>
    ) {
        for i in 0..<n { rows[i * n + i] = 1 }
        var sum = [Double](repeating: 0, count: n)
        // From the last one on, each works on the part that is not yet the identity's.
        for k in stride(from: n - 2, through: 0, by: -1) {
            for j in k + 1..<n { sum[j] = 0 }
            for i in k + 1..<n {
                let factor = a[k * n + i]
                for j in k + 1..<n { sum[j] += factor * rows[i * n + j] }
            }
            for i in k + 1..<n {
                let factor = a[k * n + i]
                for j in k + 1..<n { rows[i * n + j] -= factor * sum[j] }
            }
        }
        for i in 0..<n { for j in 0..<i { (rows[i * n + j], rows[j * n + i]) = (rows[j * n + i], rows[i * n + j]) } }
    }

    /// Rotates a tridiagonal matrix until nothing is left beside its diagonal, and the rows with it.
    private static func makeDiagonal(
        _ diagonal: inout [Double], _ beside: inout [Double], size n: Int, turning rows: UnsafeMutableBufferPointer<Double>
    ) {
        for first in 0..<n {
            for _ in 0..<maximumSteps {
                // The block from `first` on that hangs together.
                var last = first
                while last + 1 < n, abs(beside[last]) > .ulpOfOne / 2 * (abs(diagonal[last]) + abs(diagonal[last + 1])) { last += 1 }
                guard last > first else { break }
                // Wilkinson's shift: the eigenvalue of the leading two by two that is nearer to its first value.
                let half = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first])
                let root = (half * half + 1).squareRoot()
                var bulge = diagonal[last] - diagonal[first] + beside[first] / (half + (half < 0 ? -root : root))
                var (sine, cosine, moved) = (1.0, 1.0, 0.0)
                var isSplit = false
                for i in stride(from: last - 1, through: first, by: -1) {
                    let (across, along) = (sine * beside[i], cosine * beside[i])
                    let length = (across * across + bulge * bulge).squareRoot()
                    beside[i + 1] = length
                    if length == 0 {
                        diagonal[i + 1] -= moved
                        isSplit = true
                        break
                    }
                    (sine, cosine) = (across / length, bulge / length)
                    let rest = diagonal[i + 1] - moved
                    let turn = (diagonal[i] - rest) * sine + 2 * cosine * along
                    moved = sine * turn
                    diagonal[i + 1] = rest + moved
                    bulge = cosine * turn - along
                    let (upper, lower) = (rows.baseAddress! + i * n, rows.baseAddress! + (i + 1) * n)
                    for c in 0..<n {
                        let (x, y) = (upper[c], lower[c])
                        lower[c] = sine * x + cosine * y
                        upper[c] = cosine * x - sine * y
                    }
                }
                beside[last] = 0
                if isSplit { continue }
                diagonal[first] -= moved
                beside[first] = bulge
            }
        }
    }

    /// For one eigenvalue; two or three are usual.
    private static let maximumSteps = 60
}
