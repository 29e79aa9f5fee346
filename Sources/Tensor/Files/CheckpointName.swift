import Foundation

/// What checkpoints of a run are called, and where their parts are: known to what writes them and to what reads an adapter
/// out of one.
package enum CheckpointName {
    /// The key of the state in a file's metadata.
    package static let stateKey = "lora-train.checkpoint"
    /// What stands before the name of a parameter.
    package static let parameterPrefix = "parameter."
    private static let filePrefix = "checkpoint-"
    private static let fileSuffix = ".safetensors"

    /// The name of the file of so many optimizer steps.
    package static func file(ofSteps steps: Int) -> String { "\(filePrefix)\(steps)\(fileSuffix)" }

    /// The optimizer steps of a checkpoint, by the name or the path of its file; `nil` where it is called otherwise.
    package static func steps(of path: String) -> Int? {
        let name = (path as NSString).lastPathComponent
        guard name.hasPrefix(filePrefix), name.hasSuffix(fileSuffix) else { return nil }
        return Int(name.dropFirst(filePrefix.count).dropLast(fileSuffix.count))
    }

    /// The checkpoints in a folder, the newest first.
    package static func paths(in folder: String) -> [String] {
        folder.namesInFolder.compactMap(steps).sorted(by: >).map { "\(folder)/\(file(ofSteps: $0))" }
    }
}
