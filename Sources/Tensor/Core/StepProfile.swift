import CKernels
import Synchronization

/// Where the time of a step goes, phase by phase, on the clock of the thread that leads the step, and how
/// much arithmetic the products of each phase are.
package final class StepProfile: Sendable {
    /// What the time is spent on.
    package enum Phase: String, Sendable, CaseIterable {
        /// Products by the model's own weights.
        case matmul
        /// Products by adapters, and gradients of weights.
        case lora
        /// Scores, softmax and sums of values.
        case attention
        /// The output projection and the cross-entropy.
        case loss
        /// The clipping of gradients and the optimizer's step.
        case optimizer
        /// Norms, rotations, activations, sums, conversions and copies.
        case elementwise
    }

    /// What a phase has cost so far.
    package struct Cost: Sendable {
        /// Wall time, in seconds.
        package var seconds = 0.0
        /// Multiplications and additions of matrix products.
        package var operations = 0
    }

    private struct State {
        var costs: [Phase: Cost] = [:]
        /// Whether a measurement is under way, which counts all that is measured within it.
        var isMeasuring = false
    }

    private let state = Mutex(State())

    package init() {}

    /// The cost of each phase so far.
    package var phases: [Phase: Cost] { state.withLock { $0.costs } }

    /// The time that all threads together have spent at work since the process began, in seconds.
    package static var busySeconds: Double { thread_pool_busy_seconds() }

    /// Runs `body`, and adds its time and its arithmetic to a phase; within another measurement only runs
    /// it, since that one counts it. By one thread at a time.
    package func measure<Value>(_ phase: Phase, operations: Int = 0, _ body: () -> Value) -> Value {
        let isOutermost = state.withLock { state in
            defer { state.isMeasuring = true }
            return !state.isMeasuring
        }
        guard isOutermost else { return body() }
        let start = ContinuousClock.now
        defer {
            let time = (ContinuousClock.now - start) / .seconds(1)
            state.withLock {
                $0.costs[phase, default: Cost()].seconds += time
                $0.costs[phase, default: Cost()].operations += operations
                $0.isMeasuring = false
            }
        }
        return body()
    }
}
