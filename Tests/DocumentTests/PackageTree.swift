import Foundation
import TestSupport

/// The files of the package, without what is built or written by runs.
enum PackageTree {
    /// Every file, by its path from the root.
    static let files: [String] = files(in: "").sorted()

    private static func files(in folder: String) -> [String] {
        let place = Paths.package.appendingPathComponent(folder).path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        return names.flatMap { name -> [String] in
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if name.hasPrefix(".") || path == "out" || name == "__pycache__" { return [] }
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: Paths.package.appendingPathComponent(path).path, isDirectory: &isFolder)
            return isFolder.boolValue ? files(in: path) : [path]
        }
    }

    /// Every file and every folder that has one.
    private static let entries: Set<String> = Set(
        files.flatMap { file in
            let parts = file.split(separator: "/")
            return (1...parts.count).map { parts.prefix($0).joined(separator: "/") }
        })

    /// Everything that a path may mean, as it ends: `Core/Tensor.swift` for `Sources/Tensor/Core/Tensor.swift`.
    private static let endings: Set<String> = Set(
        entries.flatMap { entry in
            let parts = entry.split(separator: "/")
            return parts.indices.map { parts[$0...].joined(separator: "/") }
        })

    /// Whether there is such a file or folder below the root, or it is hidden there, such as `.swift-format`.
    static func has(_ path: String) -> Bool {
        let path = path.hasSuffix("/") ? String(path.dropLast()) : path
        return entries.contains(path)
            || path.hasPrefix(".") && FileManager.default.fileExists(atPath: Paths.package.appendingPathComponent(path).path)
    }

    /// Whether a file or folder anywhere has a path that ends so.
    static func hasEnding(_ path: String) -> Bool { endings.contains(path.hasSuffix("/") ? String(path.dropLast()) : path) }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: Paths.package.appendingPathComponent(path), encoding: .utf8)
    }
}
