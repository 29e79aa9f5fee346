import Foundation

/// A file that is written line by line, each there as soon as it is appended.
package final class LineOutput {
    private let path: String
    private let file: Int32

    /// Starts a new file; missing folders are made.
    ///
    /// - Parameter lines: what it begins with
    /// - Throws: ``TensorFileError/system(path:_:)``
    package init(path: String, _ lines: [String] = []) throws(TensorFileError) {
        try AtomicFile.write(Foundation.Data(lines.map { $0 + "\n" }.joined().utf8), to: path)
        self.path = path
        file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw AtomicFile.failure(path) }
    }

    /// Appends a line, and the line feed behind it.
    ///
    /// - Throws: ``TensorFileError/system(path:_:)`` with the system's reason, such as a full disk
    package func append(_ line: String) throws(TensorFileError) {
        try AtomicFile.Output(file: file, path: path).write(Foundation.Data((line + "\n").utf8))
    }

    deinit { close(file) }
}
