import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite struct FilesAtomicTests {
    private func contents(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func makesFoldersAndReplaces() throws {
        let folder = try Paths.temporaryFolder()
        let path = folder + "/a/b/文件.txt"
        try AtomicFile.write(Foundation.Data("one".utf8), to: path)
        #expect(contents(path) == "one")
        try AtomicFile.write(Foundation.Data("two".utf8), to: path)
        #expect(contents(path) == "two")
        try AtomicFile.write(Foundation.Data(), to: path)
        #expect(contents(path) == "")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/a/b") == ["文件.txt"])
    }

    @Test func aFolderInTheWayStays() throws {
        let folder = try Paths.temporaryFolder()
        let path = folder + "/taken"
        try FileManager.default.createDirectory(atPath: path + "/inside", withIntermediateDirectories: true)
        try expectFailure(path, reason: "directory")
        #expect(FileManager.default.fileExists(atPath: path + "/inside"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken"])
    }

    @Test func aFileWhereAFolderShouldBe() throws {
        let folder = try Paths.temporaryFolder()
        try AtomicFile.write(Foundation.Data("old".utf8), to: folder + "/file")
        try expectFailure(folder + "/file/below.pth", reason: "Not a directory")
        #expect(contents(folder + "/file") == "old")
    }

    @Test func longNamesOfWholeLength() throws {
        let path = try Paths.temporaryFolder() + "/" + String(repeating: "层", count: 83) + ".pth"
        try AtomicFile.write(Foundation.Data("x".utf8), to: path)
        #expect(contents(path) == "x")
    }

    @Test func permissionsOfAnOldFileStay() throws {
        let path = try Paths.temporaryFolder() + "/private"
        try AtomicFile.write(Foundation.Data("one".utf8), to: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try AtomicFile.write(Foundation.Data("two".utf8), to: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
    }

    /// A device is written to; a rename would put a file in its place.
    @Test func devicesStayDevices() throws {
        // A pipe stands for the device, so that a failure here leaves the system whole.
        let path = try Paths.temporaryFolder() + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try AtomicFile.write(Foundation.Data("through".utf8), to: path)
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &buffer, 16) == 7)
        let type = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
        #expect(type != .typeRegular)
    }

    #if os(Linux)
        /// A system folder in which nobody can make a file, root neither.
        @Test func aFolderThatTakesNoFiles() throws {
            try expectFailure("/proc/weights.pth", reason: "")
            try expectFailure("/proc/new/weights.pth", reason: "")
        }
    #endif

    @Test func whetherAFileCanBeWrittenLeavesNone() throws {
        let folder = try Paths.temporaryFolder()
        try AtomicFile.checkWritable(folder + "/new/weights.pth")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/new") == [])
        try AtomicFile.write(Foundation.Data("old".utf8), to: folder + "/new/weights.pth")
        try AtomicFile.checkWritable(folder + "/new/weights.pth")
        #expect(contents(folder + "/new/weights.pth") == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/new") == ["weights.pth"])
        for (path, reason) in [(folder + "/new", "directory"), (folder + "/new/weights.pth/below.pth", "Not a directory")] {
            let error = #expect(throws: TensorFileError.self) { try AtomicFile.checkWritable(path) }
            #expect(error.map { "\($0)" }?.contains(reason) == true)
        }
    }

    /// What cannot be mapped is read to its end.
    @Test func aPipeIsReadWhole() throws {
        let path = try Paths.temporaryFolder() + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        let text = Foundation.Data(repeating: 7, count: 200_000)
        let writer = Thread { try? AtomicFile.write(text, to: path) }
        writer.start()
        #expect(try TensorFile.bytes(of: path) == text)
        #expect(throws: TensorFileError.self) { try TensorFile.bytes(of: "/dev/zero") }
    }

    private func expectFailure(_ path: String, reason: String) throws {
        let error = #expect(throws: TensorFileError.self) { try AtomicFile.write(Foundation.Data("new".utf8), to: path) }
        let message = error.map(String.init(describing:)) ?? ""
        #expect(message.hasPrefix(path) || message.hasPrefix((path as NSString).deletingLastPathComponent))
        #expect(message.contains(reason) || reason.isEmpty, "\(message)")
    }
}

@Suite("Folders of paths")
struct FilePathTests {
    @Test(arguments: [
        ("a/b/c", "a/b"), ("a/b/c/", "a/b"), ("a//b", "a"), ("a", ""), ("w/", ""), ("", ""), ("/a", "/"), ("/", "/"), ("//", "/"),
        ("./é", "."),
        ("../x", ".."),
    ])
    func enclosingFolder(_ path: String, _ folder: String) { #expect(path.enclosingFolder == folder) }
}
