import Foundation
import TestSupport
import Testing

@testable import Tensor

/// Files that are damaged, foreign or made to do harm.
@Suite struct FilesHostileTests {
    /// What a file is refused for, and the words that its message must hold.
    @Test(arguments: [
        ("command_protocol2.pth", ["posix.system"]), ("command_protocol4.pth", ["posix.system"]),
        ("whole_module.pth", ["torch.nn.modules.linear.Linear", "state_dict()"]),
        ("plain_pickle.pth", ["pickle", "torch.save"]),
        ("lfs_pointer.pth", ["git lfs pull"]), ("page.pth", ["web page"]), ("text.pth", ["text"]),
        ("other_zip.pth", ["data.pkl"]), ("single_tensor.pth", ["state_dict()"]), ("list.pth", ["state_dict()"]),
        ("no_tensors.pth", ["state_dict()"]), ("cycle.pth", ["state_dict()"]),
    ])
    func refusesAndSaysWhy(_ file: String, _ words: [String]) {
        for byContent in [false, true] {
            let error = #expect(throws: TensorFileError.self, "\(file)") {
                byContent ? try TensorFile.read(fixture(file)) : try PyTorchFile.read(fixture(file))
            }
            let message = error.map(String.init(describing:)) ?? ""
            for word in words + [file] { #expect(message.contains(word), "'\(message)' says nothing of \(word)") }
        }
    }

    @Test("An old file of PyTorch that is cut, or of another version or byte order, is refused")
    func oldFiles() throws {
        let bytes = try fixtureBytes("legacy_views.pth")
        let path = try Paths.temporaryFolder() + "/old.pth"
        func refusal(_ bytes: [UInt8]) throws -> String {
            try Foundation.Data(bytes).write(to: URL(fileURLWithPath: path))
            return (#expect(throws: TensorFileError.self) { try TensorFile.read(path) }).map { "\($0)" } ?? ""
        }
        for length in stride(from: 40, to: bytes.count, by: 7) { _ = try refusal(Array(bytes[..<length])) }
        func replacing(_ old: [UInt8], _ new: [UInt8]) throws -> [UInt8] {
            let place = try #require(bytes.indices.first { bytes[$0...].starts(with: old) })
            return bytes[..<place] + new + bytes[(place + old.count)...]
        }
        // 1001 and 1000.
        #expect(try refusal(replacing([0x4D, 0xE9, 0x03], [0x4D, 0xE8, 0x03])).contains("another version"))
        let word = Array("little_endian".utf8)
        let order = try #require(bytes.indices.first { bytes[$0...].starts(with: word) })
        let flag = try #require(bytes[order...].firstIndex(of: 0x88))
        var other = bytes
        other[flag] = 0x89
        #expect(try refusal(other).contains("big-endian"))
    }

    @Test func nothingIsExecuted() {
        for protocolNumber in [2, 4] {
            _ = try? PyTorchFile.read(fixture("command_protocol\(protocolNumber).pth"))
        }
        #expect(!FileManager.default.fileExists(atPath: "executed"))
    }

    @Test func missingFileAndFolder() throws {
        for path in [try Paths.temporaryFolder(), "/no/such/file.pth"] {
            let error = #expect(throws: TensorFileError.self) { try TensorFile.read(path) }
            #expect(error.map { "\($0)".hasPrefix(path) } == true)
        }
    }

    @Test func emptyFilesAndPipes() throws {
        let folder = try Paths.temporaryFolder()
        #expect(FileManager.default.createFile(atPath: folder + "/empty.pth", contents: nil))
        #expect(mkfifo(folder + "/pipe.pth", 0o600) == 0)
        for (name, word) in [("empty.pth", "empty"), ("pipe.pth", "pipe")] {
            let error = #expect(throws: TensorFileError.self) { try TensorFile.read("\(folder)/\(name)") }
            #expect(error.map { "\($0)".contains(word) } == true)
        }
    }

    @Test(arguments: ["tied.pth", "streamed.pth", "zip64.pth", "complex.safetensors", "types.safetensors"])
    func everyPrefixIsRefused(_ file: String) throws {
        let bytes = try fixtureBytes(file)
        for length in 0..<bytes.count {
            #expect(throws: TensorFileError.self, "\(file) cut to \(length)") { try parse(bytes[..<length], file) }
        }
    }

    /// Whatever a damaged file does to the reader, the reader goes on: it returns or throws, and what
    /// it returns can be decoded and written.
    @Test(arguments: ["tied.pth", "views.pth", "zip64.pth", "streamed.pth", "protocol5.pth", "types.safetensors"])
    func damagedBytesNeverTrap(_ file: String) throws {
        let original = try fixtureBytes(file)
        var random = SplitMix(state: 0x5EED)
        for _ in 0..<500 {
            var bytes = original
            for _ in 0...random.next() % 3 { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next()) }
            decodeAll(try? parse(bytes[...], file))
        }
    }

    /// The same for the pickle alone, past the checksum that would refuse most of it.
    @Test(arguments: ["tied.pth", "views.pth", "nested_model.pth", "protocol5.pth", "module.pth"])
    func damagedPicklesNeverTrap(_ file: String) throws {
        let archive = try ZipArchive(Foundation.Data(fixtureBytes(file)))
        let contents = try archive.entries.map { ($0.name, [UInt8](try archive.contents($0))) }
        let place = try #require(contents.firstIndex { $0.0.hasSuffix("data.pkl") })
        var random = SplitMix(state: 0xB17)
        for _ in 0..<700 {
            var pickle = contents[place].1
            for _ in 0...random.next() % 2 { pickle[Int(random.next() % UInt64(pickle.count))] = UInt8(truncatingIfNeeded: random.next()) }
            var writer = ZipWriter()
            for (index, entry) in contents.enumerated() {
                writer.add(entry.0, Foundation.Data(index == place ? pickle : entry.1))
            }
            decodeAll(try? PyTorchFile.parse(writer.finished()))
        }
    }

    @Test(arguments: [
        // The marks and the stack.
        "(((((.", "0.", "t.", "1.", "u.", "e.", "a.", "s.", "b.", "R.", "Q.", "h\u{1}.", "2.", ".", "(u.", "](e.", "}(Ku.", "}((t(tKu.",
        // Text opcodes of protocols 0 and 1, instances, extensions, out-of-band buffers.
        "I1\n.", "Vtext\n.", "(ios\nsystem\n.", "(cos\nsystem\no.", "P1\n.",
        // Calls of what is no function, with what is no argument list.
        "N)R.", "K\u{1}K\u{2}R.", "ccollections\nOrderedDict\nNR.", "ctorch._utils\n_rebuild_tensor_v2\n)R.",
        "ctorch._utils\n_rebuild_parameter\n)R.",
        "cos\nsystem\n.", "c", "cos", "cos\n", "ccollections\n", "X\u{7F}\u{7F}\u{7F}\u{7F}", "T\u{7F}\u{7F}\u{7F}\u{7F}",
        "j\u{7F}\u{7F}\u{7F}\u{7F}.",
    ])
    func brokenPickles(_ opcodes: String) {
        #expect(throws: TensorFileError.self, "\(opcodes.debugDescription)") {
            try PyTorchFile.parse(Self.archive(Array(opcodes.utf8)))
        }
    }

    /// Values nested a million deep, and a value that holds itself, on the small stack of a thread.
    @Test(arguments: ["tuples", "lists", "appended lists", "dictionaries", "marks", "duplicates"])
    func deepPickles(_ kind: String) async throws {
        let depth = 1_000_000
        let opcodes: [UInt8] =
            switch kind {
            case "tuples": Array(")".utf8) + [UInt8](repeating: 0x85, count: depth)
            case "lists": [UInt8](repeating: UInt8(ascii: "("), count: depth) + [UInt8](repeating: UInt8(ascii: "l"), count: depth)
            case "appended lists":
                [UInt8](repeating: UInt8(ascii: "]"), count: depth) + [UInt8](repeating: UInt8(ascii: "a"), count: depth - 1)
            case "dictionaries":
                Array("}".utf8) + (0..<depth).flatMap { _ in Array("}NN".utf8) }
                    + (0..<depth).flatMap { _ in Array("ss".utf8) }
            case "marks": [UInt8](repeating: UInt8(ascii: "("), count: depth)
            default: Array("N".utf8) + [UInt8](repeating: UInt8(ascii: "2"), count: depth)
            }
        let archive = Self.archive(opcodes + Array(".".utf8))
        let refused = await onSmallStack { (try? PyTorchFile.parse(archive)) == nil }
        #expect(refused)
    }

    @Test func selfContainingPickle() async {
        // {'model': itself}, and a list that holds itself.
        let dictionary = Self.archive(Array("}q\0X\u{5}\0\0\0modelh\0s.".utf8))
        let list = Self.archive(Array("]q\0h\0a.".utf8))
        let refused = await onSmallStack { (try? PyTorchFile.parse(dictionary)) == nil && (try? PyTorchFile.parse(list)) == nil }
        #expect(refused)
    }

    /// Views that leave their storage of 16 bytes, or whose sizes overflow: offset, shape, strides.
    @Test(arguments: [
        (0, [5], [1]), (1, [4], [1]), (0, [2, 2], [3, 1]), (-1, [1], [1]), (0, [-1], [1]), (0, [4], [-1]),
        (0, [Int.max, Int.max], [1, 1]), (0, [Int.max, 2], [0, 0]), (Int.max, [2], [1]), (0, [2], [Int.max]),
        (0, [1 << 40], [0]), (0, [2, 2], [1]), (4, [1], [1]),
    ])
    func viewsOutsideTheirStorage(_ offset: Int, _ shape: [Int], _ strides: [Int]) {
        let storage = StoredTensor.SharedBytes(Foundation.Data(repeating: 1, count: 16))
        #expect(throws: TensorFileError.self) {
            try StoredTensor(shape: shape, elementType: .float32, storage: storage, offset: offset, strides: strides)
        }
    }

    /// An empty tensor may name any place: nothing is read there.
    @Test(arguments: [4, 5, 1 << 62, Int.max])
    func emptyViewsAnywhere(_ offset: Int) throws {
        let storage = StoredTensor.SharedBytes(Foundation.Data(repeating: 1, count: 16))
        guard let tensor = try? StoredTensor(shape: [0], elementType: .float64, storage: storage, offset: offset, strides: [1])
        else { return }
        #expect(try tensor.floats().isEmpty)
        #expect(tensor.contiguousBytes.isEmpty)
    }

    /// A row of such a tensor would take more memory than there is, and its sizes rounded up are no number.
    @Test(arguments: [[0, 1 << 52], [Int.max, 0], [0, 1, Int.max]]) func emptyTensorsOfHugeRows(_ shape: [Int]) {
        let storage = StoredTensor.SharedBytes(Foundation.Data())
        #expect(throws: TensorFileError.self) {
            try StoredTensor(
                shape: shape, elementType: .float32, storage: storage, offset: 0, strides: StoredTensor.contiguousStrides(shape))
        }
    }

    @Test(arguments: [[0, 4096], [4096, 0]]) func emptyTensorsOfOrdinaryRows(_ shape: [Int]) throws {
        let tensor = try StoredTensor(
            shape: shape, elementType: .float32, storage: StoredTensor.SharedBytes(Foundation.Data()), offset: 0,
            strides: StoredTensor.contiguousStrides(shape))
        #expect(try Tensor(tensor).count == 0)
    }

    @Test func expandedTensorsOfOrdinarySize() throws {
        let storage = StoredTensor.SharedBytes(Foundation.Data(repeating: 0, count: 4))
        let mask = try StoredTensor(shape: [2048, 2048], elementType: .float32, storage: storage, offset: 0, strides: [0, 0])
        #expect(try mask.floats().count == 2048 * 2048)
    }

    private func parse(_ bytes: ArraySlice<UInt8>, _ file: String) throws -> StateDictionary {
        let bytes = Foundation.Data(bytes)
        return file.hasSuffix(".pth") ? try PyTorchFile.parse(bytes) : try SafetensorsFile.parse(bytes)
    }

    private func decodeAll(_ dictionary: StateDictionary?) {
        guard let dictionary else { return }
        for name in dictionary.names {
            guard let tensor = dictionary[name], tensor.count < 1 << 16 else { continue }
            _ = try? tensor.floats()
            _ = try? tensor.integers()
            _ = tensor.contiguousBytes
        }
    }

    /// An archive around a pickle, without storages.
    static func archive(_ pickle: [UInt8]) -> Foundation.Data {
        var writer = ZipWriter()
        writer.add("archive/data.pkl", Foundation.Data(pickle))
        writer.add("archive/version", Foundation.Data("3\n".utf8))
        return writer.finished()
    }
}

/// A small generator of the same numbers everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}

/// Runs on a thread with the smallest stack that a system gives: 512 KB.
func onSmallStack(_ body: @escaping @Sendable () -> Bool) async -> Bool {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: body()) }
        thread.stackSize = Sanitizer.stackFactor * (512 << 10)
        thread.start()
    }
}
