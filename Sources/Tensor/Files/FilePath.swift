import Foundation

extension String {
    /// The folder in which what this path names lies: `a/b` of `a/b/c` and of `a/b/c/`, empty for a bare name, `/` for
    /// what lies at the root and for the root itself. NSString's own traps on a path of one character.
    package var enclosingFolder: String {
        let isSlash = { (byte: UInt8) in byte == UInt8(ascii: "/") }
        let bytes = Array(utf8)
        guard let last = bytes.lastIndex(where: { !isSlash($0) }) else { return isEmpty ? "" : "/" }
        guard let slash = bytes[...last].lastIndex(where: isSlash) else { return "" }
        guard let end = bytes[..<slash].lastIndex(where: { !isSlash($0) }) else { return "/" }
        return String(decoding: bytes[...end], as: UTF8.self)
    }

    /// The ``enclosingFolder`` by a path that leads there: `.` for a bare name.
    package var openableFolder: String { enclosingFolder.isEmpty ? "." : enclosingFolder }

    /// What is called so in the ``enclosingFolder``.
    package func sibling(_ name: String) -> String {
        switch enclosingFolder {
        case "": name
        case "/": "/" + name
        case let folder: "\(folder)/\(name)"
        }
    }

    /// The same path without a slash at its end.
    package var withoutLastSlash: String { count > 1 && hasSuffix("/") ? String(dropLast()) : self }

    /// The names in the folder of this path, in their order; empty where it cannot be read.
    package var namesInFolder: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: self)) ?? []).sorted() }

    /// What a symbolic link of this path leads to in the end, be it there or not; the path itself where it is no link. The
    /// links of /proc and /dev/fd are names that the system made up: they stay.
    package var followingLinks: String {
        var path = self
        // So many links the system follows.
        for _ in 0..<40 {
            guard !path.namesDescriptor, let link = path.link else { return path }
            path = link.utf8.first == UInt8(ascii: "/") ? link : path.sibling(link)
        }
        return path
    }

    /// Whether this may name an open file and no place, as `/dev/stdout` does where its link leads.
    var namesDescriptor: Bool { ["/proc/", "/dev/fd/"].contains { utf8.starts(with: $0.utf8) } }

    /// What stands in a symbolic link.
    private var link: String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(self, &bytes, bytes.count)
        return count > 0 ? String(validating: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    /// The folder that is there of those that this path leads through, the path itself included; `.` where only the
    /// working folder is left.
    package var nearestFolder: String {
        var path = self
        while access(path, F_OK) != 0, errno != ELOOP, path != "/", path != "." { path = path.followingLinks.openableFolder }
        return path
    }
}
