import CKernels
import Synchronization

/// Where the time of a step goes, phase by phase, on the clock of the thread that leads the step.
public final class StepProfile: Sendable {
    /// What the time is spent on.
    public enum Phase: String, Sendable, CaseIterable {
        /// Products by the model's own weights.
        case matmul
        /// Products by adapters, and gradients of weights.
        case lora
        case attention
        /// The output projection and the cross-entropy.
        case loss
        case optimizer
        /// Norms, rotations, activations, sums, conversions and copies.
        case elementwise
    }

    private let seconds = Mutex<[Phase: Double]>([:])

    public init() {}

    /// The time spent in each phase so far, in seconds.
    public var phases: [Phase: Double] { seconds.withLock { $0 } }

    /// The time that all threads together have spent at work since the process began, in seconds.
    public static var busySeconds: Double { thread_pool_busy_seconds() }

    public func measure<Value>(_ phase: Phase, _ body: () -> Value) -> Value {
        let start = ContinuousClock.now
        defer {
            let time = (ContinuousClock.now - start) / .seconds(1)
            seconds.withLock { $0[phase, default: 0] += time }
        }
        return body()
    }
}
