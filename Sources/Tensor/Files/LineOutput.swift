import Foundation

/// A file that is written line by line, each there as soon as it is appended.
public final class LineOutput {
    private let path: String
    private let file: Int32

    /// Starts a new file; missing folders are made.
    ///
    /// - Parameter lines: what it begins with
    /// - Throws: ``TensorFileError/system(path:_:)``
    public init(path: String, _ lines: [String] = []) throws(TensorFileError) {
        try AtomicFile.write(Foundation.Data(lines.map { $0 + "\n" }.joined().utf8), to: path)
        self.path = path
        file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw AtomicFile.failure(path) }
    }

    /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason, such as a full disk
    public func append(_ line: String) throws(TensorFileError) {
        try AtomicFile.Output(file: file, path: path).write(Foundation.Data((line + "\n").utf8))
    }

    deinit { close(file) }
}
