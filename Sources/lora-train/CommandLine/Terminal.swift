import Foundation

/// What one of the standard streams leads to, and what can be shown there.
struct Terminal: Sendable {
    private enum Kind { case terminal, pipe, other }

    let file: Int32
    private let kind: Kind
    private let standInWidth: Int?
    /// Whether it understands control sequences: a terminal that is not called dumb.
    let takesControl: Bool
    /// Whether text may be coloured: not where NO_COLOR says otherwise (https://no-color.org).
    let takesColour: Bool

    init(_ file: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) {
        var status = stat()
        let isPipe = fstat(file, &status) == 0 && [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
        self.file = file
        kind = isatty(file) == 1 ? .terminal : isPipe ? .pipe : .other
        standInWidth = nil
        takesControl = kind == .terminal && environment["TERM"] != "dumb"
        takesColour = takesControl && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// A file that is written to as to a coloured terminal of this width.
    init(standIn file: Int32, width: Int) {
        self.file = file
        kind = .terminal
        standInWidth = width
        (takesControl, takesColour) = (true, true)
    }

    var isTerminal: Bool { kind == .terminal }

    /// Whether it is read by another program, which may write it to the same terminal when it comes to it.
    var isPipe: Bool { kind == .pipe }

    /// The columns that it has now; `nil` where it is no terminal, or one that does not say.
    var width: Int? {
        if let standInWidth { return standInWidth }
        var size = winsize()
        return ioctl(file, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }
}
