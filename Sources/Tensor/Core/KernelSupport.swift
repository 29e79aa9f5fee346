import CKernels

/// What the package's own inner loops use of this processor.
public enum KernelSupport {
    /// A set of instructions that the kernels are compiled for.
    public enum Version: Sendable {
        /// For the target that the compiler had: the least that its kind of processor has.
        case compiled
        /// x86-64-v3: AVX2.
        case avx2
        /// x86-64-v4: AVX-512.
        case avx512
    }

    /// Which version of the loops runs here.
    public static var version: Version {
        switch kernel_version() {
        case 4: .avx512
        case 3: .avx2
        default: .compiled
        }
    }

    /// Whether products of bfloat16 are computed as such, by our own kernels.
    public static var multipliesBFloat16: Bool { has_bfloat16_products() != 0 }
}
