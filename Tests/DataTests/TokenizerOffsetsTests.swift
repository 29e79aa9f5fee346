import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Which bytes of a text its tokens stand for, against the Hugging Face libraries; `make_offsets.py` recorded them.
@Suite struct TokenizerOffsetsTests {
    /// Tokenizers that drop bytes, as they have neither a token for them nor an unknown one. In the library the
    /// offsets of all tokens after them in a word are off by their length. Here the token before takes them.
    private static let droppingBytes = ["missing bytes", "llama2, no unknown"]

    private static func expected() throws -> (texts: [String], JSON) {
        let json = try TokenizerFixture.json("offsets.json")
        let texts = try #require(json["texts"]?.array).map { try #require($0.string) }
        try #require(texts.count > 130)
        return (texts, json)
    }

    private func variants(_ body: (String, Tokenizer) throws -> Void) throws {
        for variant in try #require(TokenizerFixture.json("variants.json").array) {
            let files = try #require(variant["files"]?.object)
            let folder = try TokenizerFixture.folder(
                fields: #require(variant["fields"]?.object), model: #require(variant["model"]?.object),
                files: Dictionary(uniqueKeysWithValues: files.map { ($0.key, try #require($0.value.string)) }))
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try body(try #require(variant["name"]?.string), Tokenizer(folder: folder))
        }
    }

    private func kinds(_ body: (String, Tokenizer) throws -> Void) throws {
        for (name, kind) in try #require(FormatFixture.json("kinds.json").object) {
            let folder = try FormatFixture.folder(kind)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try body(name, Tokenizer(folder: folder))
        }
    }

    /// - Parameter onlySameIDs: Passes over texts of which the tokenizer makes other tokens than the one recorded.
    private func expectOffsets(
        of tokenizer: Tokenizer, _ name: String, _ group: String, recordedAs recorded: String? = nil, onlySameIDs: Bool = false
    ) throws {
        let (texts, json) = try Self.expected()
        let record = try #require(json[group]?[recorded ?? name])
        let (ids, offsets) = (try #require(record["ids"]?.array), try #require(record["offsets"]?.array))
        try #require(ids.count == texts.count && offsets.count == texts.count)
        var compared = 0
        for (index, text) in texts.enumerated() {
            let tokens = try tokenizer.encodeWithOffsets(text)
            #expect(try tokens.ids == tokenizer.encode(text), "\(name): \(text.debugDescription)")
            try #require(tokens.ids.count == tokens.offsets.count)
            let isSame = TokenizerFixture.checksum(tokens.ids.map { UInt32($0) }) == ids[index].integer
            if onlySameIDs, !isSame { continue }
            #expect(isSame, "\(name): \(text.debugDescription)")
            compared += 1
            if Self.droppingBytes.contains(name) {
                try expectCovered(text, tokens, name, by: tokenizer)
                continue
            }
            let bounds = tokens.offsets.flatMap { [$0.lowerBound, $0.upperBound] }
            if let full = record["full"]?["\(index)"]?.array {
                #expect(bounds == full.compactMap(\.integer), "\(name): \(text.debugDescription)")
            }
            #expect(
                TokenizerFixture.checksum(bounds.map { UInt32($0) }) == offsets[index].integer,
                "\(name): \(text.debugDescription) gives \(tokens.offsets)")
        }
        #expect(compared > 100, "\(name)")
    }

    /// That the ranges are inside the text, in order and of whole characters, and leave out only characters for
    /// which there is a reason.
    private func expectCovered(_ text: String, _ tokens: TokenOffsets, _ name: String, by tokenizer: Tokenizer) throws {
        let bytes = Array(text.utf8)
        let place = "\(name): \(text.debugDescription)"
        var previous = 0..<0
        for range in tokens.offsets {
            #expect(0 <= range.lowerBound && range.upperBound <= bytes.count && !range.isEmpty, "\(place)")
            #expect(previous.lowerBound <= range.lowerBound && previous.upperBound <= range.upperBound, "\(place)")
            #expect([range.lowerBound, range.upperBound].allSatisfy { $0 == bytes.count || bytes[$0] & 0xC0 != 0x80 }, "\(place)")
            previous = range
        }
        var byte = 0
        for scalar in text.unicodeScalars {
            let range = byte..<byte + UTF8.width(scalar)
            byte = range.upperBound
            let first = tokens.firstToken(at: range.lowerBound)
            #expect(range.allSatisfy { tokens.firstToken(at: $0) == first }, "\(place)")
            if first == nil, try !mayDisappear(scalar, name, tokenizer) {
                Issue.record("\(place): \(scalar.debugDescription) at \(range) is in no range of \(tokens.offsets)")
            }
        }
    }

    /// Whether a character may be without a token: a word may be dropped as a whole, and a normalizer composes a
    /// character with the one before it, or takes it away.
    private func mayDisappear(_ scalar: Unicode.Scalar, _ name: String, _ tokenizer: Tokenizer) throws -> Bool {
        if Self.droppingBytes.contains(name) { return try tokenizer.encode(String(scalar)).isEmpty }
        guard tokenizer.normalizer != nil else { return false }
        let isMark = [.nonspacingMark, .spacingMark].contains(scalar.properties.generalCategory)
        return isMark || 0x1160...0x11FF ~= scalar.value || name == "prepend and replace" && scalar == "a"
    }

    @Test func variantsHaveTheLibrarysOffsets() throws {
        try variants { try expectOffsets(of: $1, $0, "variants") }
    }

    @Test func kindsHaveTheLibrarysOffsets() throws {
        try kinds { try expectOffsets(of: $1, $0, "kinds") }
    }

    @Test(arguments: [("spm", "llama2"), ("bpe", "qwen2")])
    func ggufTokenizersHaveTheOffsetsOfTheirKind(file: String, kind: String) throws {
        try expectOffsets(
            of: Tokenizer(gguf: FormatFixture.gguf(file)), file, "kinds", recordedAs: kind, onlySameIDs: true)
    }

    @Test(
        .enabled(if: Paths.shared("tokenizers") != nil),
        arguments: ["minimind-v2", "minimind-v3"])
    func publishedTokenizersHaveTheLibrarysOffsets(name: String) throws {
        let folder = try #require(Paths.shared("tokenizers/\(name)"))
        try expectOffsets(of: Tokenizer(folder: folder), name, "published")
    }

    @Test func randomTextsAreCovered() throws {
        var random = RandomGenerator(seed: 7)
        let texts = (0..<60).map { _ in randomText(&random) }
        func check(_ name: String, _ tokenizer: Tokenizer) throws {
            for text in texts {
                let tokens = try tokenizer.encodeWithOffsets(text)
                #expect(try tokens.ids == tokenizer.encode(text), "\(name): \(text.debugDescription)")
                try expectCovered(text, tokens, name, by: tokenizer)
            }
        }
        try variants(check)
        try kinds(check)
    }

    @Test func aTokenIsFoundByAByte() throws {
        let tokens = try TokenizerFixture.tokenizer().encodeWithOffsets("a\u{1F996}<|im_end|>")
        #expect(tokens.offsets.first == 0..<1 && tokens.offsets.last == 5..<15)
        #expect(tokens.offsets.dropFirst().dropLast().allSatisfy { $0 == 1..<5 })
        #expect(tokens.ids.count > 3)
        #expect((1..<5).allSatisfy { tokens.firstToken(at: $0) == 1 })
        #expect((5..<15).allSatisfy { tokens.firstToken(at: $0) == tokens.ids.count - 1 })
        #expect(tokens.firstToken(at: 15) == nil && tokens.firstToken(at: -1) == nil)
        #expect(try TokenizerFixture.tokenizer().encodeWithOffsets("") == TokenOffsets())
    }

    /// Words below and above the lengths up to which a word is kept for the next time, and storage for it.
    @Test func longWordsHaveOffsets() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        for count in [1, 32, 33, 150, 40_000] {
            let text = String(repeating: "é", count: count)
            let tokens = try tokenizer.encodeWithOffsets(text)
            #expect(try tokens.ids == tokenizer.encode(text))
            #expect(try tokens == tokenizer.encodeWithOffsets(text))
            var end = 0
            for range in tokens.offsets {
                #expect(range.lowerBound <= end && range.upperBound >= end)
                end = range.upperBound
            }
            #expect(end == 2 * count)
        }
    }

    /// Characters of every plane among those that tokenizers treat in ways of their own.
    private func randomText(_ random: inout RandomGenerator) -> String {
        let known = Array("aeoux 1▁的<>\n\r\u{301}\u{323}\u{334}\u{1100}\u{1161}\u{11A8}\u{212B}\u{FB01}\u{3000}éÅ🙂\u{200D}".unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: text += ["<|im_end|>", "<s>", "aa", "  "].randomElement(using: &random)?.unicodeScalars ?? .init()
            case 1, 2: text.append(Unicode.Scalar(UInt32.random(in: 0..<0x11_0000, using: &random)) ?? "x")
            case 3: text.append(Unicode.Scalar(UInt32.random(in: 0..<0x3000, using: &random)) ?? "x")
            default: text.append(known.randomElement(using: &random) ?? "x")
            }
        }
        return String(text)
    }
}
