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

    /// Where the checkpoint of so many optimizer steps lies.
    public func path(ofSteps steps: Int) -> String { "\(path)/\(CheckpointName.file(ofSteps: steps))" }

    /// The files that are there, the newest first.
    public var paths: [String] { CheckpointName.paths(in: path) }

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
    ///
    /// - Parameter last: the one that was just written, which stays whatever others are there
    public func prune(keeping last: String) {
        guard limit > 0 else { return }
        for path in paths.filter({ $0 != last }).dropFirst(limit - 1) { unlink(path) }
    }

    /// Removes every checkpoint.
    ///
    /// - Throws: `TensorFileError` with the system's reason
    public func removeAll() throws(TensorFileError) {
        for path in paths where unlink(path) != 0 {
            throw .system(path: path, "cannot be removed (\(String(cString: strerror(errno))))")
        }
        rmdir(path)
    }

    /// Puts aside what a run that goes on from a checkpoint here would meet again: those of more steps, which can be
    /// damaged ones, and would be taken for newer ones than its own.
    ///
    /// - Returns: where they are now; `nil` where there were none
    /// - Throws: `TensorFileError` with the system's reason
    public func moveAside(beyond checkpoint: Checkpoint) throws(TensorFileError) -> String? {
        guard let steps = CheckpointName.steps(of: checkpoint.path) else { return nil }
        let beyond = paths.filter { CheckpointName.steps(of: $0) ?? 0 > steps }
        guard !beyond.isEmpty else { return nil }
        let place = freePlace
        try AtomicFile.makeFolder(place)
        for path in beyond {
            try Self.move(path, to: "\(place)/\((path as NSString).lastPathComponent)")
        }
        return place
    }

    /// Puts what is here aside.
    ///
    /// - Parameter replacesOlder: whether in the place of what was put aside before, or in one of its own
    /// - Returns: where it is now; `nil` where there was nothing
    /// - Throws: `TensorFileError` with the system's reason
    public func moveAside(replacesOlder: Bool = true) throws(TensorFileError) -> String? {
        guard !paths.isEmpty else { return nil }
        let place = replacesOlder ? folder + ".old" : freePlace
        if replacesOlder { try? FileManager.default.removeItem(atPath: place) }
        try Self.move(folder, to: place)
        return place
    }

    /// The folder itself where the path is a link to it, which stays.
    private var folder: String { path.followingLinks }

    /// A folder that is not there yet, beside this one.
    private var freePlace: String {
        var (place, number) = (folder + ".old", 2)
        while access(place, F_OK) == 0 { (place, number) = ("\(folder).old\(number)", number + 1) }
        return place
    }

    private static func move(_ path: String, to place: String) throws(TensorFileError) {
        guard rename(path, place) == 0 else {
            throw .system(path: path, "cannot be moved out of the way (\(String(cString: strerror(errno))))")
        }
    }
}
