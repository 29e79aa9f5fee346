import Foundation
import TestSupport
import Testing

@testable import Tensor

/// What the writers of whole models stand on.
@Suite struct WholeModelFilesTests {
    @Test func safetensorsOfTensorsAndOfOtherFiles() throws {
        let path = try Paths.temporaryFolder() + "/a.safetensors"
        var writer = SafetensorsWriter(metadata: ["format": "pt"])
        let values: [Float] = (0..<12).map { Float($0) * 0.3 - 1 }
        var calls = 0
        writer.add("a", shape: [3, 4], as: .bfloat16) { () throws(TensorFileError) in
            calls += 1
            return Tensor(values, shape: [3, 4])
        }
        writer.add("b", StoredTensor(shape: [2], integers: [5, -6], as: .int32))
        #expect(writer.byteCount == 32 && writer.names == ["a", "b"] && calls == 0)
        try writer.write(to: path)
        let read = try SafetensorsFile.read(path)
        #expect(calls == 1 && read.names == ["a", "b"] && read.metadata == ["format": "pt"])
        #expect(try read["a"]?.floats() == values.map { BFloat16.float(BFloat16.bits($0)) })
        #expect(try read["b"]?.integers() == [5, -6])
        writer.add("a", StoredTensor(shape: [1], integers: [1]))
        #expect(throws: TensorFileError.self) { try writer.write(to: path) }
        #expect(try SafetensorsFile.read(path).count == 2)
    }

    @Test func rowsOfAStoredTensor() throws {
        let tensor = StoredTensor(shape: [4, 2], floats: [0, 1, 2, 3, 4, 5, 6, 7], as: .float16)
        #expect(try tensor.rows(1..<3)?.floats() == [2, 3, 4, 5])
        #expect(tensor.rows(4..<4)?.shape == [0, 2])
        #expect(tensor.rows(3..<5) == nil && tensor.rows(-1..<2) == nil)
        #expect(StoredTensor(shape: [], floats: [1]).rows(0..<1) == nil)
        let stack = StoredTensor(shape: [2, 4, 1], floats: [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(try stack.slice(1)?.rows(2..<4)?.floats() == [6, 7])
    }

    @Test func aFolderIsThereWholeOrNotAtAll() throws {
        let root = try Paths.temporaryFolder()
        func fill(_ text: String, then error: TensorFileError? = nil) -> (String) throws(TensorFileError) -> Void {
            { (folder) throws(TensorFileError) in
                try AtomicFile.write(Foundation.Data(text.utf8), to: folder + "/a")
                if let error { throw error }
            }
        }
        func content(_ folder: String) -> String? { try? String(contentsOfFile: folder + "/a", encoding: .utf8) }
        let path = root + "/x/y"
        try AtomicFolder.write(to: path, replacing: { _ in false }, fill("1"))
        #expect(content(path) == "1")
        try AtomicFolder.write(to: path, replacing: { $0 == "a" }, fill("2"))
        #expect(content(path) == "2")
        #expect(throws: TensorFileError.unsupported("no")) {
            try AtomicFolder.write(to: path, replacing: { _ in true }, fill("3", then: .unsupported("no")))
        }
        #expect(throws: TensorFileError.self) { try AtomicFolder.write(to: path, replacing: { _ in false }, fill("3")) }
        #expect(throws: TensorFileError.self) { try AtomicFolder.write(to: path + "/a", replacing: { _ in true }, fill("3")) }
        #expect(content(path) == "2")
        // A link is followed: the folder behind it changes, the link stays.
        try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: path)
        try AtomicFolder.write(to: root + "/link", replacing: { _ in true }, fill("4"))
        #expect(content(path) == "4")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: root + "/link") == path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/x") == ["y"])
    }

    @Test func jsonForPeople() throws {
        let value: JSON = ["a": [1, "b"], "c": [:], "d": [], "e": ["f": nil]]
        #expect(value.indented == "{\n  \"a\": [\n    1,\n    \"b\"\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": {\n    \"f\": null\n  }\n}")
        #expect(try JSON(parsing: value.indented) == value)
    }
}
