import Foundation

/// A folder for the files that readers open, in memory where the system has such a place.
struct Scratch {
    let path: String

    /// - Parameter path: of a folder that is made where it is not there
    init(_ path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// Where folders of this kind belong.
    static let root: String = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()

    func folder(_ name: String) throws -> Scratch { try Scratch("\(path)/\(name)") }

    /// Writes a file anew and gives its path. Pages of an old one that somebody still reads stay as they were.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let place = "\(path)/\(name)"
        unlink(place)
        let file = open(place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw FuzzFailure("\(place) cannot be written") }
        defer { close(file) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress.map { $0 + written }, bytes.count - written) }
            guard count > 0 else { throw FuzzFailure("\(place) cannot be written") }
            written += count
        }
        return place
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }
}
