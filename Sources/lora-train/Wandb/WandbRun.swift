import Foundation
import Tensor

/// A run as Weights & Biases knows it.
struct WandbRun {
    let id: String
    /// online, offline or disabled.
    let mode: String
    /// Where it is looked at; `nil` for one that is not online.
    let url: String?
    /// Where its records lie.
    let folder: String

    init?(_ json: JSON) {
        guard let id = json["id"]?.string, let mode = json["mode"]?.string, let folder = json["folder"]?.string else { return nil }
        (self.id, self.mode, url, self.folder) = (id, mode, json["url"]?.string, folder)
    }

    /// That of an earlier run, if it was of the same project.
    init?(path: String, project: String) {
        guard let contents = FileManager.default.contents(atPath: path), let json = try? JSON(parsing: Array(contents)),
            json["project"]?.string == project
        else { return nil }
        self.init(json)
    }

    /// Keeps it for a run that goes on from this one.
    ///
    /// - Throws: `TensorFileError`
    func write(to path: String, project: String) throws(TensorFileError) {
        let json: JSON = [
            "project": .string(project), "id": .string(id), "mode": .string(mode), "url": url.map(JSON.string) ?? .null,
            "folder": .string(folder),
        ]
        try AtomicFile.write(Foundation.Data((json.serialized + "\n").utf8), to: path)
    }
}
