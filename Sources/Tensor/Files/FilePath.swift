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
}
