import Foundation
import TestSupport
import Testing

@testable import Tensor

@Suite struct FilesZipTests {
    private func archive() -> [UInt8] {
        var writer = ZipWriter()
        writer.add("a/one", Foundation.Data("first".utf8))
        writer.add("a/two", Foundation.Data("second".utf8))
        writer.add("a/none", Foundation.Data())
        return [UInt8](writer.finished())
    }

    @Test func readsWhatItWrote() throws {
        let zip = try ZipArchive(Foundation.Data(archive()))
        #expect(zip.entries.map(\.name) == ["a/one", "a/two", "a/none"])
        #expect(try zip.entries.map { String(decoding: try zip.contents($0), as: UTF8.self) } == ["first", "second", ""])
    }

    @Test func aChangedByteOfContentsIsFound() throws {
        var bytes = archive()
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("second".utf8)) })
        bytes[place] ^= 1
        let zip = try ZipArchive(Foundation.Data(bytes))
        #expect(throws: TensorFileError.self) { try zip.contents(zip.entries[1]) }
    }

    /// Bytes that serve two entries: how a small archive unfolds to any size. Here the first entry
    /// claims to reach into the second.
    @Test func overlappingEntriesAreRefused() throws {
        var bytes = archive()
        let record = directoryRecords(bytes)[0]
        for field in [20, 24] { bytes[record + field] = 100 }
        #expect(throws: TensorFileError.self) { try ZipArchive(Foundation.Data(bytes)) }
    }

    /// A directory that gives an entry's bytes another name than its own header does.
    @Test func entriesUnderAnotherNameAreRefused() throws {
        var bytes = archive()
        bytes[directoryRecords(bytes)[0] + 46] = UInt8(ascii: "b")
        #expect(throws: TensorFileError.self) { try ZipArchive(Foundation.Data(bytes)) }
    }

    @Test func repeatedNamesAreRefused() {
        var writer = ZipWriter()
        writer.add("a/data.pkl", Foundation.Data("1".utf8))
        writer.add("a/data.pkl", Foundation.Data("2".utf8))
        #expect(throws: TensorFileError.self) { try ZipArchive(writer.finished()) }
    }

    @Test func sizesBeyondTheFileAreRefused() throws {
        for field in [20, 24] {
            var bytes = archive()
            let record = directoryRecords(bytes)[0]
            for i in 0..<4 { bytes[record + field + i] = i == 3 ? 0x7F : 0xFF }
            #expect(throws: TensorFileError.self) {
                let zip = try ZipArchive(Foundation.Data(bytes))
                _ = try zip.contents(zip.entries[0])
            }
        }
    }

    /// An entry that claims 512 MB from a few bytes is refused by its claim, before anything unfolds.
    @Test func bombsAreRefusedBeforeTheyUnfold() throws {
        var bytes = try fixtureBytes("deflated.pth")
        #expect(throws: Never.self) { try ZipArchive(Foundation.Data(bytes)) }
        let record = try #require(directoryRecords(bytes).first { bytes[$0 + 10] == 8 })
        for (i, byte) in [UInt8(0), 0, 0, 0x20].enumerated() { bytes[record + 24 + i] = byte }
        #expect(throws: TensorFileError.self) { try ZipArchive(Foundation.Data(bytes)) }
    }

    /// A claim within the budget that the bytes do not keep.
    @Test(arguments: [1, 0xFF] as [UInt8]) func falseSizesAreRefused(_ change: UInt8) throws {
        var bytes = try fixtureBytes("deflated.pth")
        let record = try #require(directoryRecords(bytes).first { bytes[$0 + 10] == 8 })
        bytes[record + 24] &+= change
        let zip = try ZipArchive(Foundation.Data(bytes))
        #expect(throws: TensorFileError.self) { try zip.contents(zip.entries[0]) }
    }

    @Test func directoriesThatLieAreRefused() throws {
        let bytes = archive()
        let end = bytes.count - 22
        for (field, value) in [(10, [0xFF, 0xFF]), (12, [0xFF, 0xFF, 0xFF, 0x7F]), (16, [0xFF, 0xFF, 0xFF, 0x7F])] as [(Int, [UInt8])] {
            var changed = bytes
            for (i, byte) in value.enumerated() { changed[end + field + i] = byte }
            #expect(throws: TensorFileError.self, "field \(field)") { try ZipArchive(Foundation.Data(changed)) }
        }
    }

    /// The places of the central directory's records.
    private func directoryRecords(_ bytes: [UInt8]) -> [Int] {
        bytes.indices.filter { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2]) }
    }
}
