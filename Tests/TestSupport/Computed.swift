import Dispatch
import Foundation
import Synchronization

/// What `body` returns, from a thread of its own, which is left alone where it does not come to an end in time.
///
/// A test's own time limit counts from when the test is queued: on a machine with few cores it waits there for others.
///
/// - Throws: ``StillComputing``, and what `body` throws
public func computed<Value: Sendable>(within seconds: Double, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let result = ResultBox<Value>()
    let thread = Thread {
        let found = Result { try body() }
        result.value.withLock { $0 = found }
        result.isThere.signal()
    }
    thread.stackSize = 8 << 20
    thread.start()
    guard result.isThere.wait(timeout: .now() + seconds) == .success else { throw StillComputing(seconds: seconds) }
    return try result.value.withLock { try $0!.get() }
}

/// Something took longer than it may.
public struct StillComputing: Error {
    public let seconds: Double
}

private final class ResultBox<Value: Sendable>: Sendable {
    let value = Mutex<Result<Value, any Error>?>(nil)
    let isThere = DispatchSemaphore(value: 0)
}
