import Foundation
import Synchronization

/// Where a command speaks to a person: results and log lines on standard output, errors, notes and
/// the progress bar on standard error.
final class Console: Sendable {
    static let shared = Console()

    private struct State {
        var bar: String?
        var isSilent = false
    }

    private let state = Mutex(State())
    /// Whether standard error is a terminal that understands control sequences.
    let isInteractive = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    /// Whether standard output may be coloured.
    let isColoured =
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Whether nothing is said: another process of the same run speaks.
    var isSilent: Bool {
        get { state.withLock(\.isSilent) }
        set { state.withLock { $0.isSilent = newValue } }
    }

    /// The width of the terminal, 80 where there is none.
    var width: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 80
    }

    /// A line on standard output.
    func line(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// A part of a line on standard output, at once.
    func part(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// A line on standard error.
    func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Draws a bar below all lines; `nil` takes it away. Nothing where there is no terminal.
    func bar(_ text: String?) {
        guard isInteractive else { return }
        state.withLock {
            guard !$0.isSilent else { return }
            $0.bar = text
            Self.put("\r\u{1B}[K" + (text ?? ""), STDERR_FILENO)
        }
    }

    private func write(_ text: String, to file: Int32) {
        state.withLock {
            guard !$0.isSilent else { return }
            if $0.bar != nil { Self.put("\r\u{1B}[K", STDERR_FILENO) }
            Self.put(text, file)
            if let bar = $0.bar { Self.put(bar, STDERR_FILENO) }
        }
    }

    /// Unbuffered, so that lines of both streams keep their order. A reader that has gone away ends
    /// the command as it ends others, by SIGPIPE.
    private static func put(_ text: String, _ file: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if written < 0, errno != EINTR {
                // Results that cannot be written are not to pass for written; words for a person may be lost.
                guard file == STDOUT_FILENO else { return }
                let reason = String(cString: strerror(errno))
                put("error: standard output cannot be written (\(reason))\n", STDERR_FILENO)
                // At once: threads may be at work with what an orderly exit takes away.
                _exit(1)
            }
            bytes = bytes.dropFirst(max(written, 0))
        }
    }
}
