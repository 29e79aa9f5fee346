import Testing

@testable import Tensor

@Suite("Matrix products")
struct MatmulTests {
    /// A product by its definition, in float64.
    private func product(_ size: ProductSize, _ a: [Float], _ b: [Float], _ transposeA: Bool, _ transposeB: Bool) -> [Float] {
        (0..<size.m * size.n).map { index in
            let (i, j) = (index / size.n, index % size.n)
            return Float(
                (0..<size.k).reduce(0.0) { sum, p in
                    sum + Double(transposeA ? a[p * size.m + i] : a[i * size.k + p])
                        * Double(transposeB ? b[j * size.k + p] : b[p * size.n + j])
                })
        }
    }

    private static var matmuls: [any Matmul] { [PortableMatmul(), MatmulSelection.automatic.matmul] }

    @Test(arguments: [(1, 1, 1), (2, 3, 300), (7, 33, 5), (64, 31, 65), (200, 300, 17)])
    func definition(_ m: Int, _ n: Int, _ k: Int) {
        let size = ProductSize(m: m, n: n, k: k)
        var generator = RandomGenerator(seed: 5)
        let a = (0..<m * k).map { _ in generator.normal() }
        let b = (0..<k * n).map { _ in generator.normal() }
        for matmul in Self.matmuls {
            for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
                var c = [Float](repeating: 3, count: m * n)
                a.withUnsafeBufferPointer { a in
                    b.withUnsafeBufferPointer { b in
                        c.withUnsafeMutableBufferPointer { c in
                            matmul.multiplyInParallel(
                                size, alpha: 2, MatrixOperand(a.baseAddress!, stride: transposeA ? m : k, transposed: transposeA),
                                MatrixOperand(b.baseAddress!, stride: transposeB ? k : n, transposed: transposeB), beta: 0.5,
                                c.baseAddress!)
                        }
                    }
                }
                let expected = product(size, a, b, transposeA, transposeB).map { 2 * $0 + 1.5 }
                let worst = zip(c, expected).map { abs($0 - $1) }.max() ?? .infinity
                #expect(worst < 1e-5 * Float(k).squareRoot() * 10, "\(matmul.name) \(transposeA) \(transposeB)")
            }
        }
    }

    @Test("A product that computes wrong numbers is found out, and not used")
    func wrongProduct() {
        struct Wrong: Matmul {
            let name = "wrong"
            func multiply(
                _ size: ProductSize, alpha: Float, _ a: MatrixOperand, _ b: MatrixOperand, beta: Float,
                _ c: UnsafeMutablePointer<Float>, stride: Int
            ) {
                PortableMatmul().multiply(size, alpha: alpha, a, b, beta: beta, c, stride: stride)
                // One wrong value at an edge, only where a kernel for large products would run.
                if size.m > 100 { c[(size.m - 1) * stride + size.n - 1] += 0.01 }
            }
        }
        let selection = MatmulSelection(verifying: Wrong())
        #expect(selection.matmul.name == "portable")
        #expect(selection.warning?.contains("wrong") == true)
        #expect(MatmulSelection(verifying: PortableMatmul()).warning == nil)
        #expect(MatmulSelection(.portable).matmul.name == "portable")
    }
}
