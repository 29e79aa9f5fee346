import CKernels

/// The product in plain C: it runs everywhere, serves where no BLAS is to be had or trusted, and is
/// what the others are checked against.
public struct PortableMatmul: Matmul {
    public let name = "portable"

    public init() {}

    public func multiply(
        _ size: ProductSize, alpha: Float, _ a: MatrixOperand, _ b: MatrixOperand, beta: Float,
        _ c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        gemm_portable(
            a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int64(size.m), Int64(size.n), Int64(size.k),
            alpha, a.pointer, Int64(a.stride), b.pointer, Int64(b.stride), beta, c, Int64(stride))
    }
}
