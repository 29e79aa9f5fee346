import Foundation

/// Files of tensors of every format that is read here.
public enum TensorFile {
    /// Reads a `.pth`, safetensors or GGUF file, whichever its content is, whatever its name.
    ///
    /// - Throws: ``TensorFileError/inFile(path:_:)``
    public static func read(_ path: String) throws(TensorFileError) -> StateDictionary {
        try reading(path) { bytes throws(TensorFileError) in
            if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
                return try PyTorchFile.parse(bytes)
            }
            if bytes.starts(with: GGUFFile.magic) { return try GGUFFile.parse(bytes).tensors }
            if PyTorchOldFile.hasMagic(bytes) { return try PyTorchOldFile.parse(bytes) }
            if let stranger = stranger(bytes) { throw .notATensorFile(stranger) }
            return try SafetensorsFile.parse(bytes)
        }
    }

    /// Whether a file begins as a GGUF does.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``
    public static func isGGUF(_ path: String) throws(TensorFileError) -> Bool {
        try pages(of: path).starts(with: GGUFFile.magic)
    }

    /// Maps the file and puts its path on what `parse` throws.
    static func reading<Result>(
        _ path: String, _ parse: (Foundation.Data) throws(TensorFileError) -> Result
    ) throws(TensorFileError) -> Result {
        let bytes = try pages(of: path)
        do throws(TensorFileError) {
            return try parse(bytes)
        } catch {
            throw .inFile(path: path, error)
        }
    }

    /// The file's bytes as pages of the file itself: nothing is copied before a tensor is decoded.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``
    package static func pages(of path: String) throws(TensorFileError) -> Foundation.Data {
        let (file, size) = try opened(path)
        defer { close(file) }
        if size == 0 { return Foundation.Data() }
        guard let pages = MappedPages.map(file, size: size) else { throw unreadable(path) }
        return pages
    }

    /// The file's bytes, or all that comes from a pipe, as from `/dev/stdin` or a process substitution of the shell.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``
    package static func bytes(of path: String) throws(TensorFileError) -> Foundation.Data {
        // Standard input may be a socket, which cannot be opened by a name.
        let isInput = path == "/dev/stdin"
        var status = stat()
        guard (isInput ? fstat(STDIN_FILENO, &status) : stat(path, &status)) == 0, status.st_mode & S_IFMT != S_IFREG else {
            return try pages(of: path)
        }
        let file = isInput ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable(path) }
        defer { close(file) }
        // Of other devices, such as /dev/zero, some never end.
        guard [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT) || isatty(file) == 1 else { return try pages(of: path) }
        var bytes = Foundation.Data()
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return bytes }
            bytes += part[..<count]
        }
    }

    /// A file, opened to be read, and how many bytes it has. The caller closes it.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)``
    static func opened(_ path: String) throws(TensorFileError) -> (file: Int32, size: Int) {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw errno == ENOENT ? .system(path: path, "no such file") : unreadable(path) }
        do throws(TensorFileError) {
            var status = stat()
            guard fstat(file, &status) == 0 else { throw unreadable(path) }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return (file, Int(status.st_size))
            case S_IFDIR: throw .system(path: path, "is a folder, not a file")
            default: throw .system(path: path, "is a device or a pipe, not a file")
            }
        } catch {
            close(file)
            throw error
        }
    }

    private static func unreadable(_ path: String) -> TensorFileError {
        .system(path: path, "cannot be read (\(String(cString: strerror(errno))))")
    }

    /// What a file that is no tensor file seems to be.
    static func stranger(_ bytes: Foundation.Data) -> String? {
        let start = String(decoding: bytes.prefix(200), as: UTF8.self)
        if bytes.isEmpty { return "the file is empty" }
        if start.hasPrefix("version https://git-lfs") {
            return "this is a Git LFS pointer, not the weights; fetch them with 'git lfs pull'"
        }
        if start.lowercased().hasPrefix("<!doctype") || start.lowercased().hasPrefix("<html") {
            return "this is a web page, not weights; download the file itself"
        }
        if bytes.starts(with: GGUFFile.magic) { return "this is a GGUF file, of llama.cpp" }
        // The length of a safetensors header, which may itself begin like a pickle: 0x0280 bytes.
        let header = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let isTooShort = bytes.count < 9 || header > UInt64(bytes.count)
        if isTooShort, let first = bytes.first, first == 0x80, bytes.count > 1, bytes[bytes.startIndex + 1] <= 5 {
            return "this is a plain Python pickle, not weights; load it in Python and save its tensors with torch.save"
        }
        // A text's first eight bytes are no length that a file could have, so this shadows no safetensors file.
        if bytes.count >= 8, bytes.prefix(200).allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }) {
            return "this is a text file, not weights; download or copy the weights themselves"
        }
        // A header that begins as one does is a file that was cut.
        if isTooShort, bytes.count > 8, bytes[bytes.startIndex + 8] == UInt8(ascii: "{") { return nil }
        if isTooShort { return "this is neither a .pth nor a safetensors nor a GGUF file" }
        return nil
    }
}
