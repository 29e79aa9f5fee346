import CProcess
import Foundation
import Synchronization

/// The signals that end a command. While training the first asks for an end after the running step, the second ends the
/// process at once; every other command ends at once. The status is 128 + the signal's number.
///
/// SIGTERM is what Slurm sends before it takes a job's place away, SIGUSR1 and SIGUSR2 what its users and those of other
/// batch systems ask for some time before (`--signal=USR1@90`), SIGXCPU comes where processor time runs out, SIGHUP where
/// a terminal or its connection goes away. One that whoever started the process had ignored stays so.
///
/// A reader that goes away, such as the `tee` behind a pipe that Ctrl-C ends too, must not end the process before it
/// has saved: SIGPIPE is ignored, and ``standardOutputIsGone()`` says what becomes of the run.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU]
    private static let received = Atomic<Int32>(0)
    /// When the first came, in nanoseconds.
    private static let time = Atomic<Int64>(0)
    /// `timeout` sends its signal to the process and then to its group, which it is in.
    private static let echo: Int64 = 50_000_000
    /// The thread that draws the bar. Handlers run in it: in another one the bar could be drawn between its end and the process's.
    private nonisolated(unsafe) static var drawer = pthread_self()

    /// Until something else is asked for: the first signal ends the process.
    static func endAtOnce() {
        _ = Console.shared
        handle { number in
            guard !Interruption.isHandedOver(number) else { return }
            Console.shared.clearBarInHandler()
            _exit(128 + number)
        }
    }

    /// Starts to watch.
    static func watch() {
        // A handler may only touch what is there already: the atomic and the console are made here.
        _ = (received.load(ordering: .relaxed), time.load(ordering: .relaxed), echo, Console.shared)
        signal(SIGPIPE, SIG_IGN)
        handle { number in
            guard !Interruption.isHandedOver(number) else { return }
            let now = Interruption.now
            _ = Interruption.time.compareExchange(expected: 0, desired: now, ordering: .relaxed)
            let (isFirst, known) = Interruption.received.compareExchange(expected: 0, desired: number, ordering: .relaxed)
            guard !isFirst else { return }
            // Ctrl-C that ends the reader first has been asked once, not twice.
            if known == SIGPIPE { return Interruption.received.store(number, ordering: .relaxed) }
            if known == number, now - Interruption.time.load(ordering: .relaxed) < Interruption.echo { return }
            // These two nobody sends twice to insist: SIGXCPU comes every second, SIGHUP from the terminal and its shell.
            if number == SIGXCPU || number == SIGHUP { return }
            Console.shared.clearBarInHandler()
            _exit(128 + number)
        }
    }

    /// Handles the signals that are not ignored.
    private static func handle(_ handler: @escaping @convention(c) (Int32) -> Void) {
        drawer = pthread_self()
        for number in signals where !process_ignores_signal(number) { signal(number, handler) }
        // Whoever started this process may have blocked them, and a mask is inherited.
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in signals { sigaddset(&mask, number) }
        pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    }

    /// Sends a signal on to the thread that draws.
    ///
    /// - Returns: whether this was another thread
    private static func isHandedOver(_ number: Int32) -> Bool {
        guard pthread_equal(pthread_self(), drawer) == 0 else { return false }
        return pthread_kill(drawer, number) == 0
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Asks for an end as SIGPIPE would have it, where no signal has asked yet: nobody reads any more.
    static func standardOutputIsGone() {
        _ = received.compareExchange(expected: 0, desired: SIGPIPE, ordering: .relaxed)
    }

    /// Starts to watch Ctrl-C alone, which never ends the process, and wakes whoever waits for input.
    static func watchAtPrompt() {
        _ = received.load(ordering: .relaxed)
        guard !process_ignores_signal(SIGINT) else { return }
        var action = sigaction()
        let handler: @convention(c) (Int32) -> Void = { Interruption.received.store($0, ordering: .relaxed) }
        #if canImport(Darwin)
            action.__sigaction_u.__sa_handler = handler
        #else
            action.__sigaction_handler.sa_handler = handler
        #endif
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
