import Foundation
import Synchronization

/// Ctrl-C and SIGTERM while training: the first asks for an end after the running step, the second
/// ends the process at once.
enum Interruption {
    private static let received = Atomic<Int32>(0)

    /// Starts to watch.
    static func watch() {
        // A handler may only touch what is there already: the atomic is made here.
        _ = received.load(ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                let (isFirst, _) = Interruption.received.compareExchange(expected: 0, desired: number, ordering: .relaxed)
                if !isFirst { _exit(128 + number) }
            }
        }
        // Whoever started this process may have blocked them, and a mask is inherited.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Watches while `body` runs; afterwards a signal ends the process again.
    static func watching(_ body: () throws -> Void) rethrows {
        watch()
        defer {
            for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
            received.store(0, ordering: .relaxed)
        }
        try body()
    }

    /// The signal that came, or `nil`.
    static var number: Int32? {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}
