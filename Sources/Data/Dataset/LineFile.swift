import Foundation
import Synchronization

/// A text file of which single lines are read on demand, from any thread.
///
/// Lines are read with `pread`, which has no common position, and not through a memory map: a mapped file that somebody
/// shortens kills the process. What is in memory is a small `LineIndex`, not the place of every line.
final class LineFile: Sendable {
    /// The longest line that is read; a longer one is no conversation.
    static let lengthLimit = 64 << 20

    let path: String
    /// The bytes of the file when it was opened. What is added later is not read.
    let size: Int
    let index: LineIndex
    private let descriptor: Int32

    /// Opens a file and finds its lines.
    init(path: String) throws(DatasetError) {
        let (descriptor, size) = try Self.openFile(path)
        do {
            index = try LineIndex(size: size, path: path) { buffer, offset throws(DatasetError) in
                try Self.read(descriptor, path, into: buffer, at: offset)
            }
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.size = size
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// How many lines are not blank: the records of the file.
    var count: Int { index.count }

    /// The bytes from an offset on; fewer where the file ends before.
    func read(_ count: Int, at offset: Int) throws(DatasetError) -> [UInt8] {
        var failure: DatasetError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(DatasetError) {
                filled = try Self.read(descriptor, path, into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Does something for each record on all cores, in stretches of neighbours. Each stretch has a reader, which makes
    /// reading its records in order cheap.
    ///
    /// - Throws: The error of the lowest record that has one, as a loop from the front would.
    func forEachRecord(
        _ body: @Sendable (_ record: Int, inout LineReader) throws(DatasetError) -> Void
    ) throws(DatasetError) {
        let first = Mutex<(record: Int, error: DatasetError)?>(nil)
        DispatchQueue.concurrentPerform(iterations: index.blockCount) { block in
            var reader = LineReader(self)
            for record in index.records(in: block) {
                if first.withLock({ $0.map { $0.record < record } ?? false }) { return }
                do throws(DatasetError) {
                    try body(record, &reader)
                } catch {
                    first.withLock { if $0.map({ record < $0.record }) ?? true { $0 = (record, error) } }
                    return
                }
            }
        }
        if let error = first.withLock({ $0?.error }) { throw error }
    }

    private static func openFile(_ path: String) throws(DatasetError) -> (descriptor: Int32, size: Int) {
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
        guard fstat(descriptor, &information) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw .unreadable(path: path, reason: reason)
        }
        return (descriptor, Int(information.st_size))
    }

    /// Reads until the buffer is full or the file ends, and gives how much was read.
    private static func read(
        _ descriptor: Int32, _ path: String, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(DatasetError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, off_t(offset + filled))
            if count < 0 {
                if errno == EINTR { continue }
                throw .unreadable(path: path, reason: String(cString: strerror(errno)))
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }
}
