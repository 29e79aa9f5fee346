import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite struct GGUFWriterTests {
    /// Metadata of every type and tensors as they lie make the very file of llama.cpp's package.
    @Test func writesTheBytesThatItRead() throws {
        let file = try GGUFFile.read(ggufFixture("types.gguf"))
        let path = try Paths.temporaryFolder() + "/new/a.gguf"
        try GGUFFile.write(metadata: file.metadata, tensors: file.tensors, to: path)
        #expect(try [UInt8](Foundation.Data(contentsOf: URL(fileURLWithPath: path))) == ggufFixtureBytes("types.gguf"))
    }

    @Test func quantizesAsTheReferenceDoes() throws {
        let values = try ggufFixtureFloats("q8_0.input")
        let written = try Self.written(Tensor(values, shape: [4, values.count / 4]), as: .q8_0)
        #expect([UInt8](written.contiguousBytes) == (try ggufFixtureBytes("q8_0.expected")))
    }

    /// Values that come in more than one part, from each precision to each type.
    @Test(arguments: Precision.allCases, [ElementType.float32, .float16, .bfloat16, .q8_0])
    func convertsInParts(_ precision: Precision, _ type: ElementType) throws {
        let shape = [1 << 10, (1 << 10) + 96]
        var random = SplitMix(state: 3)
        let small = (0..<shape[1] * 8).map { _ in Float.random(in: -3...3, using: &random) }
        let values = (0..<shape[0] / 8).flatMap { _ in small }
        let tensor = Tensor(values, shape: shape, precision: precision)
        let written = try Self.written(tensor, as: type)
        #expect(written.shape == shape && written.elementType == type)
        let rounded = small.map(precision.rounded)
        let few =
            type == .q8_0
            ? try Self.written(Tensor(rounded, shape: [8, shape[1]]), as: type).contiguousBytes
            : StoredTensor(shape: [8, shape[1]], floats: rounded, as: type).contiguousBytes
        let bytes = written.contiguousBytes
        #expect(bytes.count == few.count * shape[0] / 8)
        for start in stride(from: 0, to: bytes.count, by: few.count) {
            let place = bytes.startIndex + start
            guard bytes[place..<place + few.count] == few else {
                Issue.record("byte \(start) and on of \(bytes.count)")
                break
            }
        }
    }

    /// No integer stands for NaN, so the whole block says that something is wrong.
    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNoNumberPoisonsItsBlock(_ value: Float) throws {
        var values = [Float](repeating: 1, count: 96)
        values[40] = value
        let written = try Self.written(Tensor(values, shape: [1, 96]), as: .q8_0).floats()
        #expect(written[32..<64].allSatisfy { $0.isNaN })
        #expect((written[..<32] + written[64...]).allSatisfy { abs($0 - 1) < 1e-3 })
    }

    @Test func typesByShape() {
        #expect(GGUFWriter.elementType(for: [64], weights: .q8_0) == .float32)
        #expect(GGUFWriter.elementType(for: [64], weights: .float16) == .float32)
        #expect(GGUFWriter.elementType(for: [3, 64], weights: .q8_0) == .q8_0)
        #expect(GGUFWriter.elementType(for: [64, 48], weights: .q8_0) == .float16)
        #expect(GGUFWriter.elementType(for: [64, 48], weights: .bfloat16) == .bfloat16)
    }

    @Test func tensorsBeginAtTheAlignment() throws {
        var writer = GGUFWriter(metadata: ["general.alignment": .uint32(128)])
        for i in 1...3 { writer.add("t\(i)", Tensor(repeating: Float(i), shape: [i]), as: .float32) }
        let path = try Paths.temporaryFolder() + "/a.gguf"
        try writer.write(to: path)
        let file = try GGUFFile.read(path)
        #expect(file.alignment == 128)
        for i in 1...3 {
            let tensor = try #require(file.tensors["t\(i)"])
            #expect(tensor.storage.bytes.startIndex % 128 == 0)
            #expect(try tensor.floats() == [Float](repeating: Float(i), count: i))
        }
    }

    /// Values are asked for one tensor after the other, and never twice.
    @Test func valuesAreMadeWhenTheyAreWritten() throws {
        final class Count { var made: [Int] = [] }
        let count = Count()
        var writer = GGUFWriter()
        for i in 0..<3 {
            writer.add("t\(i)", shape: [2, 2], as: .float16) { () throws(TensorFileError) in
                count.made.append(i)
                return Tensor(repeating: Float(i), shape: [2, 2])
            }
        }
        #expect(count.made.isEmpty)
        try writer.write(to: Paths.temporaryFolder() + "/a.gguf")
        #expect(count.made == [0, 1, 2])
    }

    @Test func aFailureLeavesTheOldFile() throws {
        let folder = try Paths.temporaryFolder()
        try AtomicFile.write(Foundation.Data("old".utf8), to: folder + "/a.gguf")
        var writer = GGUFWriter()
        writer.add("first", Tensor(repeating: 1, shape: [1000]), as: .float32)
        writer.add("second", shape: [1], as: .float32) { () throws(TensorFileError) in throw .unsupported("no values") }
        #expect(throws: TensorFileError.unsupported("no values")) { try writer.write(to: folder + "/a.gguf") }
        #expect(FileManager.default.contents(atPath: folder + "/a.gguf") == Foundation.Data("old".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.gguf"])
    }

    @Test func whatGGUFHasNoPlaceFor() throws {
        let one = StoredTensor(shape: [1], floats: [1])
        func refusal(_ name: String, _ tensor: StoredTensor, _ metadata: GGUFMetadata = [:], twice: Bool = false) -> String {
            var writer = GGUFWriter(metadata: metadata)
            writer.add(name, tensor)
            if twice { writer.add(name, tensor) }
            let error = #expect(throws: TensorFileError.self) { try writer.write(to: Paths.temporaryFolder() + "/a.gguf") }
            return error.map(String.init(describing:)) ?? ""
        }
        #expect(refusal("a", StoredTensor(shape: [1], integers: [1], as: .bool)).contains("bool"))
        #expect(refusal("a", StoredTensor(shape: [1, 1, 1, 1, 1], floats: [1])).contains("dimensions"))
        #expect(refusal("a", StoredTensor(shape: [0], floats: [])).contains("empty"))
        #expect(refusal(String(repeating: "n", count: 64), one).contains("64"))
        #expect(refusal("a", one, twice: true).contains("two tensors"))
        #expect(refusal("a", one, ["general.alignment": .uint32(24)]).contains("power of two"))
    }

    /// A tensor, written and read again.
    static func written(_ tensor: Tensor, as type: ElementType) throws -> StoredTensor {
        var writer = GGUFWriter()
        writer.add("t", tensor, as: type)
        let path = try Paths.temporaryFolder() + "/a.gguf"
        try writer.write(to: path)
        return try #require(try GGUFFile.read(path).tensors["t"])
    }
}
