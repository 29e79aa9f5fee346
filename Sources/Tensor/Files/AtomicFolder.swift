import Foundation

/// Folders of files that belong together: there whole or not at all.
package enum AtomicFolder {
    /// Makes a folder beside `path`, lets `body` fill it, and renames it to `path`.
    ///
    /// An old folder is replaced only where all that it holds is what such a folder may hold, so that
    /// nothing else is ever lost.
    ///
    /// - Parameters:
    ///   - isReplaceable: whether an old folder may lose the file of this name
    ///   - body: gets the path of the folder to fill
    /// - Throws: ``TensorFileError/system(path:_:)``, or what `body` throws; then the old folder is untouched and
    ///   the new one removed
    package static func write(
        to path: String, replacing isReplaceable: (_ name: String) -> Bool,
        _ body: (_ folder: String) throws(TensorFileError) -> Void
    ) throws(TensorFileError) {
        let target = resolved(path)
        guard !target.isEmpty, target != "/" else {
            throw .system(path: path, "is no folder that a model could be written to; name another")
        }
        try check(target, isReplaceable)
        let parent = target.enclosingFolder
        try AtomicFile.makeFolder(parent)
        let temporary = sibling(in: parent)
        guard mkdir(temporary, 0o777) == 0 else { throw AtomicFile.failure(path) }
        do throws(TensorFileError) {
            try body(temporary)
            try check(target, isReplaceable)
            try exchange(temporary, target, in: parent)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            // The place that was asked for says more than the one that is gone.
            if case .system(let place, let reason) = error, place.hasPrefix(temporary) {
                throw .system(path: path + place.dropFirst(temporary.count), reason)
            }
            throw error
        }
        AtomicFile.syncFolder(target.openableFolder)
    }

    /// Looks whether ``write(to:replacing:_:)`` could write a folder.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``
    package static func checkWritable(_ path: String, replacing isReplaceable: (_ name: String) -> Bool) throws(TensorFileError) {
        let target = resolved(path)
        try check(target, isReplaceable)
        let parent = target.enclosingFolder
        try AtomicFile.makeFolder(parent)
        let temporary = sibling(in: parent)
        guard mkdir(temporary, 0o777) == 0 else { throw AtomicFile.failure(path) }
        rmdir(temporary)
    }

    /// The folder itself where the path is a link to it, without a slash at its end.
    private static func resolved(_ path: String) -> String {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path.followingLinks
    }

    private static func sibling(in parent: String) -> String {
        let name = ".\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max)).tmp"
        return parent.isEmpty ? name : "\(parent)/\(name)"
    }

    private static func check(_ path: String, _ isReplaceable: (String) -> Bool) throws(TensorFileError) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .system(path: path, "is a file, not a folder; name another place") }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw .system(path: path, "cannot be read, so it is not replaced; name another folder")
        }
        if let stranger = names.sorted().first(where: { !isReplaceable($0) }) {
            throw .system(path: path, "holds '\(stranger)', which would be lost; name a new folder or move that away")
        }
    }

    private static func exchange(_ new: String, _ path: String, in parent: String) throws(TensorFileError) {
        // A folder takes the place of none, or of an empty one.
        if rename(new, path) == 0 { return }
        guard errno == ENOTEMPTY || errno == EEXIST else { throw AtomicFile.failure(path) }
        let old = sibling(in: parent)
        guard rename(path, old) == 0 else { throw AtomicFile.failure(path) }
        guard rename(new, path) == 0 else {
            let code = errno
            _ = rename(old, path)
            throw AtomicFile.failure(path, code)
        }
        try? FileManager.default.removeItem(atPath: old)
    }
}
