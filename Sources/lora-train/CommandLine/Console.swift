import Foundation
import Synchronization

/// Where a command speaks to a person: results and log lines on standard output, errors, notes and
/// the progress bar on standard error.
final class Console: Sendable {
    static let shared = Console()

    private struct State {
        /// What is drawn below all lines, or is to be drawn again behind the next one.
        var bar: String?
        var lastDrawing: ContinuousClock.Instant?
        var lastPipedLine: ContinuousClock.Instant?
        var isSilent = false
        var sendsLinesToErrors = false
    }

    private let state = Mutex(State())
    private let hasBar = Atomic(false)
    private let losesLines = Atomic(false)
    private let hasLostLines = Atomic(false)
    private let output: Terminal
    private let errors: Terminal

    /// The bar is drawn so often at the most: ten times a second.
    private static let drawingInterval = Duration.milliseconds(100)
    /// So long after a line went into a pipe nothing is drawn: `lora-train | tee log` shows it on the same terminal.
    private static let pipeDelay = Duration.milliseconds(10)
    private static let clearing = "\r\u{1B}[K"

    init(output: Terminal = Terminal(STDOUT_FILENO), errors: Terminal = Terminal(STDERR_FILENO)) {
        self.output = output
        self.errors = errors
    }

    /// Whether standard output may be coloured.
    var isColoured: Bool { output.takesColour }

    /// Whether the bar may be coloured.
    var hasColouredBar: Bool { errors.takesColour }

    /// Whether nothing is said: another process of the same run speaks.
    var isSilent: Bool {
        get { state.withLock(\.isSilent) }
        set { state.withLock { $0.isSilent = newValue } }
    }

    /// Whether lines for a person go to standard error, since standard output is a program's.
    var sendsLinesToErrors: Bool {
        get { state.withLock(\.sendsLinesToErrors) }
        set { state.withLock { $0.sendsLinesToErrors = newValue } }
    }

    /// Whether a line that standard output does not take, such as a log on a full disk, is left out: what the command does
    /// is worth more than what it says of it. Otherwise it ends the command.
    var toleratesLoss: Bool {
        get { losesLines.load(ordering: .relaxed) }
        set { losesLines.store(newValue, ordering: .relaxed) }
    }

    /// The width of the terminal, 80 where there is none.
    var width: Int { output.width.map { $0 > 20 ? $0 : 80 } ?? 80 }

    /// The columns that a bar can have: one less than the terminal, as some go on to the next line after the last one.
    var barWidth: Int { (errors.width ?? 80) - 1 }

    /// A line for a person, on standard output.
    func line(_ text: String) {
        write(text + "\n", to: sendsLinesToErrors ? errors : output)
    }

    /// A part of a line on standard output, at once.
    func part(_ text: String) { write(text, to: output) }

    /// A line on standard error.
    func note(_ text: String) { write(text + "\n", to: errors) }

    /// A line for a program, on standard output.
    func record(_ text: String) { write(text + "\n", to: output) }

    // MARK: - The bar

    /// Whether there is a terminal for a bar, and time for the next drawing.
    var isBarDue: Bool {
        guard errors.takesControl else { return false }
        return state.withLock {
            let now = ContinuousClock.now
            return !$0.isSilent && $0.lastDrawing.map { now - $0 >= Self.drawingInterval } ?? true
                && $0.lastPipedLine.map { now - $0 >= Self.pipeDelay } ?? true
        }
    }

    /// Draws a bar below all lines; `nil` takes it away. Nothing where there is no terminal.
    ///
    /// - Parameter text: at most ``barWidth`` wide, without the control sequences of its colours
    func bar(_ text: String?) {
        guard errors.takesControl else { return }
        state.withLock {
            guard !$0.isSilent else { return }
            $0.bar = text
            $0.lastDrawing = .now
            if let text { draw(text) } else { clear() }
        }
    }

    /// Takes the bar away from within a handler of signals, which may wait for no lock and ask for no memory.
    func clearBarInHandler() {
        guard hasBar.load(ordering: .relaxed) else { return }
        let bytes: StaticString = "\r\u{1B}[K"
        _ = Foundation.write(errors.file, bytes.utf8Start, bytes.utf8CodeUnitCount)
    }

    /// The cursor goes back to the start: what another program writes to the terminal then begins a line.
    private func draw(_ bar: String) {
        hasBar.store(true, ordering: .relaxed)
        put("\r" + bar + "\u{1B}[K\r", errors)
    }

    private func clear() {
        guard hasBar.load(ordering: .relaxed) else { return }
        put(Self.clearing, errors)
        hasBar.store(false, ordering: .relaxed)
    }

    private func write(_ text: String, to target: Terminal) {
        state.withLock {
            guard !$0.isSilent else { return }
            // A file and the terminal do not meet.
            if target.isTerminal || target.isPipe { clear() }
            put(text, target)
            if target.isPipe {
                $0.lastPipedLine = .now
            } else if let bar = $0.bar, !hasBar.load(ordering: .relaxed) {
                draw(bar)
            }
        }
    }

    /// Unbuffered, so that lines of both streams keep their order. A reader that has gone away ends
    /// the command as it ends others, by SIGPIPE; of a training the ``Interruption`` makes an end after the step.
    private func put(_ text: String, _ target: Terminal) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Foundation.write(target.file, $0.baseAddress, $0.count) }
            if written < 0, errno != EINTR {
                // Words on standard error may be lost.
                guard target.file == output.file, target.file != errors.file else { return }
                return lose(errno)
            }
            bytes = bytes.dropFirst(max(written, 0))
        }
    }

    /// What becomes of a line that standard output does not take: results that cannot be written are not to pass for written.
    private func lose(_ error: Int32) {
        let problem = "standard output cannot be written (\(String(cString: strerror(error))))"
        if toleratesLoss, error == EPIPE { return Interruption.standardOutputIsGone() }
        guard toleratesLoss else {
            put("error: \(problem)\n", errors)
            // At once: threads may be at work with what an orderly exit takes away.
            _exit(1)
        }
        if !hasLostLines.exchange(true, ordering: .relaxed) {
            put("warning: \(problem); the run goes on without the lines that are lost\n", errors)
        }
    }
}
