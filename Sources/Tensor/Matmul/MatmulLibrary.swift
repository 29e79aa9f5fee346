/// A matrix product that a build may have, and what is known of it on this machine.
public struct MatmulLibrary: Sendable {
    /// By which flag a user asks for it; never `auto`.
    public let choice: MatmulSelection.Choice
    /// Whether it is part of the build.
    public let isBuilt: Bool
    /// `nil` where the build lacks it, or where it does not know this processor.
    public let matmul: (any Matmul)?
    /// The library's own words about its version and what it took the processor for; our own product has none.
    public let configuration: String?
    /// What is wrong with its results on this processor; `nil` where they are right.
    public let fault: String?

    /// All products, the portable one last, each checked.
    public static func all() -> [MatmulLibrary] { [oneDNN(), openBLAS(), MatmulLibrary(.portable, PortableMatmul())] }

    init(_ choice: MatmulSelection.Choice, isBuilt: Bool = true, _ matmul: (any Matmul)?, configuration: String? = nil) {
        self.choice = choice
        self.isBuilt = isBuilt
        self.matmul = matmul
        self.configuration = configuration
        fault = matmul.flatMap(MatmulCheck.fault)
    }

    private static func oneDNN() -> MatmulLibrary {
        #if OneDNN
            let matmul = OneDNNMatmul()
            return MatmulLibrary(.onednn, matmul, configuration: matmul?.configuration)
        #else
            return MatmulLibrary(.onednn, isBuilt: false, nil)
        #endif
    }

    private static func openBLAS() -> MatmulLibrary {
        #if OpenBLAS
            let matmul = OpenBLASMatmul()
            return MatmulLibrary(.openblas, matmul, configuration: matmul.configuration)
        #else
            return MatmulLibrary(.openblas, isBuilt: false, nil)
        #endif
    }
}
