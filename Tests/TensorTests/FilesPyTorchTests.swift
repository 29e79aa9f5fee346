import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite struct FilesPyTorchTests {
    @Test(arguments: [
        "types.pth", "protocol3.pth", "protocol4.pth", "protocol5.pth", "complex.pth", "views.pth", "tied.pth", "module.pth",
        "parameters.pth", "nested_model.pth", "nested_state_dict.pth", "nested_model_state_dict.pth", "mixed.pth",
        "nothing.pth", "deflated.pth", "zip64.pth", "streamed.pth", "legacy.pth", "legacy_types.pth", "legacy_views.pth",
        "legacy_nested.pth",
    ])
    func readsWhatTorchReads(_ file: String) throws {
        let expected = try FilesExpectation.of(file)
        try expected.check(PyTorchFile.read(fixture(file)))
        try expected.check(TensorFile.read(fixture(file)))
    }

    @Test func readsWholeIntegersOf64Bits() throws {
        let dictionary = try PyTorchFile.read(fixture("types.pth"))
        #expect(try dictionary["large"]?.integers() == [.min, 1 << 53 + 1, .max])
        #expect(try dictionary["bool"]?.integers() == [1, 0, 1])
        #expect(throws: TensorFileError.self) { try dictionary["float32"]?.integers() }
    }

    @Test func sharedStorageStaysShared() throws {
        let dictionary = try PyTorchFile.read(fixture("tied.pth"))
        #expect(dictionary["embedding"]?.storage === dictionary["output"]?.storage)
        #expect(dictionary["embedding"]?.storage !== dictionary["other"]?.storage)
        let old = try PyTorchFile.read(fixture("legacy_views.pth"))
        #expect(old["whole"]?.storage === old["tied"]?.storage)
    }

    @Test(arguments: ["types.pth", "views.pth", "tied.pth", "complex.pth", "nothing.pth", "module.pth"])
    func writesWhatItRead(_ file: String) throws {
        let path = try Paths.temporaryFolder() + "/again.pth"
        let dictionary = try PyTorchFile.read(fixture(file))
        try PyTorchFile.write(dictionary, to: path)
        let again = try PyTorchFile.read(path)
        try FilesExpectation.of(file).check(again)
        for name in dictionary.names {
            #expect(again[name]?.contiguousBytes == dictionary[name]?.contiguousBytes, "\(name)")
        }
        if file == "tied.pth" { #expect(again["embedding"]?.storage === again["output"]?.storage) }
    }

    /// The file that the writer makes, byte for byte; PyTorch 2.13 has read it
    /// (`FilesPeerTests`), with these values, mapped and not.
    @Test func writtenFileIsTheOneThatTorchHasRead() throws {
        let path = try Paths.temporaryFolder() + "/written.pth"
        try PyTorchFile.write(Self.sample(), to: path)
        #expect(try [UInt8](Foundation.Data(contentsOf: URL(fileURLWithPath: path))) == fixtureBytes("written.pth"))
    }

    @Test func contentsLieAtMultiplesOf64() throws {
        let bytes = try fixtureBytes("written.pth")
        for name in ["archive/data/0", "archive/data/1", "archive/data.pkl", "archive/version", "archive/byteorder"] {
            let local = try #require(bytes.indices.first { bytes[$0...].starts(with: Array(name.utf8)) })
            let header = local - 30
            #expect(bytes[header...].starts(with: [0x50, 0x4B, 3, 4]))
            let extra = Int(bytes[header + 28]) | Int(bytes[header + 29]) << 8
            #expect((local + name.utf8.count + extra) % 64 == 0, "\(name)")
        }
    }

    /// Reading and writing must agree on every golden case that is there.
    @Test(.enabled(if: Paths.shared != nil), arguments: ["v2-classic-dense", "v2-classic-moe", "v2-dense", "v3-moe"])
    func goldenModels(_ folder: String) throws {
        for file in ["base.pth", "base_half.pth", "lora_init.pth", "lora_trained.pth"] {
            let path = try #require(Paths.shared("golden/\(folder)/\(file)"))
            let dictionary = try TensorFile.read(path)
            #expect(dictionary.count > 0)
            let again = try Paths.temporaryFolder() + "/" + file
            try PyTorchFile.write(dictionary, to: again)
            let reread = try TensorFile.read(again)
            #expect(reread.names == dictionary.names)
            for name in dictionary.names {
                #expect(try reread[name]?.floats() == dictionary[name]?.floats(), "\(file) \(name)")
                #expect(reread[name]?.elementType == dictionary[name]?.elementType)
            }
        }
    }

    /// Every kind of thing that a state dict of ours can hold.
    static func sample() -> StateDictionary {
        var dictionary = StateDictionary()
        let values: [Float] = [1, -2, 0.1, 3.5, 65504, 1e-7]
        for type in [ElementType.float64, .float32, .float16, .bfloat16] {
            dictionary["\(type.rawValue).weight"] = StoredTensor(shape: [2, 3], floats: values, as: type)
        }
        dictionary["tied"] = dictionary["float32.weight"]
        dictionary["steps"] = StoredTensor(shape: [2], integers: [-1, 1 << 40])
        dictionary["scalar"] = StoredTensor(shape: [], floats: [3.25])
        dictionary["empty"] = StoredTensor(shape: [0, 4], floats: [])
        dictionary["层.权重 🙂"] = StoredTensor(shape: [1], floats: [7])
        return dictionary
    }
}

@Suite struct StateDictionaryTests {
    @Test func keepsOrderAndRemoves() throws {
        var dictionary = StateDictionary()
        for i in 0..<20 { dictionary["t\(i)"] = StoredTensor(shape: [1], floats: [Float(i)]) }
        dictionary["t3"] = nil
        dictionary["t5"] = StoredTensor(shape: [1], floats: [50])
        dictionary["absent"] = nil
        #expect(dictionary.names == (0..<20).filter { $0 != 3 }.map { "t\($0)" })
        #expect(dictionary.count == 19)
        #expect(try dictionary["t5"]?.floats() == [50])
        #expect(dictionary["t3"] == nil)
    }
}
