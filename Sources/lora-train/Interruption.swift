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

    /// Starts to watch Ctrl-C alone, which never ends the process, and wakes whoever waits for input.
    static func watchAtPrompt() {
        _ = received.load(ordering: .relaxed)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { Interruption.received.store($0, ordering: .relaxed) }
        sigaction(SIGINT, &action, nil)
    }

    /// The signal that came, which is then forgotten.
    static func take() -> Int32? {
        let number = received.exchange(0, ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// The signal that came, or `nil`.
    static var number: Int32? {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }
}
