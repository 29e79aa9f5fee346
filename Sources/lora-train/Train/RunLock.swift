import Foundation
import Tensor

/// Keeps a second run from writing where one writes: a file beside the results that is locked for as long as the run lasts.
/// The system unlocks it when the process ends, however it ends.
final class RunLock {
    private let path: String
    private let file: Int32
    private static let advice = "see to it that no other run has this name"

    private init(path: String, file: Int32) {
        (self.path, self.file) = (path, file)
        var host = [CChar](repeating: 0, count: 256)
        _ = gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let words = "process \(getpid()) on \(name)"
        _ = ftruncate(file, 0)
        _ = words.withCString { pwrite(file, $0, strlen($0), 0) }
    }

    /// Takes the lock of the run whose results begin with `stem`, in a folder that is there.
    ///
    /// - Parameter onFailure: told where the file system has no locks; the run goes on without one
    /// - Throws: ``CommandError`` where another run holds it
    static func take(stem: String, onFailure: (_ problem: String) -> Void) throws(CommandError) -> RunLock? {
        let path = stem.sibling(".\((stem as NSString).lastPathComponent).lock")
        // Each round but the last is one in which another run ended.
        for _ in 0..<100 {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            if file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0 {
                if isStill(file, at: path) { return RunLock(path: path, file: file) }
                close(file)
                continue
            }
            let code = errno
            defer { if file >= 0 { close(file) } }
            if file >= 0, code == EWOULDBLOCK {
                throw .failure(
                    "\(stem) is in use by a running run\(holder(file)); wait for its end, or name another place "
                        + "with --lora_name or --out_dir")
            }
            guard code == EINTR else {
                if file >= 0 { unlink(path) }
                onFailure("\(path) cannot be locked (\(String(cString: strerror(code)))): \(advice)")
                return nil
            }
        }
        onFailure("\(path) is another file whenever it is locked: \(advice)")
        return nil
    }

    /// Whether the path leads to this file. The run before may have removed it between the opening and the lock; whoever
    /// comes next then makes another.
    private static func isStill(_ file: Int32, at path: String) -> Bool {
        var (own, there) = (stat(), stat())
        return fstat(file, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino && own.st_dev == there.st_dev
    }

    deinit {
        unlink(path)
        close(file)
    }

    /// Who holds the lock, by what stands in the file.
    private static func holder(_ file: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = pread(file, &bytes, bytes.count, 0)
        return count > 0 ? " (\(String(decoding: bytes[..<count], as: UTF8.self)))" : ""
    }
}
