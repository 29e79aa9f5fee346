import TestSupport
import Testing

@testable import Tensor

/// What we write, read by PyTorch and safetensors themselves.
@Suite(.enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct FilesPeerTests {
    @Test(arguments: ["sample", "empty", "types.pth", "views.pth", "tied.pth"])
    func torchReads(_ source: String) throws {
        let dictionary = try Self.dictionary(source)
        let path = try Paths.temporaryFolder() + "/written.pth"
        try PyTorchFile.write(dictionary, to: path)
        let report = try Peers.run(["torch-load", path, "--values"])
        try FilesExpectation(try #require(report["tensors"])).check(dictionary)
        let shared = report["shared"]?.array?.map { $0.array?.compactMap(\.string) }
        switch source {
        case "sample": #expect(shared == [["float32.weight", "tied"]])
        case "tied.pth": #expect(shared == [["embedding", "output"]])
        default: #expect(shared == [])
        }
    }

    @Test(arguments: ["sample", "empty", "types.pth", "views.pth"])
    func safetensorsReads(_ source: String) throws {
        var dictionary = try Self.dictionary(source)
        dictionary.metadata = ["format": "pt", "note": "\"注\"\n"]
        let path = try Paths.temporaryFolder() + "/written.safetensors"
        try SafetensorsFile.write(dictionary, to: path)
        let report = try Peers.run(["safetensors-load", path, "--values"])
        try FilesExpectation(try #require(report["tensors"])).check(dictionary, ordered: false)
        #expect(report["metadata"] == ["format": "pt", "note": "\"注\"\n"])
    }

    private static func dictionary(_ source: String) throws -> StateDictionary {
        switch source {
        case "sample": FilesPyTorchTests.sample()
        case "empty": StateDictionary()
        default: try PyTorchFile.read(fixture(source))
        }
    }
}
