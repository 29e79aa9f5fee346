import Foundation
import Synchronization

/// The batches of one epoch, in order.
///
/// With workers, threads make batches ahead of the consumer, at most a few each. They stop and are waited for when the
/// iterator ends, fails or is let go of. One consumer at a time may call `next`.
public final class BatchIterator: Sendable {
    /// Makes the batch of a number; nil when it was cancelled on the way.
    typealias Maker = @Sendable (_ number: Int, _ isCancelled: () -> Bool) throws -> Batch?

    private let queue: PrefetchQueue?
    private let make: Maker
    private let end: Int
    /// The number of the batch that comes next; `end` after the last one and after an error.
    private let upcoming: Mutex<Int>

    init(batches: Range<Int>, workers: Int, capacityPerWorker: Int, make: @escaping Maker) {
        self.make = make
        end = batches.upperBound
        upcoming = Mutex(batches.lowerBound)
        let workers = min(workers, batches.count)
        queue =
            workers > 0
            ? PrefetchQueue(batches: batches, workers: workers, capacity: workers * capacityPerWorker, make: make) : nil
    }

    deinit { queue?.stop() }

    /// The next batch, or nil after the last.
    /// - Throws: What went wrong with a sample of this batch. The iterator has ended then.
    public func next() throws -> Batch? {
        let number = upcoming.withLock { number in
            defer { number = min(number + 1, end) }
            return number
        }
        guard number < end else { return nil }
        do {
            let batch = if let queue { try queue.take(number) } else { try make(number) { false } }
            if number + 1 == end { queue?.stop() }
            return batch
        } catch {
            upcoming.withLock { $0 = end }
            queue?.stop()
            throw error
        }
    }
}

/// Batches that worker threads make ahead, each in the slot where the consumer will look for it.
///
/// A worker waits for a free slot, claims the next number and makes its batch; the consumer waits for the slot of the
/// number it wants. Since numbers are claimed in order and slots are freed in order, number n always lies in slot
/// n modulo the capacity. Semaphores do the waiting and one mutex guards what is shared, so that the compiler can check
/// all of it; a condition variable would need unchecked state.
private final class PrefetchQueue: Sendable {
    private struct State {
        var unclaimed: Range<Int>
        var slots: [Result<Batch?, any Error>?]
        var isStopped = false
        /// Makes the batches, and holds the dataset: `stop` lets go of it.
        var make: BatchIterator.Maker?
    }

    private let state: Mutex<State>
    /// Counts the free slots. Made with 0 and then raised: dispatch traps when a semaphore ends below its start.
    private let free = DispatchSemaphore(value: 0)
    /// One a slot: raised when a batch lies there.
    private let ready: [DispatchSemaphore]
    private let workers = DispatchGroup()
    private let workerCount: Int

    init(batches: Range<Int>, workers count: Int, capacity: Int, make: @escaping BatchIterator.Maker) {
        state = Mutex(State(unclaimed: batches, slots: Array(repeating: nil, count: capacity), make: make))
        ready = (0..<capacity).map { _ in DispatchSemaphore(value: 0) }
        workerCount = count
        for _ in 0..<capacity { free.signal() }
        for _ in 0..<count {
            workers.enter()
            // The thread holds the queue, for a moment longer than the queue's owner waits in `stop`; therefore
            // nothing else.
            let thread = Thread { [self] in
                work()
                workers.leave()
            }
            thread.name = "data-loader"
            // The template interpreter recurses; macOS would give the thread 512 KB.
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    private func work() {
        guard let make = state.withLock({ $0.make }) else { return }
        while true {
            free.wait()
            let claimed: Int? = state.withLock { state in
                state.isStopped ? nil : state.unclaimed.popFirst()
            }
            guard let claimed else {
                // Whatever ended this worker ends the others too: pass the slot on.
                free.signal()
                return
            }
            let result = Result { try make(claimed) { state.withLock { $0.isStopped } } }
            let slot = claimed % ready.count
            state.withLock { $0.slots[slot] = result }
            ready[slot].signal()
        }
    }

    /// The batch of a number; numbers must be asked for in order, each once.
    func take(_ number: Int) throws -> Batch? {
        let slot = number % ready.count
        ready[slot].wait()
        let result = state.withLock { state in
            defer { state.slots[slot] = nil }
            return state.slots[slot]
        }
        free.signal()
        return try result?.get()
    }

    /// Lets the workers finish the sample at hand, and waits until they have. Can be called again.
    func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<workerCount { free.signal() }
        workers.wait()
        state.withLock { $0.make = nil }
    }
}
