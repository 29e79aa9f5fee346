#if OpenBLAS
    import COpenBLAS

    /// The product by the system's OpenBLAS, one thread a call: our own pool deals the tiles, and
    /// two pools would only stand in each other's way.
    public struct OpenBLASMatmul: Matmul {
        public let name = "openblas"

        /// The library's own words about its version and the processor it took this one for.
        public var configuration: String { String(cString: openblas_get_config()) }

        private static let singleThread: Void = openblas_set_num_threads(1)

        public init() { Self.singleThread }

        public func multiply(
            _ size: ProductSize, alpha: Float, _ a: MatrixOperand, _ b: MatrixOperand, beta: Float,
            _ c: UnsafeMutablePointer<Float>, stride: Int
        ) {
            cblas_sgemm(
                CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans,
                b.isTransposed ? CblasTrans : CblasNoTrans, blasint(size.m), blasint(size.n),
                blasint(size.k), alpha, a.pointer, blasint(a.stride), b.pointer, blasint(b.stride),
                beta, c, blasint(stride))
        }
    }
#endif
