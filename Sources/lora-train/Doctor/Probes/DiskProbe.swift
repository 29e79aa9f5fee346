import Foundation
import Tensor

/// Whether results can be written.
struct DiskProbe: Probe {
    let title = "Disk"
    let folder: String
    /// Whether files can be made in the folder, or the folder itself.
    let isWritable: Bool
    /// Whether it lies in the working folder, and that is no more.
    let isNowhere: Bool
    /// Bytes; `nil` where the system does not say.
    let free: Int?

    /// An adapter of the published sizes with its checkpoints takes some megabytes; merged models take as much as their base.
    private static let little = 1_000_000_000

    init(folder: String, isWritable: Bool, isNowhere: Bool = false, free: Int?) {
        self.folder = folder
        self.isWritable = isWritable
        self.isNowhere = isNowhere
        self.free = free
    }

    /// Looks at a folder, or at what it would be made in.
    init(folder: String) {
        let place = folder.nearestFolder
        let isNowhere = place == "." && !ProcessStart.hasWorkingFolder
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: place, isDirectory: &isFolder)
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place)
        self.init(
            folder: folder, isWritable: exists && !isNowhere && isFolder.boolValue && access(place, W_OK | X_OK) == 0,
            isNowhere: isNowhere, free: (attributes?[.systemFreeSize] as? NSNumber)?.intValue)
    }

    func findings() -> [Finding] {
        if isNowhere {
            return [
                Finding(
                    .broken, "out folder", "\(folder) cannot be written: the working folder has been removed",
                    advice: "change to a folder that is there, or name another with --out_dir")
            ]
        }
        let place =
            isWritable
            ? Finding(.ok, "out folder", "\(folder) can be written")
            : Finding(.broken, "out folder", "\(folder) cannot be written", advice: "name another with --out_dir, or change its owner")
        guard let free else { return [place] }
        return [
            place,
            free < Self.little
                ? Finding(.slow, "free", ProgressLine.size(free), advice: "make room: a run that cannot save ends with an error")
                : Finding(.ok, "free", ProgressLine.size(free)),
        ]
    }
}
