import Foundation

/// Standard input line by line, where Ctrl-C takes a line back and does not end the process.
struct LineReader {
    private var pending: [UInt8] = []
    private var isAtEnd = false

    enum Line {
        case text(String)
        /// Ctrl-C came while the line was typed.
        case interrupted
    }

    /// The next line without its end; `nil` at the end of the input.
    mutating func next() -> Line? {
        while true {
            if let end = pending.firstIndex(of: 0x0A) {
                defer { pending.removeFirst(end + 1) }
                return .text(Self.text(pending[..<end]))
            }
            if isAtEnd {
                guard !pending.isEmpty else { return nil }
                defer { pending = [] }
                return .text(Self.text(pending[...]))
            }
            var part = [UInt8](repeating: 0, count: 4096)
            let count = read(STDIN_FILENO, &part, part.count)
            if count > 0 {
                pending += part[..<count]
            } else if count < 0, errno == EINTR {
                guard Interruption.take() != nil else { continue }
                pending = []
                return .interrupted
            } else {
                isAtEnd = true
            }
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == 0x0D ? bytes.dropLast() : bytes, as: UTF8.self)
    }
}
