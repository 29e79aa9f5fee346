import Foundation
import Synchronization

/// What waits to be taken by another thread, which may be slow: whoever appends never waits for it. Beyond a limit the
/// oldest are given up.
package final class Backlog<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        var lost = 0
        var isClosed = false
    }

    private let limit: Int
    private let state = Mutex(State())
    /// Counts those that wait, and the end.
    private let available = DispatchSemaphore(value: 0)

    /// - Parameter limit: how many may wait
    package init(limit: Int) { self.limit = limit }

    /// Adds one behind the others; none after ``close()``.
    ///
    /// - Returns: whether one had to be given up for it that is the first of all that were
    @discardableResult
    package func append(_ element: Element) -> Bool {
        let (hasGrown, isFirstLoss) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.waiting.append(element)
            guard state.waiting.count > limit else { return (true, false) }
            state.waiting.removeFirst()
            state.lost += 1
            return (false, state.lost == 1)
        }
        if hasGrown { available.signal() }
        return isFirstLoss
    }

    /// The oldest, which is waited for; `nil` once it is closed and empty.
    package func next() -> Element? {
        available.wait()
        return state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
    }

    /// No other comes; what waits can still be taken.
    package func close() {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        if !wasClosed { available.signal() }
    }

    package var isClosed: Bool { state.withLock { $0.isClosed } }
    /// How many were given up.
    package var lost: Int { state.withLock { $0.lost } }
}
