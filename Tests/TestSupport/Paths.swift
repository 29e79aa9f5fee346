import Foundation

/// Where the tests find the package and the published data beside it.
public enum Paths {
    /// The root of the package, found from this file's own place in it.
    public static let package: URL = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder of published data beside the checkout, when it is there.
    public static let shared: URL? = {
        let folder = package.deletingLastPathComponent().appendingPathComponent("shared")
        return FileManager.default.fileExists(atPath: folder.appendingPathComponent("golden").path) ? folder : nil
    }()

    /// A file or folder below `../shared`, when it is there.
    public static func shared(_ path: String) -> String? {
        guard let url = shared?.appendingPathComponent(path),
            FileManager.default.fileExists(atPath: url.path)
        else { return nil }
        return url.path
    }

    /// A committed fixture: `Tests/<suite>/Fixtures/<path>`.
    public static func fixture(_ suite: String, _ path: String) -> String {
        package.appendingPathComponent("Tests/\(suite)/Fixtures/\(path)").path
    }

    /// Where the folders of these tests are; it goes when the process ends.
    private static let scratch: String = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("lora-train-tests-\(UUID().uuidString)").path
        atexit { try? FileManager.default.removeItem(atPath: Paths.scratch) }
        return path
    }()

    /// A new empty folder, removed by the caller or at the end of all tests.
    public static func temporaryFolder() throws -> String {
        let path = scratch + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
