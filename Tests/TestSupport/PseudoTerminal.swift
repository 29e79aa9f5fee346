import Foundation

/// A run of the command on a terminal of its own, as a person has one.
public struct PseudoTerminal {
    public let status: Int32
    /// All that the terminal got.
    public let text: String

    /// Whether the system gives terminals to whoever asks; some containers do not.
    public static let isAvailable = open(width: 80) != nil

    /// - Parameters:
    ///   - width: columns
    ///   - environment: variables that are added to those of the tests, `nil` for those that are taken away
    ///   - pipe: another program that standard output goes through to the same terminal, in words of the shell
    ///   - signals: sent one behind the other once a bar was drawn
    public init(
        _ arguments: [String], width: Int, environment: [String: String?] = [:], through pipe: String? = nil, signals: [Int32] = []
    ) throws {
        guard let (terminal, ours) = Self.open(width: width) else { throw CocoaError(.fileNoSuchFile) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: pipe == nil ? Command.path() : "/bin/sh")
        process.arguments = pipe.map { ["-c", "\"$0\" \"$@\" | \($0)", Command.path()] + arguments } ?? arguments
        var variables = ProcessInfo.processInfo.environment
        variables["TERM"] = "xterm-256color"
        variables["NO_COLOR"] = nil
        for (name, value) in environment { variables[name] = value }
        process.environment = variables
        let handle = FileHandle(fileDescriptor: ours, closeOnDealloc: false)
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        close(ours)
        var due = signals
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(terminal, &part, part.count)
            // Linux says EIO when nobody holds the other end any more.
            if count <= 0, errno != EINTR || count == 0 { break }
            bytes += part.prefix(max(count, 0))
            guard !due.isEmpty, String(decoding: bytes, as: UTF8.self).contains(" left") else { continue }
            // All of them before it computes on, however busy the machine is.
            for signal in [SIGSTOP] + due + [SIGCONT] { kill(process.processIdentifier, signal) }
            due = []
        }
        process.waitUntilExit()
        close(terminal)
        status = process.terminationStatus
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// What was drawn and taken away again: texts between carriage returns that end by clearing the rest of the line,
    /// without their colours.
    public var bars: [String] {
        text.split(separator: "\r").filter { $0.hasSuffix("\u{1B}[K") && $0 != "\u{1B}[K" }
            .map { Self.plain(String($0.dropLast(3))) }
    }

    /// The text without the sequences that colour it.
    public static func plain(_ text: String) -> String { text.replacing(/\u{1B}\[[0-9;]*m/, with: "") }

    /// Both ends: the terminal's, and the program's.
    private static func open(width: Int) -> (terminal: Int32, ours: Int32)? {
        // The headers of Glibc that Swift reads do not have it.
        typealias Function =
            @convention(c) (
                UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<CChar>?, UnsafeMutableRawPointer?,
                UnsafeMutableRawPointer?
            ) -> Int32
        #if os(Linux)
            let everywhere: UnsafeMutableRawPointer? = nil
        #else
            let everywhere = UnsafeMutableRawPointer(bitPattern: -2)
        #endif
        guard let address = dlsym(everywhere, "openpty") else { return nil }
        var size = winsize()
        size.ws_row = 24
        size.ws_col = UInt16(width)
        var (terminal, ours) = (Int32(-1), Int32(-1))
        guard unsafeBitCast(address, to: Function.self)(&terminal, &ours, nil, nil, &size) == 0 else { return nil }
        // The command is not to hold the terminal's own end, which would keep it open.
        _ = fcntl(terminal, F_SETFD, FD_CLOEXEC)
        return (terminal, ours)
    }
}

/// What a terminal shows once it has got a text: the little of ECMA-48 that the command uses.
public struct Screen {
    private var rows: [[Character]] = [[]]
    private var column = 0

    /// - Parameter width: columns; what is longer goes on in the next line
    public init(_ text: String, width: Int) {
        var rest = Substring(PseudoTerminal.plain(text))
        // "\r\n" is one character of Swift's.
        while let scalar = rest.unicodeScalars.first {
            if rest.hasPrefix("\u{1B}[K") {
                rows[rows.count - 1].removeSubrange(min(column, rows[rows.count - 1].count)...)
                rest = rest.dropFirst(3)
                continue
            }
            rest.unicodeScalars.removeFirst()
            switch scalar {
            case "\r": column = 0
            case "\n": rows.append([])
            default:
                if column == width {
                    rows.append([])
                    column = 0
                }
                let missing = column - rows[rows.count - 1].count
                if missing > 0 { rows[rows.count - 1] += Array(repeating: " ", count: missing) }
                if column < rows[rows.count - 1].count {
                    rows[rows.count - 1][column] = Character(scalar)
                } else {
                    rows[rows.count - 1].append(Character(scalar))
                }
                column += 1
            }
        }
    }

    public var lines: [String] { rows.map { String($0) } }
}
