import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// The library's idea of Unicode, over all code points; rows like the ones before them are left out.
@Suite struct TokenizerUnicodeTests {
    /// Each scalar stands after a letter, a digit, a mark and a space, so that a wrong class cuts elsewhere.
    @Test func everyScalarIsCutWhereTheLibraryCutsIt() throws {
        for part in try #require(TokenizerFixture.json("words.json").array) {
            let preTokenizer = try preTokenizer(part)
            let rows = try #require(part["checksums"]?.array)
            #expect(rows.count == 399)
            for row in rows {
                let first = try #require(row.array?[0].integer)
                let text = Self.scalars(in: first..<first + 256).map { "a\($0)1\($0)!\($0) " }.joined()
                let checksum = TokenizerFixture.checksum(try wordLengths(text, preTokenizer).lazy.map { UInt32($0) })
                #expect(checksum == row.array?[1].integer, "from U+\(String(first, radix: 16))")
            }
        }
    }

    @Test func textsAreCutIntoTheWordsOfTheLibrary() throws {
        let parts = try #require(TokenizerFixture.json("words.json").array)
        #expect(parts.count == 5)
        for part in parts {
            let preTokenizer = try preTokenizer(part)
            for entry in try #require(part["texts"]?.array) {
                let text = try #require(entry["text"]?.string)
                let lengths = try #require(entry["lengths"]?.array).map(\.integer)
                #expect(try wordLengths(text, preTokenizer) == lengths, "\(text.debugDescription)")
            }
        }
    }

    private func preTokenizer(_ part: JSON) throws -> PreTokenizer {
        let folder = try TokenizerFixture.folder(fields: ["pre_tokenizer": #require(part["pre_tokenizer"])])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try PreTokenizer(JSONField(contentsOf: "\(folder)/tokenizer.json")["pre_tokenizer"])
    }

    /// The words' lengths in bytes.
    private func wordLengths(_ text: String, _ preTokenizer: PreTokenizer) throws -> [Int] {
        var text = text
        var lengths: [Int] = []
        try text.withUTF8 { bytes in try preTokenizer.forEachWord(in: bytes, UntrackedOrigin()) { word, _ in lengths.append(word.count) } }
        return lengths
    }

    /// Each scalar stands before a mark that comes first in order and before one that composes.
    @Test func everyScalarIsNormalizedAsTheLibraryDoes() throws {
        let forms: [String: UnicodeNormalization] = ["NFC": .nfc, "NFD": .nfd, "NFKC": .nfkc, "NFKD": .nfkd]
        let parts = try #require(TokenizerFixture.json("normalized.json").array)
        #expect(parts.count == forms.count)
        for part in parts {
            let name = try #require(part["form"]?.string)
            let form = try #require(forms[name])
            for row in try #require(part["checksums"]?.array) {
                let first = try #require(row.array?[0].integer)
                let text = Self.scalars(in: first..<first + 256).map { "a\($0)\u{334}\($0)\u{301}x" }.joined()
                let checksum = TokenizerFixture.checksum(form.normalize(text).unicodeScalars.lazy.map(\.value))
                #expect(checksum == row.array?[1].integer, "\(name) from U+\(String(first, radix: 16))")
            }
        }
    }

    /// The end of the table: what is past the last run has no class.
    @Test func classesOfSingleScalars() {
        let classes = CharacterClasses.shared
        #expect(classes[0x41] == [.letter, .upper, .word])
        #expect(classes[0x3000] == .whitespace)
        #expect(classes[0xBD] == [.number, .numeric])
        #expect(classes[0x1F600] == .symbol)
        #expect(classes[0x11DE0] == .numeric)
        #expect(classes[0x323AF] == [.letter, .word])
        #expect(classes[0x10FFFF] == [])
    }

    private static func scalars(in range: Range<Int>) -> [Unicode.Scalar] {
        range.compactMap { Unicode.Scalar(UInt32($0)) }
    }
}
