import Foundation
import Tensor

/// Whether results can be written.
struct DiskProbe: Probe {
    let title = "Disk"
    let folder: String
    /// Whether files can be made in the folder, or the folder itself.
    let isWritable: Bool
    /// Bytes; `nil` where the system does not say.
    let free: Int?

    /// An adapter of the published sizes with its checkpoints takes some megabytes; merged models take as much as their base.
    private static let little = 1_000_000_000

    init(folder: String, isWritable: Bool, free: Int?) {
        self.folder = folder
        self.isWritable = isWritable
        self.free = free
    }

    /// Looks at a folder, or at what it would be made in.
    init(folder: String) {
        var place = URL(fileURLWithPath: folder).standardizedFileURL.path
        while !FileManager.default.fileExists(atPath: place), place != "/" { place = place.enclosingFolder }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: place, isDirectory: &isFolder)
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place)
        self.init(
            folder: folder, isWritable: exists && isFolder.boolValue && access(place, W_OK | X_OK) == 0,
            free: (attributes?[.systemFreeSize] as? NSNumber)?.intValue)
    }

    func findings() -> [Finding] {
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
