import Synchronization

/// How operations compute: by which matrix product, in which precision, and whether they are
/// recorded for a gradient. A value for a task or a closure, so that two computations in one
/// process never disturb each other.
public struct ComputeContext: Sendable {
    @TaskLocal private static var taskLocal = ComputeContext()

    /// The context of this task: that of the innermost ``with(_:_:)``, or else ``init(matmul:)``'s.
    public static var current: ComputeContext { taskLocal }

    /// The matrix product of linear layers and attention.
    public var matmul: any Matmul

    /// The type that matrix products read and return.
    public var precision: Precision = .float32

    /// Whether operations are recorded for a gradient.
    public var recordsGraph = true

    /// What the dropout masks of this step begin from; `nil` leaves nothing out, as everywhere but in training.
    public var dropoutSeed: UInt64? { didSet { dropoutPasses = dropoutSeed.map { _ in DropoutPasses() } } }
    private var dropoutPasses: DropoutPasses?

    /// Where the masks of one more pass through a model begin. A step may take several, such as one for each of two answers
    /// that are compared, and no two of them leave out the same.
    package func nextDropoutSeed() -> UInt64? {
        guard let dropoutSeed, let pass = dropoutPasses?.next() else { return nil }
        return pass == 0 ? dropoutSeed : RandomGenerator.seed(dropoutSeed, [pass])
    }

    /// Where the time of operations is added up, if anybody wants to know.
    package var profile: StepProfile?

    /// Computes in float32, and records.
    ///
    /// - Parameter matmul: by default the best product that computes correctly on this machine
    public init(matmul: any Matmul = MatmulSelection.automatic.matmul) { self.matmul = matmul }

    /// Runs `body`, and adds its time and the arithmetic of its products to a phase.
    func measuring<Value>(
        _ phase: StepProfile.Phase, operations: @autoclosure () -> Int = 0, _ body: () -> Value
    ) -> Value {
        guard let profile else { return body() }
        return profile.measure(phase, operations: operations(), body)
    }

    /// Runs `body` with the current context changed by `change`.
    ///
    /// - Throws: what `body` throws
    public static func with<Value, Failure: Error>(
        _ change: (inout ComputeContext) -> Void, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        var context = current
        change(&context)
        // The task-local's own function would forget the error's type.
        let result = $taskLocal.withValue(context) { Result { () throws(Failure) in try body() } }
        return try result.get()
    }

    /// Runs `body` without recording: for evaluation and generation.
    ///
    /// - Throws: what `body` throws
    public static func withoutGradient<Value, Failure: Error>(
        _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try with({ $0.recordsGraph = false }, body)
    }
}

/// Counts the passes of a step.
private final class DropoutPasses: Sendable {
    private let count = Atomic<UInt64>(0)

    func next() -> UInt64 { count.add(1, ordering: .relaxed).oldValue }
}
