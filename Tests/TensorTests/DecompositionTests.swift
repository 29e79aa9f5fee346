import TestSupport
import Testing

@testable import Tensor

/// Against decompositions in float64 of the same float32 matrices (`Fixtures/decompositions/make_fixtures.py`).
@Suite("Decompositions to the accuracy of float32")
struct DecompositionTests {
    private let fixture: StateDictionary

    init() throws { fixture = try TensorFile.read(Paths.fixture("TensorTests", "decompositions/decompositions.safetensors")) }

    private static let names = ["tall", "wide", "square", "pairs", "steep"]

    private func tensor(_ name: String) throws -> Tensor { try Tensor(#require(fixture[name])) }

    private func random(_ rows: Int, _ columns: Int, seed: UInt64 = 3) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        return Tensor((0..<rows * columns).map { _ in generator.normal() }, shape: [rows, columns])
    }

    private func product(_ parts: PrincipalSVD) -> [Float] {
        let rank = parts.values.count
        let scaled = Tensor(parts.left.values.enumerated().map { $1 * parts.values[$0 % rank] }, shape: parts.left.shape)
        return LowRankFactors(a: parts.right, b: scaled).product.values
    }

    /// How far the products of rows with each other are from those of orthonormal ones.
    private func departure(_ rows: Tensor) -> Double {
        let products = DoubleRows(width: rows.width, values: rows.values.map(Double.init))
        return products.products(with: products).enumerated().reduce(0) { worst, entry in
            max(worst, abs(entry.1 - (entry.0 / rows.rows == entry.0 % rows.rows ? 1 : 0)))
        }
    }

    @Test("The largest singular values and the part of the matrix that they make", arguments: names)
    func principal(_ name: String) throws {
        let (left, right) = (try tensor("\(name).left"), try tensor("\(name).right"))
        let parts = try PrincipalSVD(tensor(name), rank: right.rows)
        #expect(parts.isDetermined)
        #expect(relativeError(parts.values, try tensor("\(name).values").values) < 2e-7)
        #expect(relativeError(product(parts), LowRankFactors(a: right, b: left).product.values) < 5e-7)
        #expect(departure(parts.right) < 1e-6 && departure(parts.left.transposedValues) < 1e-6)
    }

    @Test("The space of the first columns and what the matrix has in it", arguments: names)
    func leading(_ name: String) throws {
        let (q, r) = (try tensor("\(name).q"), try tensor("\(name).r"))
        let parts = try LeadingQR(tensor(name), rank: r.rows)
        #expect(parts.isDetermined && departure(parts.left.transposedValues) < 1e-6)
        let (ours, theirs) = (LowRankFactors(a: parts.right, b: parts.left), LowRankFactors(a: r, b: q))
        #expect(relativeError(ours.product.values, theirs.product.values) < 5e-7)
    }

    @Test("A part that is not the only one is said to be so")
    func undetermined() {
        let identity = Tensor((0..<400).map { $0 / 20 == $0 % 20 ? 1 : 0 }, shape: [20, 20])
        #expect(!PrincipalSVD(identity, rank: 3).isDetermined && PrincipalSVD(identity, rank: 20).isDetermined)
        #expect(LeadingQR(identity, rank: 3).isDetermined)
        // Of zeros any part is the same.
        let low = LowRankFactors(a: random(2, 40), b: random(30, 2, seed: 4)).product
        let parts = PrincipalSVD(low, rank: 5)
        #expect(parts.isDetermined && relativeError(product(parts), low.values) < 1e-6)
        let nothing = PrincipalSVD(Tensor(repeating: 0, shape: [8, 9]), rank: 2)
        #expect(nothing.isDetermined && nothing.values == [0, 0])
        #expect((nothing.left.values + nothing.right.values).allSatisfy { $0.isFinite })
        // A column that is the sum of those before it.
        let columns = random(3, 12).values
        let dependent = Tensor(columns + (0..<12).map { columns[$0] + columns[$0 + 12] } + random(4, 12, seed: 5).values, shape: [8, 12])
        #expect(LeadingQR(dependent.transposedValues, rank: 3).isDetermined && !LeadingQR(dependent.transposedValues, rank: 4).isDetermined)
        #expect(!LeadingQR(Tensor(repeating: 0, shape: [4, 4]), rank: 1).isDetermined)
    }

    @Test("On every number of threads the same bits")
    func threads() {
        let before = Parallel.threads
        defer { Parallel.threads = before }
        let matrix = random(200, 130)
        let all = [1, 3].map { threads in
            Parallel.threads = threads
            let (svd, qr) = (PrincipalSVD(matrix, rank: 8), LeadingQR(matrix, rank: 8))
            return [svd.values, svd.left.values, svd.right.values, qr.left.values, qr.right.values]
        }
        #expect(all[0] == all[1])
    }

    @Test("Eigenvalues of a small matrix", arguments: [1, 2, 3, 17, 40])
    func eigen(_ size: Int) {
        let half = random(size, size).values.map(Double.init)
        let diagonal = (0..<size * size).map { $0 / size == $0 % size ? Double($0 % 3) : 0 }
        let symmetric = (0..<size * size).map { half[$0] + half[$0 % size * size + $0 / size] }
        for matrix in [symmetric, diagonal, [Double](repeating: 0, count: size * size)] {
            let eigen = SymmetricEigen(matrix, size: size)
            #expect(eigen.values == eigen.values.sorted(by: >))
            let rows = DoubleRows(width: size, values: eigen.vectors)
            let images = rows.products(with: DoubleRows(width: size, values: matrix))
            for row in 0..<size {
                for column in 0..<size {
                    let place = row * size + column
                    #expect(abs(images[place] - eigen.values[row] * eigen.vectors[place]) < 1e-12)
                }
            }
            #expect(rows.products(with: rows).enumerated().allSatisfy { abs($1 - ($0 / size == $0 % size ? 1 : 0)) < 1e-13 })
        }
    }
}
