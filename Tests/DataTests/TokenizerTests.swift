import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Equality with the Hugging Face libraries, id for id and byte for byte.
@Suite struct TokenizerTests {
    @Test func bundledTokenizerEncodesAndDecodesLikeTheLibrary() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let expected = try TokenizerFixture.json("expected.json")
        try expectDescription(of: tokenizer, expected)
        try expectCases(of: tokenizer, expected)
    }

    @Test func variantsEncodeAndDecodeLikeTheLibrary() throws {
        let variants = try #require(TokenizerFixture.json("variants.json").array)
        #expect(variants.count == 23)
        for variant in variants {
            let files = try #require(variant["files"]?.object)
            let folder = try TokenizerFixture.folder(
                fields: #require(variant["fields"]?.object), model: #require(variant["model"]?.object),
                files: Dictionary(uniqueKeysWithValues: files.map { ($0.key, try #require($0.value.string)) }))
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let name = try #require(variant["name"]?.string)
            let tokenizer = try Tokenizer(folder: folder)
            try expectDescription(of: tokenizer, variant, name)
            try expectCases(of: tokenizer, variant, name)
        }
    }

    @Test(
        .enabled(if: Paths.shared("tokenizers") != nil),
        arguments: ["minimind-v2", "minimind-v3"])
    func publishedTokenizersMatchTheirGoldens(name: String) throws {
        let folder = try #require(Paths.shared("tokenizers/\(name)"))
        let tokenizer = try Tokenizer(folder: folder)
        let texts = try #require(TokenizerFixture.json(at: "\(folder)/golden.json")["texts"]?.array)
        #expect(texts.count >= 20)
        for entry in texts {
            let expected = try TokenizerCase(entry)
            #expect(try tokenizer.encode(expected.text) == expected.ids, "\(expected.text.debugDescription)")
            #expect(tokenizer.decode(expected.ids) == entry["decoded"]?.string)
            #expect(tokenizer.decode(expected.ids, skipSpecialTokens: true) == entry["decoded_skip_special"]?.string)
        }
        #expect(tokenizer.vocabularySize == 6400)
        #expect((tokenizer.padID, tokenizer.bosID, tokenizer.eosID) == (0, 1, 2))
        #expect(tokenizer.chatTemplate?.hasPrefix("{%") == true)
    }

    @Test func bytesOfATokenMayBePartOfACharacter() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let ids = try tokenizer.encode("\u{1F996}")
        #expect(ids.count > 1)
        #expect(ids.flatMap { tokenizer.bytes(of: $0) ?? [] } == Array("\u{1F996}".utf8))
        #expect(tokenizer.bytes(of: Int32(tokenizer.vocabularySize)) == nil)
        #expect(tokenizer.bytes(of: -1) == nil)
        #expect(tokenizer.decode([-1, 100_000]) == "")
    }

    @Test func tokensHaveTheIDsOfTheirSpelling() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        #expect(tokenizer.id(of: "<|im_end|>") == 2)
        #expect(tokenizer.isSpecial(2))
        #expect(try tokenizer.id(of: "Ġ") == tokenizer.encode(" ").first)
        #expect(tokenizer.id(of: "no such token") == nil)
    }

    /// A merge loop that looks at every pair for every merge would take hours here.
    @Test(arguments: ["x", "的", " ", "ab", "<", "'"])
    func longWordsTakeNoQuadraticTime(unit: String) throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let text = String(repeating: unit, count: 100_000)
        #expect(try computed(within: 60) { try tokenizer.decode(tokenizer.encode(text)) } == text)
    }

    /// Each line break takes all white space around it that is left.
    @Test func whiteSpaceThatManyTokensCouldTakeIsReadOnce() throws {
        for side in ["lstrip", "rstrip"] {
            let token: JSON = ["id": 600, "content": "\n", side: true, "normalized": false]
            let folder = try TokenizerFixture.folder(fields: ["added_tokens": [token]])
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let text = String(repeating: "\n ", count: 100_000)
            let tokenizer = try Tokenizer(folder: folder)
            #expect(try computed(within: 60) { try tokenizer.encode(text).count { $0 == 600 } } == 100_000)
        }
    }

    @Test func manyThreadsShareATokenizer() async throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let cases = try #require(TokenizerFixture.json("expected.json")["texts"]?.array).map(TokenizerCase.init)
        let expected = cases.map(\.ids)
        let texts = cases.map(\.text)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { try texts.map(tokenizer.encode) == expected }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }

    /// The cache of words starts over when it is full, and the ids stay the same.
    @Test func moreWordsThanTheCacheHolds() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let words = (0..<20_000).map { "w\($0)" }
        let once = try words.map(tokenizer.encode)
        #expect(try words.map(tokenizer.encode) == once)
        #expect(try tokenizer.encode(words.joined(separator: "\n")).count == once.map(\.count).reduce(words.count - 1, +))
    }

    private func expectDescription(of tokenizer: Tokenizer, _ expected: JSON, _ name: String = "") throws {
        #expect(tokenizer.bosToken == expected["bos"]?.string, "\(name)")
        #expect(tokenizer.eosToken == expected["eos"]?.string, "\(name)")
        #expect(tokenizer.padToken == expected["pad"]?.string, "\(name)")
        #expect(tokenizer.unkToken == expected["unk"]?.string, "\(name)")
        #expect(tokenizer.bosID.map(Int.init) == expected["bosID"]?.integer, "\(name)")
        #expect(tokenizer.eosID.map(Int.init) == expected["eosID"]?.integer, "\(name)")
        #expect(tokenizer.padID.map(Int.init) == expected["padID"]?.integer, "\(name)")
        #expect(tokenizer.vocabularySize == expected["vocabularySize"]?.integer, "\(name)")
        let template = tokenizer.chatTemplate.map { Array($0.utf8) }
        #expect(template == expected["chatTemplate"]?.string.map { Array($0.utf8) }, "\(name)")
    }

    private func expectCases(of tokenizer: Tokenizer, _ expected: JSON, _ name: String = "") throws {
        let texts = try #require(expected["texts"]?.array)
        let decodings = try #require(expected["decodings"]?.array)
        #expect(texts.count >= 20 && decodings.count >= 10)
        for entry in texts {
            let expected = try TokenizerCase(entry)
            #expect(try tokenizer.encode(expected.text) == expected.ids, "\(name): \(expected.text.debugDescription)")
        }
        for entry in decodings {
            let expected = try TokenizerCase(entry)
            // Bytes: equal strings may differ in their normalization.
            #expect(Array(tokenizer.decode(expected.ids).utf8) == Array(expected.text.utf8), "\(name): \(expected.ids)")
            let skipping = tokenizer.decode(expected.ids, skipSpecialTokens: true)
            #expect(Array(skipping.utf8) == expected.skipping.map { Array($0.utf8) }, "\(name): \(expected.ids)")
        }
    }
}
