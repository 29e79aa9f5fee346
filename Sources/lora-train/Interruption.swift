import Foundation
import Synchronization

/// Ctrl-C, SIGTERM and SIGUSR1 while training: the first asks for an end after the running step, the second
/// ends the process at once. SIGTERM is what Slurm sends before it takes a job's place away, SIGUSR1 what
/// its users ask it to send some time before (`--signal=USR1@90`).
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGUSR1]
    private static let received = Atomic<Int32>(0)

    /// Starts to watch.
    static func watch() {
        // A handler may only touch what is there already: the atomic and the console are made here.
        _ = (received.load(ordering: .relaxed), Console.shared)
        for number in signals {
            signal(number) { number in
                let (isFirst, _) = Interruption.received.compareExchange(expected: 0, desired: number, ordering: .relaxed)
                guard !isFirst else { return }
                Console.shared.clearBarInHandler()
                _exit(128 + number)
            }
        }
        // Whoever started this process may have blocked them, and a mask is inherited.
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in signals { sigaddset(&mask, number) }
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
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
