import Foundation
import Tensor

/// The checkpoints of one run, each a file `checkpoint-STEPS.safetensors` by the optimizer steps that are done.
public struct CheckpointFolder: Sendable {
    /// The folder, which the first checkpoint makes.
    public let path: String
    /// How many are kept, the newest; 0 keeps all.
    public let limit: Int

    /// A folder that need not be there yet.
    public init(path: String, limit: Int = 2) {
        self.path = path
        self.limit = limit
    }

    private static let prefix = "checkpoint-"
    private static let suffix = ".safetensors"

    /// Where the checkpoint of so many optimizer steps lies.
    public func path(ofSteps steps: Int) -> String { "\(path)/\(Self.prefix)\(steps)\(Self.suffix)" }

    /// The files that are there, the newest first.
    public var paths: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap(Self.steps).sorted(by: >).map(path(ofSteps:))
    }

    private static func steps(_ name: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        return Int(name.dropFirst(prefix.count).dropLast(suffix.count))
    }

    /// The newest checkpoint that can be read, and why newer ones cannot.
    public func newest() -> (checkpoint: Checkpoint?, unreadable: [CheckpointError]) {
        var unreadable: [CheckpointError] = []
        for path in paths {
            do {
                return (try Checkpoint(path: path), unreadable)
            } catch {
                unreadable.append(error)
            }
        }
        return (nil, unreadable)
    }

    /// Removes the oldest of those that are more than the limit. One that cannot be removed stays.
    public func prune() {
        guard limit > 0 else { return }
        for path in paths.dropFirst(limit) { unlink(path) }
    }

    /// Removes every checkpoint.
    public func removeAll() {
        for path in paths { unlink(path) }
        rmdir(path)
    }

    /// Puts what is here aside.
    ///
    /// - Parameter replacesOlder: whether in the place of what was put aside before, or in one of its own
    /// - Returns: where it is now; `nil` where there was nothing
    /// - Throws: `TensorFileError` with the system's reason
    public func moveAside(replacesOlder: Bool = true) throws(TensorFileError) -> String? {
        guard !paths.isEmpty else { return nil }
        var place = path + ".old"
        if replacesOlder {
            try? FileManager.default.removeItem(atPath: place)
        } else {
            var number = 2
            while access(place, F_OK) == 0 { (place, number) = ("\(path).old\(number)", number + 1) }
        }
        guard rename(path, place) == 0 else {
            throw .system(path: path, "cannot be moved out of the way (\(String(cString: strerror(errno))))")
        }
        return place
    }
}
