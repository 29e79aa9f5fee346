import Foundation
import TestSupport
import Testing

@testable import Tensor

/// A symbolic link that names a result stays, and what it leads to is written.
@Suite("Links that name results")
struct FilesLinkTests {
    private func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
    }

    private func isLink(_ path: String) -> Bool { (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil }

    @Test("Files: a link, one over another, and one to what is yet to be made", arguments: [true, false])
    func files(isThere: Bool) throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let target = folder + "/far/away/file"
        if isThere { try AtomicFile.write(Foundation.Data("old".utf8), to: target) }
        try link(folder + "/second", to: "far/away/file")
        try link(folder + "/first", to: folder + "/second")
        try AtomicFile.write(Foundation.Data("new".utf8), to: folder + "/first")
        #expect(isLink(folder + "/first") && isLink(folder + "/second") && !isLink(target))
        #expect(FileManager.default.contents(atPath: target) == Foundation.Data("new".utf8))
        let output = try LineOutput(path: folder + "/first", ["one"])
        try output.append("two")
        #expect(FileManager.default.contents(atPath: target) == Foundation.Data("one\ntwo\n".utf8) && isLink(folder + "/first"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/far/away") == ["file"])
    }

    @Test("Folders, also those that results are made in")
    func folders() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try link(folder + "/out", to: "disk/out")
        try AtomicFile.write(Foundation.Data("x".utf8), to: folder + "/out/lora/file")
        #expect(isLink(folder + "/out") && FileManager.default.fileExists(atPath: folder + "/disk/out/lora/file"))
        try link(folder + "/model", to: "disk/model")
        for _ in 0..<2 {
            try AtomicFolder.write(to: folder + "/model", replacing: { $0 == "part" }) { (place) throws(TensorFileError) in
                try AtomicFile.write(Foundation.Data("x".utf8), to: place + "/part")
            }
            #expect(isLink(folder + "/model") && FileManager.default.fileExists(atPath: folder + "/disk/model/part"))
        }
    }

    @Test("Links in a circle are an error, and end every search")
    func circles() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try link(folder + "/a", to: "b/x")
        try link(folder + "/b", to: "a/x")
        try link(folder + "/self", to: "self")
        for path in ["a", "a/file", "self", "self/file"].map({ "\(folder)/\($0)" }) {
            let error = #expect(throws: TensorFileError.self) { try AtomicFile.write(Foundation.Data(), to: path) }
            #expect(error.map { "\($0)" }?.contains("symbolic links") == true)
            _ = path.nearestFolder
        }
        #expect(isLink(folder + "/self"))
    }

    @Test(
        "The nearest folder",
        arguments: [("no/such/folder", "."), ("x", "."), ("", "."), ("/no-such-folder/x", "/"), (".", "."), ("/", "/")])
    func nearest(_ path: String, _ folder: String) throws { #expect(path.nearestFolder == folder) }

    @Test("The nearest folder of a link is that of its target")
    func nearestOfLink() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/disk", withIntermediateDirectories: true)
        try link(folder + "/out", to: "disk/out")
        #expect((folder + "/out/lora").nearestFolder == folder + "/disk")
    }
}
