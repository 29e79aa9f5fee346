import Tensor

/// Every matrix product that this build has.
public enum Matmuls {
    public static let all: [any Matmul] = emulating + real

    /// Those that multiply 16-bit values as float32.
    public static let emulating: [any Matmul] = {
        var found: [any Matmul] = [PortableMatmul(emulatesBFloat16: true)]
        #if OpenBLAS
            found.append(OpenBLASMatmul())
        #endif
        return found
    }()

    /// Those that multiply bfloat16 as such, where the processor does.
    public static let real: [any Matmul] = {
        var found: [any Matmul] = [PortableMatmul()]
        #if OneDNN
            if let oneDNN = OneDNNMatmul() { found.append(oneDNN) }
        #endif
        return found
    }()
}
