import Foundation

/// Files that are there whole or not at all.
public enum AtomicFile {
    /// Writes `contents` to a temporary file in the same folder, syncs it, and renames it to `path`,
    /// so that a reader sees the old file or the new one. Missing folders are made; an old file's
    /// permissions stay.
    ///
    /// A device or a pipe, such as `/dev/null`, is written to as it is: a rename would put a file in
    /// its place. A symbolic link stays, and what it leads to is written.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason; the temporary file is
    ///   removed and an old file at `path` is untouched.
    public static func write(_ contents: Foundation.Data, to path: String) throws(TensorFileError) {
        try write(to: path) { (output) throws(TensorFileError) in try output.write(contents) }
    }

    /// The same for contents that are written piece by piece, so that they need not exist at once.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``, or what `body` throws
    public static func write(
        to path: String, _ body: (Output) throws(TensorFileError) -> Void
    ) throws(TensorFileError) {
        let place = path.followingLinks
        guard let temporary = try temporary(for: path, at: place) else { return try writeThrough(body, to: path) }
        do throws(TensorFileError) {
            try body(Output(file: temporary.file, path: path))
            guard fsync(temporary.file) == 0, temporary.give(to: place) else { throw failure(path) }
        } catch {
            temporary.discard()
            throw error
        }
        syncFolder(place.openableFolder)
    }

    /// Finds out whether ``write(_:to:)`` would be let write. An old file at `path` is untouched, and no other is left.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason
    public static func checkWritable(_ path: String) throws(TensorFileError) {
        try temporary(for: path, at: path.followingLinks)?.discard()
    }

    /// The file that is to take the place of the one at `path`, with its permissions; `nil` where a device or a pipe
    /// is.
    ///
    /// - Parameter place: where links lead
    private static func temporary(for path: String, at place: String) throws(TensorFileError) -> Temporary? {
        try makeFolder(place.enclosingFolder)
        var old = stat()
        let exists = stat(path, &old) == 0
        if exists {
            let kind = old.st_mode & S_IFMT
            guard kind != S_IFDIR else { throw failure(path, EISDIR) }
            guard access(path, W_OK) == 0 else { throw failure(path) }
            if kind != S_IFREG || place.namesDescriptor { return nil }
        } else if errno == ELOOP {
            throw failure(path)
        }
        let temporary = Temporary(in: place.openableFolder)
        guard temporary.file >= 0 else { throw failure(path) }
        if exists { fchmod(temporary.file, old.st_mode & 0o7777) }
        return temporary
    }

    /// A file that is not yet where it belongs.
    private struct Temporary {
        let file: Int32
        private let name: String
        /// Whether the file has its name already. Where the system can, it gets one only once it is complete, so that
        /// a process that is killed leaves nothing behind.
        private let isNamed: Bool

        init(in folder: String) {
            // The name does not grow with that of the file, which may be as long as a name can be.
            name = "\(folder)/.\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max)).tmp"
            #if os(Linux)
                // O_TMPFILE, which Swift does not import.
                let canBeNamed = access("/proc/self/fd", X_OK) == 0
                let nameless = canBeNamed ? open(folder, 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o644) : -1
                if nameless >= 0 {
                    (file, isNamed) = (nameless, false)
                    return
                }
            #endif
            isNamed = true
            file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        }

        /// Puts the file in its place, or leaves `errno`.
        func give(to path: String) -> Bool {
            if !isNamed, linkat(AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0 { return false }
            guard rename(name, path) == 0 else { return false }
            close(file)
            return true
        }

        func discard() {
            close(file)
            unlink(name)
        }
    }

    private static func writeThrough(
        _ body: (Output) throws(TensorFileError) -> Void, to path: String
    ) throws(TensorFileError) {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        try body(Output(file: file, path: path))
    }

    /// Makes a folder, and those that it lies in; one that is there already stays.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason
    package static func makeFolder(_ folder: String) throws(TensorFileError) {
        guard !folder.isEmpty, access(folder, F_OK) != 0 else { return }
        // A link may lead to a folder that is yet to be made; links in a circle lead nowhere.
        let isCircle = errno == ELOOP
        let place = isCircle ? folder : folder.followingLinks
        if !isCircle { try makeFolder(place.enclosingFolder) }
        // Another process may have been faster.
        guard mkdir(place, 0o777) == 0 || errno == EEXIST && access(place, F_OK) == 0 else {
            throw .system(path: folder, "the folder cannot be made (\(String(cString: strerror(errno))))")
        }
    }

    /// The file while it is written. Good for as long as the body that it is handed to.
    public struct Output {
        let file: Int32
        let path: String

        /// Appends bytes.
        ///
        /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason, such as a full disk
        public func write(_ bytes: Foundation.Data) throws(TensorFileError) {
            let error = bytes.withUnsafeBytes { bytes -> TensorFileError? in
                do throws(TensorFileError) {
                    try write(bytes)
                    return nil
                } catch {
                    return error
                }
            }
            if let error { throw error }
        }

        /// Appends bytes.
        ///
        /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason, such as a full disk
        public func write(_ bytes: UnsafeRawBufferPointer) throws(TensorFileError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Foundation.write(file, rest.baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    throw failure(path)
                }
                rest = rest.dropFirst(written)
            }
        }
    }

    /// Makes the rename itself survive a power failure, where the file system can.
    static func syncFolder(_ folder: String) {
        let file = open(folder, O_RDONLY)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    static func failure(_ path: String, _ code: Int32 = errno) -> TensorFileError {
        .system(path: path, "cannot be written (\(String(cString: strerror(code))))")
    }
}

extension Slice where Base == UnsafeRawBufferPointer {
    fileprivate var baseAddress: UnsafeRawPointer? { base.baseAddress.map { $0 + startIndex } }
}
