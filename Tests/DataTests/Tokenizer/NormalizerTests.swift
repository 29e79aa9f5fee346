import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Every normalizer, against the Hugging Face library; `make_normalizers.py` recorded it.
@Suite struct NormalizerTests {
    private static func json(_ name: String) throws -> JSON {
        try TokenizerFixture.json(at: Paths.fixture("DataTests", "normalizers/\(name).json"))
    }

    private static func normalizer(_ json: JSON) throws -> Normalizer {
        try #require(try Normalizer(JSONField(file: "tokenizer.json", path: "normalizer", value: json)))
    }

    /// The normalizer of a record, which names its map of characters.
    private static func recorded(_ json: JSON, maps: JSON) throws -> JSON {
        guard var fields = json.object else { return json }
        if let map = fields["precompiled_charsmap"]?.string {
            let characters: JSON = try #require(maps[map])
            fields["precompiled_charsmap"] = characters
        }
        if let stages = fields["normalizers"]?.array {
            fields["normalizers"] = .array(try stages.map { try recorded($0, maps: maps) })
        }
        return .object(fields)
    }

    /// A text and the ends of what each of its scalars stands for, in whole characters of the source.
    private static func tracked(_ text: String, _ normalizer: Normalizer) throws -> (text: String, offsets: [Int]) {
        var text = text
        let source = Array(text.utf8)
        var result: (String, [Int]) = ("", [])
        try text.withUTF8Bytes { bytes throws(TokenizerError) in
            try normalizer.withNormalized(bytes, isTracked: true) { normalized, sources in
                var index = 0
                while index < normalized.count {
                    let last = index + normalized[index].scalarLength - 1
                    var first = sources.map { Int($0[index]) } ?? index
                    var end = (sources.map { Int($0[last]) } ?? last) + 1
                    while first > 0, source[first] & 0xC0 == 0x80 { first -= 1 }
                    while end < source.count, source[end] & 0xC0 == 0x80 { end += 1 }
                    result.1 += [first, end]
                    index = last + 1
                }
                result.0 = String(decoding: normalized, as: UTF8.self)
            }
        }
        return result
    }

    @Test func textsBecomeWhatTheLibraryMakesOfThem() throws {
        let (json, maps) = (try Self.json("normalizers"), try Self.json("maps"))
        let texts = try #require(json["texts"]?.array).map { try #require($0.string) }
        let kinds = try #require(json["kinds"]?.object)
        #expect(texts.count == 300 && kinds.keys.count == 29)
        for (name, kind) in kinds {
            let normalizer = try Self.normalizer(Self.recorded(kind["normalizer"] ?? .null, maps: maps))
            let checksums = try #require(kind["checksums"]?.array)
            try #require(checksums.count == texts.count)
            for (index, text) in texts.enumerated() {
                let (normalized, offsets) = try Self.tracked(text, normalizer)
                let place = "\(name): \(text.debugDescription)"
                #expect(try Array(normalizer.normalize(text).utf8) == Array(normalized.utf8), "\(place)")
                if let full = kind["full"]?["\(index)"]?.array {
                    #expect(normalized == full.first?.string, "\(place)")
                    #expect(offsets == full.last?.array?.compactMap(\.integer), "\(place)")
                }
                let numbers = normalized.unicodeScalars.map(\.value) + offsets.map { UInt32($0) }
                #expect(
                    TokenizerFixture.checksum(numbers) == checksums[index].integer,
                    "\(place) gives \(normalized.debugDescription) \(offsets)")
            }
        }
    }

    @Test func everyScalarBecomesWhatTheLibraryMakesOfIt() throws {
        let (json, maps, recorded) = (try Self.json("normalizers"), try Self.json("maps"), try #require(Self.json("scalars").object))
        let names = Array(recorded.keys)
        #expect(names.count == 5)
        let normalizers = try names.map { name in
            try Self.normalizer(Self.recorded(json["kinds"]?[name]?["normalizer"] ?? .null, maps: maps))
        }
        let first = try #require(recorded[names[0]]?.array).map { try #require($0.array?[0].integer) }
        #expect(first.count > 200)
        for (row, first) in first.enumerated() {
            let scalars = (first..<first + 256).compactMap { Unicode.Scalar(UInt32($0)) }
            let text = scalars.map { "\($0)\u{94D}\u{915}\u{300}" }.joined()
            for (name, normalizer) in zip(names, normalizers) {
                let checksum = try TokenizerFixture.checksum(normalizer.normalize(text).unicodeScalars.lazy.map(\.value))
                let expected = try #require(recorded[name]?.array?[row].array)
                #expect(expected == [.integer(first), .integer(checksum)], "\(name)")
            }
        }
    }

    /// Names that the library takes, and files without a name.
    @Test func oldSpellings() throws {
        let spellings: [(JSON, String)] = [
            (["type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true], " a 的 "),
            (["type": "Bert", "clean_text": true, "handle_chinese_chars": true, "lowercase": true, "strip_accents": nil], " a 的 "),
            (["type": "Bert", "clean_text": true, "handle_chinese_chars": false, "lowercase": false], " Á的"),
            (["clean_text": false, "handle_chinese_chars": false, "lowercase": true, "strip_accents": false], "\tá的"),
            (["strip_left": true, "strip_right": false], "Á的"),
            (["type": "StripNormalizer", "strip_left": true, "strip_right": false], "Á的"),
            (["type": "x", "prepend": "▁"], "▁\tÁ的"),
            (["pattern": ["String": "\t"], "content": "x"], "xÁ的"),
            (["normalizers": [["type": "Lowercase"], ["prepend": "x"]]], "x\tá的"),
        ]
        for (json, expected) in spellings {
            #expect(try Self.normalizer(json).normalize("\tÁ的") == expected, "\(json)")
        }
    }

    private func error(_ json: JSON) throws -> String {
        let error = #expect(throws: TokenizerError.self) { try Self.normalizer(json) }
        return error?.description ?? ""
    }

    @Test func whatTheLibraryDoesNotReadIsRefused() throws {
        #expect(try error(["type": "Strip"]).contains("normalizer.strip_left: is missing"))
        #expect(try error(["type": "Strip", "strip_left": true, "strip_right": 1]).contains("strip_right: is neither"))
        #expect(try error(["type": "BertNormalizer"]).contains("'BertNormalizer' is not supported"))
        #expect(try error(["type": "Bert", "clean_text": true]).contains("lowercase: is missing"))
        #expect(try error(["type": "Prepend"]).contains("prepend: is missing"))
        #expect(try error(["type": "Sequence"]).contains("normalizers: is missing"))
        #expect(try error(["type": "Sequence", "normalizers": [nil]]).contains("normalizers[0].type: is missing"))
        #expect(try error(["type": "lowercase"]).contains("'lowercase' is not supported"))
        #expect(try error([:]).contains("type: is missing"))
        #expect(try error(["type": "Replace", "pattern": "x", "content": "y"]).contains("pattern"))
        #expect(try error(["type": "Replace", "pattern": ["String": "x", "Regex": "x"], "content": "y"]).contains("pattern"))
        #expect(try error(["type": "Replace", "pattern": ["Regex": "("], "content": "y"]).contains("pattern.Regex"))
        let stages = JSON.array(Array(repeating: ["type": "Lowercase"], count: 1025))
        #expect(try error(["type": "Sequence", "normalizers": stages]).contains("more than 1024 stages"))
    }

    /// Any damage to a map is refused, at the latest where it matters, or does no harm.
    @Test func damagedMapsNeitherTrapNorLoop() throws {
        func map(_ bytes: [UInt8]) throws -> Normalizer {
            try Self.normalizer(["type": "Precompiled", "precompiled_charsmap": .string(Foundation.Data(bytes).base64EncodedString())])
        }
        func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        for text: JSON in ["", "AAAA", "A", "AAAAAA==", "????", "AAAAAB==", "AAAA AA=", "=", nil, 7] {
            #expect(
                try error(["type": "Precompiled", "precompiled_charsmap": text]).contains("normalizer.precompiled_charsmap"), "\(text)")
        }
        #expect(try error(["type": "Precompiled"]).contains("precompiled_charsmap: is missing"))
        // A trie that is not all there, that is of nothing, and a text that is not UTF-8.
        #expect(throws: TokenizerError.self) { try map(word(8) + word(0)) }
        #expect(throws: TokenizerError.self) { try map(word(.max) + word(0)) }
        #expect(throws: TokenizerError.self) { try map(word(0) + word(0)) }
        #expect(throws: TokenizerError.self) { try map(word(4) + word(0) + [0xFF, 0]) }
        // The children of the root are far away.
        #expect(throws: TokenizerError.self) { try map(word(4) + word(0xFFFF_FE00) + [0]) }

        let rules = try #require(Self.json("maps")["rules"]?.string)
        let whole = try #require(Base64.decode(rules))
        let trieSize = (0..<4).reduce(0) { $0 | Int(whole[$1]) << (8 * $1) }
        let text = "aÀﾊﾞﬁ\u{FDFA}\u{915}\u{300}\t\r\n\u{AD}漢字🙂"
        let expected = try map(whole).normalize(text)
        var (refused, changed) = (0, 0)
        var random = RandomGenerator(seed: 3)
        for round in 0..<150 {
            var bytes = whole
            switch round % 3 {
            case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            case 1: for _ in 0..<200 { bytes[Int.random(in: 4..<trieSize, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            default: for _ in 0..<8 { bytes[Int.random(in: 4..<4 + 4 * 512, using: &random)] = .max }
            }
            do {
                if try map(bytes).normalize(text) != expected { changed += 1 }
            } catch { refused += 1 }
        }
        #expect(refused > 25 && refused + changed < 150 && changed > 0)
    }

    /// A unit that leads back to itself is walked no longer than the text.
    @Test func aTrieInACircle() throws {
        func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        // By the byte 97, "a", the unit is its own child.
        var units = [UInt32](repeating: 0, count: 512)
        units[0] = 256 << 10
        units[256 ^ 97] = 97 | (97 << 10)
        let bytes = word(2048) + units.flatMap(word) + [0]
        let normalizer = try Self.normalizer([
            "type": "Precompiled", "precompiled_charsmap": .string(Foundation.Data(bytes).base64EncodedString()),
        ])
        #expect(try normalizer.normalize(String(repeating: "a", count: 5) + "\u{301}") == "aaaaa\u{301}")
    }

    @Test func aTextDoesNotFillTheMemory() throws {
        let growing: JSON = ["type": "Replace", "pattern": ["Regex": #"\s+"#], "content": .string(String(repeating: " a", count: 2000))]
        let normalizer = try Self.normalizer(["type": "Sequence", "normalizers": .array(Array(repeating: growing, count: 5))])
        #expect(try normalizer.normalize("ab") == "ab")
        let error = #expect(throws: TokenizerError.self) { try normalizer.normalize("a b") }
        #expect(error?.description.contains("normalizer: makes text too long") == true)
    }

    /// Above a length at which a text is no longer of one piece with anything.
    @Test func longTexts() throws {
        let json: JSON = ["type": "Sequence", "normalizers": [["type": "NFKC"], ["type": "StripAccents"], ["type": "Lowercase"]]]
        let normalizer = try Self.normalizer(json)
        let marks = String(repeating: "\u{301}\u{334}", count: 20_000)
        #expect(try normalizer.normalize("Q\(marks)ﬁ") == "qfi")
        let (text, offsets) = try Self.tracked("Q\(marks)ﬁ", normalizer)
        #expect(text == "qfi" && offsets == [0, 1, 80_001, 80_004, 80_001, 80_004])
    }

    @Test func base64() {
        for count in 0...9 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 0xFE &- 37 * $0) }
            let text = Foundation.Data(bytes).base64EncodedString()
            #expect(Base64.decode(text) == bytes)
            #expect(Base64.decode(text.replacing("=", with: "")) == bytes)
        }
        for text in ["A", "AAAAA", "AB==", "AAB=", "A===", "AA=A", "AA\n=", "A A=", "AA=", "é"] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
    }
}
