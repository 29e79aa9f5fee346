import Foundation
import TestSupport
import Testing

@testable import Tensor

/// Types of PyTorch that have no storages of their own, against what PyTorch makes of them (`Fixtures/float8/make_fixtures.py`).
@Suite("Floating-point numbers of 8 bits")
struct Float8Tests {
    private func fixture(_ name: String) -> String { Paths.fixture("TensorTests", "float8/\(name)") }

    private func expectation(_ name: String) throws -> FilesExpectation {
        let all = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: fixture("expected.json"))))
        return try FilesExpectation(#require(all[name]))
    }

    @Test("Every code and every view is read as PyTorch has it", arguments: ["float8.pth", "legacy.pth", "float8.safetensors"])
    func codes(_ file: String) throws {
        let expected = try expectation(file)
        #expect(expected.entries.count { $0.name.hasSuffix(".codes") && $0.values?.count == 256 } == 5)
        try expected.check(TensorFile.read(fixture(file)), ordered: file.hasSuffix("pth"))
    }

    @Test("What is infinite, no number, or below the smallest exponent")
    func special() throws {
        let tensors = try PyTorchFile.read(fixture("float8.pth"))
        func value(_ type: String, _ code: Int) throws -> Float { try #require(tensors["\(type).codes"]).floats()[code] }
        #expect(try value("e4m3fn", 0x7E) == 448 && value("e4m3fn", 0x7F).isNaN && value("e4m3fn", 0x81) == -0x1p-9)
        #expect(try value("e5m2", 0x7C) == .infinity && value("e5m2", 0xFC) == -.infinity && value("e5m2", 0x7D).isNaN)
        #expect(try value("e5m2", 0x01) == 0x1p-16 && value("e5m2", 0x80).sign == .minus && value("e5m2", 0x80) == 0)
        #expect(try value("e4m3fnuz", 0x80).isNaN && value("e4m3fnuz", 0x7F) == 240 && value("e4m3fnuz", 0x01) == 0x1p-10)
        #expect(try value("e5m2fnuz", 0x80).isNaN && value("e5m2fnuz", 0x7F) == 57344)
        #expect(try value("e8m0fnu", 0) == 0x1p-127 && value("e8m0fnu", 0xFF).isNaN && value("e8m0fnu", 0xFE) == 0x1p127)
    }

    /// `torch.expand` repeats elements by steps of 0; the file holds them once.
    @Test(
        "A step of 0 repeats what the storage has once",
        arguments: [("expanded", [0, 0], 256), ("rows", [0, 1], 256), ("float32", [0, 0], 4)])
    func expanded(_ name: String, _ steps: [Int], _ bytes: Int) throws {
        for file in ["float8.pth", "legacy.pth"] {
            let tensor = try #require(PyTorchFile.read(fixture(file))[name])
            #expect(tensor.strides == steps && tensor.storage.count == bytes && tensor.shape[0] > 1)
            let (values, width) = (try tensor.floats(), tensor.shape[1])
            #expect(values.indices.allSatisfy { values[$0] == values[$0 % width] })
            #expect(try Tensor(tensor).values == values && tensor.reordered(nil).floats() == values)
        }
    }

    @Test(
        "A type that is not read is refused by its name",
        arguments: [("uint16.pth", "torch.uint16"), ("float4.pth", "torch.float4_e2m1fn_x2")])
    func refused(_ file: String, _ name: String) throws {
        let error = #expect(throws: TensorFileError.self) { try PyTorchFile.read(fixture(file)) }
        #expect("\(try #require(error))".contains("tensors of \(name) are not supported"))
    }

    @Test("A type that is no type, or is missing, is refused")
    func hostile() throws {
        let bytes = try [UInt8](Foundation.Data(contentsOf: URL(fileURLWithPath: fixture("legacy.pth"))))
        func replaced(_ old: String, _ new: String) throws -> Foundation.Data {
            #expect(old.utf8.count == new.utf8.count)
            return Foundation.Data(bytes).replacing(Array(old.utf8), with: Array(new.utf8))
        }
        for (old, new, word) in [
            ("float8_e4m3fn\n", "load_library\n\n", "wants to run"), ("_rebuild_tensor_v3", "_rebuild_tensor_v2", "without a type"),
            ("UntypedStorage", "UntypedStorags", "wants to run"),
        ] {
            let path = try Paths.temporaryFolder() + "/changed.pth"
            try replaced(old, new).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: TensorFileError.self) { try PyTorchFile.read(path) }
            #expect("\(try #require(error))".contains(word), "\(new)")
        }
    }

    @Test("It is not written to a .pth file, but to safetensors")
    func writing() throws {
        let tensors = try TensorFile.read(fixture("float8.safetensors"))
        let folder = try Paths.temporaryFolder()
        #expect(throws: TensorFileError.self) { try PyTorchFile.write(tensors, to: folder + "/a.pth") }
        try SafetensorsFile.write(tensors, to: folder + "/a.safetensors")
        let again = try SafetensorsFile.read(folder + "/a.safetensors")
        for name in tensors.names { #expect(try #require(again[name]).hasSameElements(as: #require(tensors[name]))) }
    }
}
