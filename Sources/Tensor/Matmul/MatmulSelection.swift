import CKernels

/// Which matrix product a run uses, and why.
public struct MatmulSelection: Sendable {
    /// What a user may ask for.
    public enum Choice: String, Sendable, CaseIterable {
        /// The best of the build's on this machine.
        case auto
        /// OpenBLAS.
        case openblas
        /// oneDNN.
        case onednn
        /// Our own kernel.
        case portable
    }

    /// The product to compute with.
    public let matmul: any Matmul

    /// A warning for the user, where the product is not the one that was to be expected.
    public let warning: String?

    /// The best product that computes correctly on this machine; looked for once.
    public static let automatic = MatmulSelection(.auto)

    /// The product of a user's choice, or our own where that one is missing or wrong.
    ///
    /// - Parameter choice: a library is checked whoever asks for it: one that returns wrong numbers is
    ///   not used by anybody's wish. `auto` takes oneDNN where the processor multiplies bfloat16,
    ///   otherwise OpenBLAS, or oneDNN where the build has that alone, and our own product where it has not even that.
    public init(_ choice: Choice) {
        switch choice {
        case .portable: self.init(matmul: PortableMatmul(), warning: nil)
        case .onednn:
            guard let candidate = Self.oneDNN else {
                self.init(matmul: PortableMatmul(), warning: Self.missing("oneDNN", trait: "OneDNN", isBuilt: Self.hasOneDNN))
                return
            }
            self.init(verifying: candidate)
        case .openblas:
            guard let candidate = Self.openBLAS else {
                self.init(matmul: PortableMatmul(), warning: Self.missing("OpenBLAS", trait: "OpenBLAS", isBuilt: false))
                return
            }
            self.init(verifying: candidate)
        case .auto:
            // Our own product is as fast as oneDNN where bfloat16 is multiplied, and slower elsewhere.
            let candidate = PortableMatmul().multipliesBFloat16 ? Self.oneDNN : Self.openBLAS ?? Self.oneDNN
            guard let candidate else {
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
                    + "using the portable product. A newer library may help"
                    + (candidate.name == "openblas" ? ", or the environment variable OPENBLAS_CORETYPE=Haswell" : ""))
        } else {
            self.init(matmul: candidate, warning: nil)
        }
    }

    private init(matmul: any Matmul, warning: String?) {
        self.matmul = matmul
        self.warning = warning
    }

    private static func missing(_ library: String, trait: String, isBuilt: Bool) -> String {
        isBuilt
            ? "\(library) does not know this processor; using the portable product"
            : "this build has no \(library) (package trait \(trait) is off); using the portable product"
    }

    private static var hasOneDNN: Bool {
        #if OneDNN
            true
        #else
            false
        #endif
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
    /// Sizes that reach different kernels: odd edges, a rank-16 shape, one large enough for several panels,
    /// one row that shares its columns.
    private static let sizes = [(3, 5, 7), (67, 33, 129), (96, 16, 256), (130, 320, 96), (3, 520, 64), (1, 520, 64)]

    /// What is wrong with `candidate`, or `nil`.
    static func fault(of candidate: any Matmul) -> String? {
        for (rows, columns, summed) in sizes {
            // The results that a step asks for: added to float32, and as the next product reads them.
            for (precision, result) in [(Precision.float32, Precision.float32), (.bfloat16, .float32), (.bfloat16, .bfloat16)] {
                for transposed in [false, true] {
                    let error = worstError(of: candidate, rows, columns, summed, precision, result, transposed)
                    if !(error <= 1) {
                        return "\(precision) [\(rows), \(summed)] x [\(summed), \(columns)] is off by \(error) times the bound"
                    }
                }
            }
        }
        return nil
    }

    /// The largest error over its bound: sums of values in [-1, 1] differ by their order only, and a
    /// result in bfloat16 by its rounding.
    private static func worstError(
        of candidate: any Matmul, _ rows: Int, _ columns: Int, _ summed: Int, _ precision: Precision, _ result: Precision,
        _ transposed: Bool
    ) -> Float {
        var context = ComputeContext(matmul: candidate)
        context.precision = precision
        let a = Tensor(pattern(rows * summed, seed: 1), shape: [rows, summed], precision: precision)
        let b = Tensor(
            pattern(summed * columns, seed: 2), shape: transposed ? [columns, summed] : [summed, columns], precision: precision)
        let accumulates = result == .float32
        let c = Tensor([Float](repeating: 0.5, count: rows * columns), shape: [rows, columns], precision: result)
        candidate.multiply(a, by: b.packed(transposed: transposed, context), into: c, accumulating: accumulates)
        let (left, right, found) = (a.values, b.values, c.values)
        var worst: Float = 0
        // Every element of the rows at the edges of the calls that rows are dealt to; that a library errs
        // in the middle alone is not known.
        let edges = (0..<RowBlocks(rows).count).flatMap { index -> [Int] in
            let block = RowBlocks(rows)[index].clamped(to: 0..<rows)
            return [block.lowerBound, block.lowerBound + 1, block.upperBound - 2, block.upperBound - 1]
        }
        for row in Set(edges) where row >= 0 && row < rows {
            for column in 0..<columns {
                var sum = accumulates ? 0.5 : 0
                for k in 0..<summed {
                    sum += Double(left[row * summed + k]) * Double(right[transposed ? column * summed + k : k * columns + column])
                }
                let bound = 1e-5 * Float(summed).squareRoot() + (result == .bfloat16 ? Float(abs(sum)) * 0x1p-8 : 0)
                let error = abs(found[row * columns + column] - Float(sum)) / bound
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
