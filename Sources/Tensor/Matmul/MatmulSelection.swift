import CKernels

/// Which matrix product a run uses, and why.
public struct MatmulSelection: Sendable {
    /// What a user may ask for.
    public enum Choice: String, Sendable, CaseIterable {
        case auto, openblas, onednn, portable
    }

    public let matmul: any Matmul

    /// A warning for the user, where the product is not the one that was to be expected.
    public let warning: String?

    /// The best product that computes correctly on this machine; looked for once.
    public static let automatic = MatmulSelection(.auto)

    /// - Parameter choice: a library is checked whoever asks for it: one that returns wrong numbers is
    ///   not used by anybody's wish. `auto` takes oneDNN where the processor multiplies bfloat16,
    ///   otherwise OpenBLAS, and our own product where the build has it not.
    public init(_ choice: Choice) {
        switch choice {
        case .portable: self.init(matmul: PortableMatmul(), warning: nil)
        case .onednn:
            guard let candidate = Self.oneDNN else {
                self.init(matmul: PortableMatmul(), warning: Self.missing("oneDNN", trait: "OneDNN"))
                return
            }
            self.init(verifying: candidate)
        case .openblas:
            guard let candidate = Self.openBLAS else {
                self.init(matmul: PortableMatmul(), warning: Self.missing("OpenBLAS", trait: "OpenBLAS"))
                return
            }
            self.init(verifying: candidate)
        case .auto:
            // Our own product is as fast as oneDNN where there are wide vectors, and slower without.
            let multipliesBFloat16 = PortableMatmul().multipliesBFloat16
            guard let candidate = multipliesBFloat16 ? Self.oneDNN : Self.openBLAS else {
                self.init(matmul: PortableMatmul(), warning: nil)
                return
            }
            self.init(verifying: candidate)
        }
    }

    /// Takes `candidate` if its products are right.
    init(verifying candidate: any Matmul) {
        if let fault = MatmulCheck.fault(of: candidate) {
            self.init(
                matmul: PortableMatmul(),
                warning: "\(candidate.name) computes wrong products on this processor (\(fault)); "
                    + "using the portable product. "
                    + "A newer library, or the environment variable OPENBLAS_CORETYPE=Haswell, may help")
        } else {
            self.init(matmul: candidate, warning: nil)
        }
    }

    private init(matmul: any Matmul, warning: String?) {
        self.matmul = matmul
        self.warning = warning
    }

    private static func missing(_ library: String, trait: String) -> String {
        "this build has no \(library) (package trait \(trait) is off); using the portable product"
    }

    private static var oneDNN: (any Matmul)? {
        #if OneDNN
            OneDNNMatmul()
        #else
            nil
        #endif
    }

    private static var openBLAS: (any Matmul)? {
        #if OpenBLAS
            OpenBLASMatmul()
        #else
            nil
        #endif
    }
}

/// A few products whose results are compared with sums in float64: old BLAS builds return wrong
/// numbers on processors that are newer than they are.
enum MatmulCheck {
    /// Sizes that reach different kernels: odd edges, a rank-16 shape, one large enough for several panels.
    private static let sizes = [(3, 5, 7), (67, 33, 129), (96, 16, 256), (130, 320, 96)]

    /// What is wrong with `candidate`, or `nil`.
    static func fault(of candidate: any Matmul) -> String? {
        for (rows, columns, summed) in sizes {
            for precision in [Precision.float32, .bfloat16] {
                for transposed in [false, true] {
                    let error = worstError(of: candidate, rows, columns, summed, precision, transposed)
                    // Sums of values in [-1, 1] differ by their order only.
                    if !(error <= 1e-5 * Float(summed).squareRoot()) {
                        return "\(precision) [\(rows), \(summed)] x [\(summed), \(columns)] is off by \(error)"
                    }
                }
            }
        }
        return nil
    }

    private static func worstError(
        of candidate: any Matmul, _ rows: Int, _ columns: Int, _ summed: Int, _ precision: Precision, _ transposed: Bool
    ) -> Float {
        var context = ComputeContext(matmul: candidate)
        context.precision = precision
        let a = Tensor(pattern(rows * summed, seed: 1), shape: [rows, summed], precision: precision)
        let b = Tensor(
            pattern(summed * columns, seed: 2), shape: transposed ? [columns, summed] : [summed, columns], precision: precision)
        let c = Tensor(repeating: 0.5, shape: [rows, columns])
        candidate.multiply(a, by: b.packed(transposed: transposed, context), into: c, accumulating: true)
        let (left, right) = (a.values, b.values)
        var worst: Float = 0
        // Every element of the first and the last rows of each call; that a library errs in the middle alone is not known.
        let blocks = RowBlocks(rows)
        let edges = (0..<blocks.count).flatMap { [blocks[$0].lowerBound, blocks[$0].upperBound - 1] }
        for row in Set(edges + [1, rows / 2, rows - 2, rows - 1]) where row < rows {
            for column in 0..<columns {
                var sum = 0.5
                for k in 0..<summed {
                    sum += Double(left[row * summed + k]) * Double(right[transposed ? column * summed + k : k * columns + column])
                }
                let error = abs(c.values(row: row, column: column) - Float(sum))
                if !(error <= worst) { worst = error }
            }
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

extension Tensor {
    fileprivate func values(row: Int, column: Int) -> Float { pointer[row * width + column] }
}
