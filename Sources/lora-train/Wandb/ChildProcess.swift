import Foundation
import Synchronization
import Tensor

/// Another program that is told lines on its standard input and answers with lines on its standard output.
///
/// It has a session of its own: Ctrl-C at our terminal does not reach it, and it can ask nothing there. When this
/// process ends, however it ends, the program's input ends.
final class ChildProcess: Sendable {
    /// What came from it.
    enum Answer {
        case line(String)
        /// It has closed its output, which it does at its end.
        case ended
        case late
    }

    private let identifier: pid_t
    /// Our end of the pair of sockets that is its input and output.
    private let socket: Int32
    /// A file without a name that takes its standard error.
    private let errors: Int32
    /// Bytes that came and are no whole line yet.
    private let received = Mutex<[UInt8]>([])
    private let exit = Mutex<Int32?>(nil)

    /// Starts a program.
    ///
    /// - Parameter program: a path, or a name that is looked for in the folders of `PATH`
    /// - Throws: `POSIXError` with the system's reason, such as `ENOENT`
    init(_ program: String, _ arguments: [String]) throws(POSIXError) {
        var sockets: [Int32] = [-1, -1]
        #if canImport(Darwin)
            let kind = SOCK_STREAM
        #else
            let kind = Int32(SOCK_STREAM.rawValue)
        #endif
        guard socketpair(AF_UNIX, kind, 0, &sockets) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        (socket, errors) = (sockets[0], Self.namelessFile())
        defer { close(sockets[1]) }
        for file in sockets + [errors] { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
        #if canImport(Darwin)
            var isQuiet: Int32 = 1
            setsockopt(socket, SOL_SOCKET, SO_NOSIGPIPE, &isQuiet, socklen_t(MemoryLayout<Int32>.size))
        #endif
        var child: pid_t = 0
        let status = Self.spawn(&child, program, arguments, input: sockets[1], errors: errors)
        identifier = child
        // What is initialised is closed by `deinit`, which runs after this too.
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EIO) }
    }

    deinit {
        close(socket)
        close(errors)
    }

    private static func namelessFile() -> Int32 {
        guard let file = tmpfile() else { return open("/dev/null", O_RDWR) }
        defer { fclose(file) }
        return dup(fileno(file))
    }

    private static func spawn(_ child: inout pid_t, _ program: String, _ arguments: [String], input: Int32, errors: Int32) -> Int32 {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            let newSession = POSIX_SPAWN_SETSID
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            // POSIX_SPAWN_SETSID, which Swift does not import.
            let newSession = 0x80
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (ours, its) in [(input, STDIN_FILENO), (input, STDOUT_FILENO), (errors, STDERR_FILENO)] {
            posix_spawn_file_actions_adddup2(&actions, ours, its)
        }
        posix_spawnattr_setflags(&attributes, Int16(newSession))
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] =
            ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for word in words + environment { free(word) } }
        return posix_spawnp(&child, program, &actions, &attributes, &words, &environment)
    }

    // MARK: - Lines

    /// Sends a line; waits where the program is behind with reading.
    ///
    /// - Returns: whether it is there to read
    func send(_ line: String) -> Bool {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let sent = bytes.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, flags) }
            if sent < 0, errno != EINTR { return false }
            bytes = bytes.dropFirst(max(sent, 0))
        }
        return true
    }

    /// Says that no line comes after those that were sent.
    func endInput() { shutdown(socket, Int32(SHUT_WR)) }

    /// The next line that it answers with; one caller at a time.
    ///
    /// - Parameter deadline: `nil` to wait as long as it lives
    func answer(until deadline: ContinuousClock.Instant? = nil) -> Answer {
        while true {
            if let line = received.withLock({ Self.takeLine(&$0) }) { return .line(line) }
            if let deadline {
                let left = (deadline - .now) / .milliseconds(1)
                guard left > 0 else { return .late }
                var event = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                guard poll(&event, 1, Int32(min(left.rounded(.up), 1e6))) > 0 else { continue }
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &buffer, buffer.count, 0)
            if count > 0 { received.withLock { $0 += buffer.prefix(count) } }
            if count == 0 || count < 0 && errno != EINTR { return .ended }
        }
    }

    private static func takeLine(_ bytes: inout [UInt8]) -> String? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { bytes.removeFirst(end + 1) }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    // MARK: - Its end

    /// Waits for its end, which may not come: `false` after the deadline.
    @discardableResult
    func wait(until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let hasEnded = exit.withLock { exit in
                var status: Int32 = 0
                if exit == nil, waitpid(identifier, &status, WNOHANG) == identifier { exit = status }
                return exit != nil
            }
            if hasEnded || deadline < .now { return hasEnded }
            usleep(5000)
        }
    }

    /// Ends it and what it has started, unless it has ended.
    func kill() {
        exit.withLock { exit in
            guard exit == nil else { return }
            Foundation.kill(-identifier, SIGKILL)
            var status: Int32 = 0
            if waitpid(identifier, &status, 0) == identifier { exit = status }
        }
    }

    /// How it ended.
    var ending: String {
        guard let status = exit.withLock({ $0 }) else { return "it closed its output" }
        let signal = status & 0x7F
        return signal == 0 ? "exit code \(status >> 8 & 0xFF)" : "signal \(signal)"
    }

    /// The last line of its standard error, or how it ended.
    var lastWords: String {
        let lines = contentsOfErrors.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        return lines.last { !$0.isEmpty }?.message ?? ending
    }

    private var contentsOfErrors: String {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let start = max(lseek(errors, 0, SEEK_END) - off_t(buffer.count), 0)
        let count = pread(errors, &buffer, buffer.count, start)
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }
}
