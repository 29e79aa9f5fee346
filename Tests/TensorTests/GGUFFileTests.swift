import Foundation
import TestSupport
import Testing

@testable import Tensor

/// A committed file of `Fixtures/gguf`.
func ggufFixture(_ name: String) -> String { Paths.fixture("TensorTests", "gguf/\(name)") }

func ggufFixtureBytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Foundation.Data(contentsOf: URL(fileURLWithPath: ggufFixture(name))))
}

/// float32 values as a file has them, one behind the other.
func ggufFixtureFloats(_ name: String) throws -> [Float] {
    let bytes = try ggufFixtureBytes(name)
    return bytes.withUnsafeBytes { raw in
        stride(from: 0, to: raw.count, by: 4).map {
            Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0, as: UInt32.self)))
        }
    }
}

/// Files that llama.cpp's `gguf` package wrote, against what that package reads from them.
@Suite struct GGUFFileTests {
    @Test func metadataOfEveryType() throws {
        let file = try GGUFFile.read(ggufFixture("types.gguf"))
        let expected: GGUFMetadata = [
            "general.architecture": .string("llama"), "a.uint8": .uint8(255), "a.int8": .int8(-128),
            "a.uint16": .uint16(65535), "a.int16": .int16(-32768), "a.uint32": .uint32(.max), "a.int32": .int32(.min),
            "a.float32": .float32(0.1), "a.bool": .bool(true), "a.string": .string("字 🙂 e\u{301}\n"),
            "a.uint64": .uint64(.max), "a.int64": .int64(.min), "a.float64": .float64(0.1),
            "a.strings": .array(.string(["", "one", "Ġzwei", "<|im_end|>"])), "a.floats": .array(.float32([0, -1.5, 3.25])),
            "a.integers": .array(.int32([-1, 0, .max])), "a.bools": .array(.bool([true, false])),
            "a.nested": .array(.array([.int32([1, 2]), .int32([3])])), "a.bytes": .array(.uint8([0, 127, 255])),
        ]
        #expect(file.metadata.keys == expected.keys)
        for key in expected.keys { #expect(file.metadata[key] == expected[key], "\(key)") }
        #expect(file.metadata["a.string"]?.string?.unicodeScalars.count == 7)
        #expect(file.alignment == 32)
    }

    @Test func accessorsOfMetadata() {
        let metadata: GGUFMetadata = [
            "small": .uint8(7), "large": .uint64(.max), "float": .float32(0.5), "double": .float64(0.25), "text": .string("a"),
            "truth": .bool(true), "texts": .array(.string(["a", "b"])), "integers": .array(.uint32([1, 2])),
            "too large": .array(.uint64([1, .max])), "floats": .array(.float64([0.5])),
        ]
        #expect(metadata["small"]?.int == 7 && metadata["small"]?.float == 7 && metadata["small"]?.string == nil)
        #expect(metadata["large"]?.int == nil && metadata["large"]?.float == nil)
        #expect(metadata["float"]?.float == 0.5 && metadata["double"]?.float == 0.25 && metadata["float"]?.int == nil)
        #expect(metadata["text"]?.string == "a" && metadata["text"]?.strings == nil && metadata["texts"]?.strings == ["a", "b"])
        #expect(metadata["truth"]?.bool == true && metadata["truth"]?.int == nil)
        #expect(metadata["integers"]?.ints == [1, 2] && metadata["integers"]?.floats == [1, 2] && metadata["integers"]?.strings == nil)
        #expect(metadata["too large"]?.ints == nil && metadata["floats"]?.floats == [0.5] && metadata["floats"]?.ints == nil)
        #expect(metadata["missing"] == nil && metadata.count == 10)
    }

    /// Every type to the last bit: products of scales and integers are exact, and one sum is rounded.
    @Test func valuesOfEveryType() throws {
        let tensors = try GGUFFile.read(ggufFixture("types.gguf")).tensors
        var expected = try ggufFixtureFloats("types.expected")[...]
        let entries = try #require(try JSON(parsing: ggufFixtureBytes("expected.json")).array)
        #expect(tensors.names == entries.compactMap { $0["name"]?.string } && entries.count == 23)
        for entry in entries {
            let name = try #require(entry["name"]?.string)
            let tensor = try #require(tensors[name])
            #expect(tensor.shape == entry["shape"]?.array?.compactMap(\.integer))
            #expect(GGUFElementType.known.first { $0.type == tensor.elementType }?.name == entry["type"]?.string)
            let values = expected.prefix(tensor.count)
            expected = expected.dropFirst(tensor.count)
            #expect(try tensor.floats().map(\.bitPattern) == values.map(\.bitPattern), "\(name)")
            for precision in Precision.allCases {
                let loaded = try Tensor(tensor, precision: precision)
                #expect(loaded.shape == tensor.shape && loaded.precision == precision)
                #expect(loaded.values.map(\.bitPattern) == values.map { precision.rounded($0).bitPattern }, "\(name) as \(precision)")
            }
        }
        #expect(expected.isEmpty)
    }

    /// Several runs of blocks, of which threads take one each.
    @Test(arguments: [ElementType.q8_0, .q5_1, .q2K, .q4K, .q6K, .iq4NL]) func largeTensorsAreDecodedInParts(_ type: ElementType) throws {
        let name = try #require(GGUFElementType.known.first { $0.type == type }?.name)
        let small = try #require(try GGUFFile.read(ggufFixture("types.gguf")).tensors["blk.0.\(name).weight"])
        let copies = 200_000 / small.count
        var bytes = Foundation.Data()
        for _ in 0..<copies { bytes += small.contiguousBytes }
        let shape = [copies * small.shape[0], small.shape[1]]
        let large = try StoredTensor(
            shape: shape, elementType: type, storage: .init(bytes), offset: 0, strides: StoredTensor.contiguousStrides(shape))
        let values = try small.floats()
        let expected = (0..<copies).flatMap { _ in values }
        #expect(try large.floats() == expected)
        #expect(try Tensor(large, precision: .bfloat16).values == expected.map(Precision.bfloat16.rounded))
    }

    /// A damaged scale may be infinite; the values then are too, or no numbers.
    @Test func scalesThatAreNoNumbers() throws {
        let bytes = Foundation.Data([0x00, 0x7C] + (0..<32).map { UInt8($0) })
        let block = try StoredTensor(shape: [32], elementType: .q8_0, storage: .init(bytes), offset: 0, strides: [1])
        let values = try block.floats()
        #expect(values[0].isNaN && values.dropFirst().allSatisfy { $0 == .infinity })
    }

    @Test func blocksHaveWholeRows() throws {
        let storage = StoredTensor.SharedBytes(Foundation.Data(count: 34 * 8))
        for (shape, offset, strides) in [
            ([4, 16], 0, [16, 1]), ([32], 16, [1]), ([2, 32], 0, [1, 2]), ([48], 0, [1]), ([9, 32], 0, [32, 1]),
        ] {
            #expect(throws: TensorFileError.self, "\(shape)") {
                try StoredTensor(shape: shape, elementType: .q8_0, storage: storage, offset: offset, strides: strides)
            }
        }
        let second = try StoredTensor(shape: [2, 32], elementType: .q8_0, storage: storage, offset: 64, strides: [32, 1])
        #expect(second.contiguousBytes.startIndex == 68 && second.contiguousBytes.count == 68)
        #expect(throws: TensorFileError.self) { try second.integers() }
    }

    @Test func anyReaderKnowsAGGUF() throws {
        #expect(try TensorFile.read(ggufFixture("types.gguf")).names == GGUFFile.read(ggufFixture("types.gguf")).tensors.names)
        let error = #expect(throws: TensorFileError.self) { try PyTorchFile.read(ggufFixture("types.gguf")) }
        #expect(error.map { "\($0)".contains("GGUF") } == true)
        for file in ["tied.pth", "types.safetensors", "text.pth", "lfs_pointer.pth"] {
            let error = #expect(throws: TensorFileError.self) { try GGUFFile.read(fixture(file)) }
            #expect(error.map { "\($0)".contains(file) } == true)
        }
    }

    /// Neither PyTorch nor safetensors has types for blocks.
    @Test func blocksStayOutOfOtherFormats() throws {
        let tensors = try GGUFFile.read(ggufFixture("types.gguf")).tensors
        let folder = try Paths.temporaryFolder()
        for isPyTorch in [true, false] {
            let error = #expect(throws: TensorFileError.self) {
                if isPyTorch {
                    try PyTorchFile.write(tensors, to: folder + "/a")
                } else {
                    try SafetensorsFile.write(tensors, to: folder + "/a")
                }
            }
            #expect(error.map { "\($0)".contains("blk.0.Q8_0.weight") } == true)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    /// A vocabulary of a large model is read in no time.
    @Test func largeVocabularies() throws {
        let count = 150_000
        let metadata: GGUFMetadata = [
            "tokenizer.ggml.tokens": .array(.string((0..<count).map { "token \($0)" })),
            "tokenizer.ggml.scores": .array(.float32((0..<count).map(Float.init))),
            "tokenizer.ggml.token_type": .array(.int32([Int32](repeating: 1, count: count))),
        ]
        let path = try Paths.temporaryFolder() + "/a.gguf"
        try GGUFFile.write(metadata: metadata, tensors: StateDictionary(), to: path)
        var read: GGUFMetadata = [:]
        #expect(try threadTime { read = try GGUFFile.read(path).metadata } < 5)
        #expect(read == metadata)
    }
}
