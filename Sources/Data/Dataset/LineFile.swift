import Foundation

/// A text file of which single lines are read on demand, from any thread.
///
/// Only where the lines begin is kept in memory. Lines are read with `pread`, which has no common position, and not
/// through a memory map: a mapped file that somebody shortens kills the process.
final class LineFile: Sendable {
    /// A line that is not blank.
    struct Line: Sendable {
        let offset: Int
        let length: Int
        /// Counted from 1, as an editor does: blank lines count, and "\n" and "\r\n" end a line.
        let number: Int
    }

    /// The longest line that is read; a longer one is no conversation.
    static let lengthLimit = 64 << 20

    let path: String
    let lines: [Line]
    private let descriptor: Int32

    /// Opens a file and finds its lines.
    init(path: String) throws(DatasetError) {
        self.path = path
        descriptor = try Self.openFile(path)
        do {
            lines = try Self.index(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// The bytes of a line, without its end.
    func bytes(of line: Line) throws(DatasetError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: line.length)
        let read = try Self.read(descriptor, path, into: &bytes, at: line.offset)
        guard read == line.length else { throw .changed(path: path, line: line.number) }
        return bytes
    }

    private static func openFile(_ path: String) throws(DatasetError) -> Int32 {
        var information = stat()
        guard stat(path, &information) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .missing(path: path) }
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        switch information.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .notAFile(path: path, kind: "a folder")
        default: throw .notAFile(path: path, kind: "a pipe or device")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        return descriptor
    }

    /// Reads until the buffer is full or the file ends, and gives how much was read.
    private static func read(_ descriptor: Int32, _ path: String, into buffer: inout [UInt8], at offset: Int)
        throws(DatasetError) -> Int
    {
        var filled = 0
        while filled < buffer.count {
            let count = buffer.withUnsafeMutableBytes { bytes in
                pread(descriptor, bytes.baseAddress.map { $0 + filled }, bytes.count - filled, off_t(offset + filled))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(path: path, reason: String(cString: strerror(errno)))
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private static func index(_ descriptor: Int32, _ path: String) throws(DatasetError) -> [Line] {
        var lines: [Line] = []
        var number = 1
        var start = 0
        var isBlank = true
        var position = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)

        func finishLine(at end: Int) throws(DatasetError) {
            if !isBlank {
                guard end - start <= lengthLimit else {
                    throw .badLine(
                        path: path, line: number,
                        reason: "longer than \(lengthLimit >> 20) MiB; a data file has one conversation a line (JSONL)")
                }
                lines.append(Line(offset: start, length: end - start, number: number))
            }
            number += 1
            start = end + 1
            isBlank = true
        }

        while true {
            let count = try read(descriptor, path, into: &buffer, at: position)
            if position == 0 {
                if buffer[..<count].starts(with: [0xEF, 0xBB, 0xBF]) {
                    // A byte order mark is no part of the first line; blanks do not make a line.
                    start = 3
                    for index in 0..<3 { buffer[index] = 0x20 }
                } else if buffer[..<count].starts(with: [0xFF, 0xFE]) || buffer[..<count].starts(with: [0xFE, 0xFF]) {
                    throw .badLine(path: path, line: 1, reason: "the file is UTF-16; save it as UTF-8")
                }
            }
            for index in 0..<count {
                let byte = buffer[index]
                if byte == 0x0A {
                    try finishLine(at: position + index)
                } else if byte != 0x20, byte != 0x09, byte != 0x0D {
                    isBlank = false
                }
            }
            position += count
            if count < buffer.count { break }
        }
        try finishLine(at: position)
        return lines
    }
}
