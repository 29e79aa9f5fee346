import Tensor

extension ModelOptions {
    /// Sets threads and matrix product, and says where they are not what one would expect.
    func computing<Result>(_ precision: Precision = .float32, _ body: () throws -> Result) throws -> Result {
        Parallel.threads = threads > 0 ? threads : Parallel.cores
        let selection = matmul == .auto ? MatmulSelection.automatic : MatmulSelection(matmul)
        if let warning = selection.warning { Console.shared.note("warning: \(warning)") }
        return try ComputeContext.with(
            {
                $0.matmul = selection.matmul
                $0.precision = precision
            }, body)
    }
}
