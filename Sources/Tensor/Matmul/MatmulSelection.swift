/// Which matrix product a run uses, and why.
public struct MatmulSelection: Sendable {
    /// What a user may ask for.
    public enum Choice: String, Sendable, CaseIterable {
        case auto, openblas, portable
    }

    public let matmul: any Matmul

    /// A warning for the user, where the product is not the one that was to be expected.
    public let warning: String?

    /// The best product that computes correctly on this machine; looked for once.
    public static let automatic = MatmulSelection(.auto)

    /// - Parameter choice: `openblas` is checked like `auto`: a library that returns wrong numbers
    ///   is not used by anybody's wish.
    public init(_ choice: Choice) {
        #if OpenBLAS
            if choice == .portable {
                self.init(matmul: PortableMatmul(), warning: nil)
            } else {
                self.init(verifying: OpenBLASMatmul())
            }
        #else
            self.init(
                matmul: PortableMatmul(),
                warning: choice == .openblas
                    ? "this build has no OpenBLAS (package trait OpenBLAS is off); using the portable product" : nil)
        #endif
    }

    /// Takes `candidate` if its products agree with the portable ones.
    init(verifying candidate: any Matmul) {
        if let fault = MatmulCheck.fault(of: candidate) {
            self.init(
                matmul: PortableMatmul(),
                warning: "\(candidate.name) computes wrong products on this processor (\(fault)); "
                    + "using the portable product, which is slower. "
                    + "A newer library, or the environment variable OPENBLAS_CORETYPE=Haswell, may help")
        } else {
            self.init(matmul: candidate, warning: nil)
        }
    }

    private init(matmul: any Matmul, warning: String?) {
        self.matmul = matmul
        self.warning = warning
    }
}

/// A few products whose results are compared with the portable ones: old BLAS builds return wrong
/// numbers on processors that are newer than they are.
enum MatmulCheck {
    /// Shapes that reach different kernels: odd edges, a rank-16 shape, one large enough to be packed.
    private static let sizes = [
        ProductSize(m: 3, n: 5, k: 7), ProductSize(m: 67, n: 33, k: 129), ProductSize(m: 96, n: 16, k: 256),
        ProductSize(m: 130, n: 192, k: 320),
    ]

    /// What is wrong with `candidate`, or `nil`.
    static func fault(of candidate: any Matmul) -> String? {
        for size in sizes {
            for transposeA in [false, true] {
                for transposeB in [false, true] {
                    let error = worstError(of: candidate, size, transposeA, transposeB)
                    // Products of k values in [-1, 1] differ by the order of summation only.
                    if !(error <= 1e-5 * Float(size.k).squareRoot()) {
                        return "[\(size.m), \(size.k)] x [\(size.k), \(size.n)] is off by \(error)"
                    }
                }
            }
        }
        return nil
    }

    private static func worstError(
        of candidate: any Matmul, _ size: ProductSize, _ transposeA: Bool, _ transposeB: Bool
    ) -> Float {
        let a = pattern(size.m * size.k, seed: 1)
        let b = pattern(size.k * size.n, seed: 2)
        func product(_ matmul: any Matmul) -> [Float] {
            var c = [Float](repeating: 0.5, count: size.m * size.n)
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    c.withUnsafeMutableBufferPointer { c in
                        matmul.multiply(
                            size, alpha: 1,
                            MatrixOperand(a.baseAddress!, stride: transposeA ? size.m : size.k, transposed: transposeA),
                            MatrixOperand(b.baseAddress!, stride: transposeB ? size.k : size.n, transposed: transposeB),
                            beta: 0.5, c.baseAddress!, stride: size.n)
                    }
                }
            }
            return c
        }
        var worst: Float = 0
        for (x, y) in zip(product(candidate), product(PortableMatmul())) {
            let error = abs(x - y)
            if !(error <= worst) { worst = error }
        }
        return worst
    }

    /// Values in [-1, 1] without a period that a blocked kernel could share.
    private static func pattern(_ count: Int, seed: UInt32) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(Int32(bitPattern: state)) / Float(Int32.max)
        }
    }
}
