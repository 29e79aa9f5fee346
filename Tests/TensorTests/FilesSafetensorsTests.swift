import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite struct FilesSafetensorsTests {
    @Test(arguments: ["types.safetensors", "complex.safetensors"])
    func readsWhatSafetensorsReads(_ file: String) throws {
        let expected = try FilesExpectation.of(file)
        try expected.check(SafetensorsFile.read(fixture(file)), ordered: false)
        try expected.check(TensorFile.read(fixture(file)), ordered: false)
    }

    @Test func keepsMetadata() throws {
        #expect(try SafetensorsFile.read(fixture("types.safetensors")).metadata == ["format": "pt", "说明": "a \"note\"\n"])
    }

    @Test func writesWhatItRead() throws {
        let path = try Paths.temporaryFolder() + "/again.safetensors"
        let dictionary = try SafetensorsFile.read(fixture("types.safetensors"))
        try SafetensorsFile.write(dictionary, to: path)
        let again = try SafetensorsFile.read(path)
        try FilesExpectation.of("types.safetensors").check(again, ordered: false)
        #expect(again.names == dictionary.names)
        #expect(again.metadata == dictionary.metadata)
    }

    /// Byte for byte the file that safetensors 0.8 has read (`FilesPeerTests`).
    @Test func writtenFileIsTheOneThatSafetensorsHasRead() throws {
        let path = try Paths.temporaryFolder() + "/written.safetensors"
        var dictionary = FilesPyTorchTests.sample()
        dictionary.metadata = ["format": "pt", "base": "模型"]
        try SafetensorsFile.write(dictionary, to: path)
        #expect(try [UInt8](Foundation.Data(contentsOf: URL(fileURLWithPath: path))) == fixtureBytes("written.safetensors"))
    }

    /// The first bytes are the header's length, and may be those of a pickle: 0x80 and its protocol.
    @Test(arguments: [0x80, 0x180, 0x280, 0x580, 0x1_0280]) func aHeaderOfAnyLengthIsNoPickle(_ length: Int) throws {
        let json = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        let header = json + String(repeating: " ", count: length - json.utf8.count)
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + [0, 0, 0x80, 0x3F]
        let path = try Paths.temporaryFolder() + "/a.safetensors"
        try Foundation.Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(try TensorFile.read(path)["a"]?.floats() == [1])
        #expect(try SafetensorsFile.read(path)["a"]?.floats() == [1])
    }

    @Test func stridedTensorsAreWrittenContiguous() throws {
        let path = try Paths.temporaryFolder() + "/views.safetensors"
        try SafetensorsFile.write(PyTorchFile.read(fixture("views.pth")), to: path)
        try FilesExpectation.of("views.pth").check(SafetensorsFile.read(path))
    }

    @Test func aTensorCannotTakeTheNameOfTheMetadata() throws {
        var dictionary = StateDictionary()
        dictionary["__metadata__"] = StoredTensor(shape: [1], floats: [1])
        let path = try Paths.temporaryFolder() + "/a.safetensors"
        #expect(throws: TensorFileError.self) { try SafetensorsFile.write(dictionary, to: path) }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// Headers that contradict themselves or the file.
    @Test(arguments: [
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[4611686018427387904,2],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#,
        #"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#,
        #"{"a":[]}"#, #"[]"#, #"{"a""#, "", #"{"__metadata__":{"a":1}}"#,
    ])
    func refusesContradictions(_ header: String) throws {
        try expectRefusal(header, contents: [UInt8](repeating: 0, count: 8))
    }

    /// A size of zero makes any other size harmless for the byte count, not for the strides.
    @Test func hugeShapesOfNothing() throws {
        let header = #"{"a":{"dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0]}}"#
        let dictionary = try? SafetensorsFile.parse(Self.file(header, []))
        #expect(dictionary?["a"]?.count ?? 0 == 0)
        if let dictionary { _ = try? PyTorchFile.write(dictionary, to: Paths.temporaryFolder() + "/a.pth") }
    }

    @Test(arguments: [UInt64.max, UInt64(Int64.max), 1 << 40, 100_000_001, 17, 3])
    func refusesAbsurdHeaderLengths(_ length: UInt64) {
        var bytes = withUnsafeBytes(of: length.littleEndian) { [UInt8]($0) }
        bytes += Array("{}".utf8)
        #expect(throws: TensorFileError.self) { try SafetensorsFile.parse(Foundation.Data(bytes)) }
    }

    private func expectRefusal(_ header: String, contents: [UInt8]) throws {
        #expect(throws: TensorFileError.self, "\(header)") { try SafetensorsFile.parse(Self.file(header, contents)) }
    }

    static func file(_ header: String, _ contents: [UInt8]) -> Foundation.Data {
        var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { [UInt8]($0) }
        bytes += Array(header.utf8) + contents
        return Foundation.Data(bytes)
    }
}
