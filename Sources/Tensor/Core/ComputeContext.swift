/// How operations compute: by which matrix product, in which precision, and whether they are
/// recorded for a gradient. A value for a task or a closure, so that two computations in one
/// process never disturb each other.
public struct ComputeContext: Sendable {
    @TaskLocal public static var current = ComputeContext()

    /// The matrix product of linear layers and attention.
    public var matmul: any Matmul = MatmulSelection.automatic.matmul

    /// The type that matrix products read and return.
    public var precision: Precision = .float32

    /// Whether operations are recorded for a gradient.
    public var recordsGraph = true

    public init() {}

    /// Runs `body` with this context changed by `change`.
    public static func with<Result>(
        _ change: (inout ComputeContext) -> Void, _ body: () throws -> Result
    ) rethrows -> Result {
        var context = current
        change(&context)
        return try $current.withValue(context, operation: body)
    }

    /// Runs `body` without recording: for evaluation and generation.
    public static func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
        try with({ $0.recordsGraph = false }, body)
    }
}
