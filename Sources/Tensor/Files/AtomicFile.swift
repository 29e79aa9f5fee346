import Foundation

/// Files that are there whole or not at all.
public enum AtomicFile {
    /// Writes `contents` to a temporary file in the same folder, syncs it, and renames it to `path`,
    /// so that a reader sees the old file or the new one. Missing folders are made.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason; the temporary file is
    ///   removed and an old file at `path` is untouched.
    public static func write(_ contents: Foundation.Data, to path: String) throws(TensorFileError) {
        let folder = (path as NSString).deletingLastPathComponent
        if !folder.isEmpty {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw .system(path: folder, "the folder cannot be made (\(reason(of: error)))")
            }
        }
        let temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max)).tmp"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure(path) }
        var isOpen = true
        do throws(TensorFileError) {
            try writeAll(contents, to: file, path)
            guard fsync(file) == 0 else { throw failure(path) }
            isOpen = false
            guard close(file) == 0, rename(temporary, path) == 0 else { throw failure(path) }
        } catch {
            if isOpen { close(file) }
            unlink(temporary)
            throw error
        }
        syncFolder(folder.isEmpty ? "." : folder)
    }

    private static func writeAll(_ contents: Foundation.Data, to file: Int32, _ path: String) throws(TensorFileError) {
        let error = contents.withUnsafeBytes { bytes -> TensorFileError? in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Foundation.write(file, rest.baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    return failure(path)
                }
                rest = rest.dropFirst(written)
            }
            return nil
        }
        if let error { throw error }
    }

    /// Makes the rename itself survive a power failure, where the file system can.
    private static func syncFolder(_ folder: String) {
        let file = open(folder, O_RDONLY)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    private static func failure(_ path: String) -> TensorFileError {
        .system(path: path, "cannot be written (\(String(cString: strerror(errno))))")
    }

    private static func reason(of error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return cause.domain == NSPOSIXErrorDomain
            ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    }
}

extension Slice where Base == UnsafeRawBufferPointer {
    fileprivate var baseAddress: UnsafeRawPointer? { base.baseAddress.map { $0 + startIndex } }
}
