import Foundation
import TestSupport
import Testing

@testable import Tensor

/// GGUF files that are cut, damaged or made to do harm.
@Suite struct GGUFHostileTests {
    @Test func everyPrefixIsRefused() throws {
        let bytes = Foundation.Data(try ggufFixtureBytes("types.gguf"))
        let tensors = try GGUFFile.parse(bytes).tensors
        // What fills up the last tensor to the alignment may be missing: nothing is read there.
        let end = tensors.names.compactMap { tensors[$0]?.storage.bytes.endIndex }.max() ?? 0
        #expect(end > bytes.count - 32)
        for length in 0..<end {
            let error = #expect(throws: TensorFileError.self, "cut to \(length)") { try GGUFFile.parse(bytes.prefix(length)) }
            #expect(error.map { "\($0)".contains("\n") } == false)
        }
        #expect(try GGUFFile.parse(bytes.prefix(end)).tensors.count == tensors.count)
    }

    /// Whatever a damaged file does to the reader, the reader goes on: it returns or throws, and what it
    /// returns can be decoded and written.
    @Test func damagedBytesNeverTrap() throws {
        let original = try ggufFixtureBytes("types.gguf")
        // Most of the damage goes to the header, of which a flip changes the meaning.
        let header = try #require(try GGUFFile.parse(Foundation.Data(original)).tensors["blk.0.Q8_0.weight"]).storage.bytes.startIndex
        var random = SplitMix(state: 0x6646)
        var refused = 0
        for round in 0..<3000 {
            var bytes = original
            for _ in 0...random.next() % 3 {
                let place = Int(random.next() % UInt64(round % 10 == 0 ? bytes.count : header))
                bytes[place] = round % 2 == 0 ? UInt8(truncatingIfNeeded: random.next()) : bytes[place] ^ 1 << UInt8(random.next() % 8)
            }
            do {
                try Self.useAll(GGUFFile.parse(Foundation.Data(bytes)), original.count)
            } catch is TensorFileError {
                refused += 1
            }
        }
        #expect((500..<2900).contains(refused))
    }

    /// Every bit of the header, alone.
    @Test func everyBitOfTheHeader() throws {
        var bytes = Foundation.Data(try ggufFixtureBytes("types.gguf"))
        let header = try #require(try GGUFFile.parse(bytes).tensors["blk.0.Q8_0.weight"]).storage.bytes.startIndex
        for bit in 0..<header * 8 {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            if let file = try? GGUFFile.parse(bytes) { #expect(file.tensors.count <= 23) }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }

    private static func useAll(_ file: GGUFFile, _ size: Int) throws {
        for name in file.tensors.names {
            let tensor = try #require(file.tensors[name])
            #expect(tensor.count <= size * 2)
            _ = try tensor.floats()
            _ = try Tensor(tensor, precision: .bfloat16)
            _ = try? tensor.integers()
        }
    }

    /// A header that lies, and the words that its message must hold.
    struct Lie: Sendable, CustomTestStringConvertible {
        let words: [String]
        var version: UInt32 = 3
        var tensors: UInt64 = 0
        var keys: UInt64 = 0
        var contents = 0
        let body: @Sendable (inout GGUFBytes) -> Void

        var testDescription: String { words.joined(separator: " ") }

        var file: Foundation.Data {
            var bytes = GGUFBytes()
            bytes.data += GGUFFile.magic
            bytes.number(version)
            bytes.number(tensors)
            bytes.number(keys)
            body(&bytes)
            bytes.data += Foundation.Data(count: (32 - bytes.data.count % 32) % 32 + contents)
            return bytes.data
        }

        /// A key and the number of its value's type.
        static func value(_ type: UInt32, _ words: String..., body: @escaping @Sendable (inout GGUFBytes) -> Void) -> Lie {
            Lie(words: words, keys: 1) {
                $0.text("the.key")
                $0.number(type)
                body(&$0)
            }
        }

        static func tensor(
            _ words: String..., contents: Int = 4096, type: UInt32 = 0, at offset: UInt64 = 0, sizes: [UInt64]
        ) -> Lie {
            Lie(words: ["'t'"] + words, tensors: 1, contents: contents) { $0.line("t", sizes, type, offset) }
        }
    }

    static let lies = startLies + valueLies + tensorLies() + listLies + alignmentLies

    private static let startLies: [Lie] = [
        Lie(words: ["1152921504606846976 tensors", "byte 8"], tensors: 1 << 60) { _ in },
        Lie(words: ["\(UInt64.max) keys", "byte 16"], keys: .max) { _ in },
        Lie(words: ["70000 tensors"], tensors: 70_000, contents: 24 * 70_000) { _ in },
        Lie(words: ["70000 keys"], keys: 70_000, contents: 24 * 70_000) { _ in },
        Lie(words: ["version 1"], version: 1) { _ in },
        Lie(words: ["version 4"], version: 4) { _ in },
        Lie(words: ["version 0"], version: 0) { _ in },
        Lie(words: ["big-endian"], version: 3 << 24) { _ in },
        Lie(words: ["a key of 9223372036854775808 bytes", "byte 24"], keys: 1, contents: 64) { $0.number(UInt64(1) << 63) },
        Lie(words: ["a key that is not UTF-8", "byte 24"], keys: 1, contents: 64) {
            $0.number(UInt64(2))
            $0.data += [0xC3, 0x28]
        },
        Lie(words: ["two values for 'k'"], keys: 2) {
            for _ in 0..<2 {
                $0.text("k")
                $0.value(.uint8(1))
            }
        },
    ]

    private static let valueLies: [Lie] = [
        Lie.value(8, "the.key", "a text of \(UInt64.max) bytes", "byte 43") { $0.number(UInt64.max) },
        Lie.value(8, "the.key", "UTF-8") {
            $0.number(UInt64(1))
            $0.data += [0xFF]
        },
        Lie.value(13, "the.key", "type 13", "byte 39") { _ in },
        Lie.value(7, "the.key", "a truth value of 2") { $0.number(UInt8(2)) },
        Lie.value(9, "the.key", "an array of type 77") { $0.array(77, 1) },
        Lie.value(9, "the.key", "numbers of 8 bytes") { $0.array(12, 1 << 61) },
        Lie.value(9, "the.key", "numbers of 1 bytes") { $0.array(0, .max) },
        Lie.value(9, "the.key", "\(UInt64(1) << 62) elements") { $0.array(8, 1 << 62) },
        Lie.value(9, "the.key", "nested deeper") { for _ in 0..<100_000 { $0.array(9, 1) } },
        Lie.value(9, "the.key", "elements") { $0.array(9, 1 << 40) },
    ]

    private static func tensorLies() -> [Lie] {
        var lies: [Lie] = []
        lies.append(Lie.tensor("5 dimensions", sizes: [1, 1, 1, 1, 1]))
        lies.append(Lie.tensor("a dimension of 0", sizes: [0]))
        lies.append(Lie.tensor("a dimension of 0", sizes: [1 << 62, 1 << 62, 0]))
        lies.append(Lie.tensor("a dimension of 9223372036854775808", sizes: [1 << 63]))
        lies.append(Lie.tensor("more elements than any tensor", sizes: [1 << 62, 4]))
        lies.append(Lie.tensor("more elements than any tensor", sizes: [1 << 32, 1 << 31]))
        lies.append(Lie.tensor("beyond the end", sizes: [1 << 62]))
        lies.append(Lie.tensor("beyond the end", sizes: [1025]))
        lies.append(Lie.tensor("beyond the end", at: 4096, sizes: [1]))
        lies.append(Lie.tensor("beyond the end", at: 1 << 62, sizes: [1]))
        lies.append(Lie.tensor("beyond the end", at: .max - 31, sizes: [1]))
        lies.append(Lie.tensor("beyond the end", contents: 0, sizes: [1]))
        lies.append(Lie.tensor("beyond the end", type: 8, at: 32, sizes: [32, 120]))
        lies.append(Lie.tensor("no multiple of 32", at: 16, sizes: [1]))
        lies.append(Lie.tensor("no multiple of 32", at: .max, sizes: [1]))
        lies.append(Lie.tensor("multiple of 32", type: 8, sizes: [16, 2]))
        lies.append(Lie.tensor("multiple of 256", type: 14, sizes: [32, 8]))
        lies.append(Lie.tensor("multiple of 32", type: 2, sizes: []))
        lies.append(Lie.tensor("quantised as IQ2_XS, which is not read here; F32, F16, BF16", "Q8_0", "are", type: 17, sizes: [256]))
        lies.append(Lie.tensor("quantised as NVFP4", type: 40, sizes: [256]))
        for (number, size, bytes) in [
            (UInt32(10), UInt64(256), 84), (11, 256, 110), (20, 32, 18), (23, 256, 136), (34, 256, 54), (35, 256, 66), (39, 32, 17),
        ] {
            lies.append(Lie.tensor("multiple of \(size)", type: number, sizes: [size + size / 2, 2]))
            lies.append(Lie.tensor("beyond the end", contents: 2 * bytes - 1, type: number, sizes: [size, 2]))
        }
        lies.append(Lie.tensor("type 99", type: 99, sizes: [256]))
        return lies
    }

    private static let listLies: [Lie] = [
        Lie(words: ["'t' of \(UInt32.max) dimensions"], tensors: 1, contents: 64) {
            $0.text("t")
            $0.number(UInt32.max)
        },
        Lie(words: ["a tensor's name of"], tensors: 1, contents: 64) { $0.number(UInt64(1) << 40) },
        Lie(words: ["two tensors named 'a'"], tensors: 2, contents: 64) {
            $0.line("a", [1], 0, 0)
            $0.line("a", [1], 0, 32)
        },
        Lie(words: ["'b' lies over 'a'"], tensors: 2, contents: 128) {
            $0.line("a", [16], 0, 0)
            $0.line("b", [16], 0, 32)
        },
        Lie(words: ["lies over"], tensors: 2, contents: 128) {
            $0.line("a", [16], 0, 0)
            $0.line("b", [16], 0, 0)
        },
    ]

    private static let nonsense: [GGUFValue] = [.uint32(0), .uint32(24), .uint64(.max), .int32(-32), .string("32"), .uint32(1 << 30)]

    private static let alignmentLies = nonsense.map { value in
        Lie(words: ["general.alignment", "power of two"], keys: 1) {
            $0.text("general.alignment")
            $0.value(value)
        }
    }

    @Test(arguments: lies) func refusesLies(_ lie: Lie) throws {
        let error = #expect(throws: TensorFileError.self) { try GGUFFile.parse(lie.file) }
        let message = error.map(String.init(describing:)) ?? ""
        for word in lie.words { #expect(message.contains(word), "'\(message)' says nothing of \(word)") }
        #expect(!message.contains("\n"))
    }

    /// What the lies are made of is a sound file when it does not lie.
    @Test func theTruthIsRead() throws {
        #expect(try GGUFFile.parse(Lie.tensor(sizes: [1024]).file).tensors["t"]?.shape == [1024])
        #expect(try GGUFFile.parse(Lie.tensor(type: 8, sizes: [32, 120]).file).tensors["t"]?.shape == [120, 32])
        #expect(try GGUFFile.parse(Lie.tensor(sizes: []).file).tensors["t"]?.shape == [])
        #expect(try GGUFFile.parse(Lie(words: [], version: 2) { _ in }.file).tensors.count == 0)
        let array = Lie.value(9) {
            for _ in 0..<7 { $0.array(9, 1) }
            $0.array(8, 0)
        }
        #expect(try GGUFFile.parse(array.file).metadata["the.key"]?.array?.count == 1)
    }

    /// Counts are bound by the longest header there may be, not by gigabytes of weights behind it.
    @Test func longFilesDoNotMakeLiesTrue() throws {
        let path = try Paths.temporaryFolder() + "/a.gguf"
        let lie = Lie.value(9) { $0.array(8, 150_000_000) }
        try AtomicFile.write(lie.file, to: path)
        #expect(truncate(path, 4 << 30) == 0)
        let error = #expect(throws: TensorFileError.self) { try GGUFFile.read(path) }
        #expect(error.map { "\($0)".contains("150000000 elements") && "\($0)".hasPrefix(path) } == true)
        try FileManager.default.removeItem(atPath: path)
    }

    @Test func nestingFitsASmallStack() async {
        let lie = Lie.value(9) { for _ in 0..<1_000_000 { $0.array(9, 1) } }
        let file = lie.file
        #expect(await onSmallStack { (try? GGUFFile.parse(file)) == nil })
    }
}

extension GGUFBytes {
    /// A line of the list of tensors.
    fileprivate mutating func line(_ name: String, _ sizes: [UInt64], _ type: UInt32, _ offset: UInt64) {
        text(name)
        number(UInt32(sizes.count))
        for size in sizes { number(size) }
        number(type)
        number(offset)
    }

    /// The start of an array.
    fileprivate mutating func array(_ type: UInt32, _ count: UInt64) {
        number(type)
        number(count)
    }
}
