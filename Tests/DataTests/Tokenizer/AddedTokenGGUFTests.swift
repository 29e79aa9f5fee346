import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Tokens that are added to the tokenizers of GGUF files, against llama.cpp.
@Suite struct AddedTokenGGUFTests {
    private func forEachCase(_ body: (JSON, String, Tokenizer, [Int32], Int) throws -> Void) throws {
        let cases = try AddedTokenFixture.cases("gguf")
        try #require(cases.count == 3)
        for value in cases {
            let name = try #require(value["gguf"]?.string)
            let metadata = try AddedTokenFixture.gguf(name, fillers: #require(value["fillers"]?.integer))
            let (tokenizer, ids) = try Tokenizer(gguf: metadata).adding(AddedTokenFixture.tokens(value))
            try body(value, name, tokenizer, ids, try #require(metadata["tokenizer.ggml.tokens"]?.strings).count)
        }
    }

    @Test func tokensTakeTheUnusedPlaces() throws {
        try forEachCase { value, name, tokenizer, ids, count in
            #expect(JSON.array(ids.map { .integer(Int($0)) }) == value["ids"], "\(name)")
            #expect(tokenizer.vocabularySize == value["size"]?.integer && tokenizer.vocabularySize < count, "\(name)")
            try AddedTokenFixture.expectIDs(tokenizer, value, name)
            for text in try #require(value["texts"]?.array).compactMap(\.string) {
                let ids = try tokenizer.encode(text)
                for skip in [false, true] {
                    #expect(
                        AddedTokenFixture.streamed(ids, tokenizer, skip: skip) == tokenizer.decode(ids, skipSpecialTokens: skip), "\(name)")
                }
            }
        }
    }

    @Test func theListIsWrittenWithTheTokens() throws {
        try forEachCase { value, name, tokenizer, ids, count in
            let exported = AddedTokenFixture.metadata(try tokenizer.ggufMetadata(vocabularySize: count))
            let tokens = try #require(exported["tokenizer.ggml.tokens"]?.strings)
            let types = try #require(exported["tokenizer.ggml.token_type"]?.ints)
            let list = try #require(value["list"]?.array)
            #expect(tokens.suffix(list.count).map { .string($0) } == list.map { $0.array?.first }, "\(name)")
            #expect(types.suffix(list.count).map { .integer($0) } == list.map { $0.array?.last }, "\(name)")
            // A word of the vocabulary is found like the others.
            #expect(types[Int(ids[6])] == 4 && tokens[Int(ids[6])] == "er", "\(name)")
            let again = try Tokenizer(gguf: exported)
            #expect(again.vocabularySize == tokenizer.vocabularySize, "\(name)")
            try AddedTokenFixture.expectIDs(again, value, name)

            let folder = try Paths.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try tokenizer.writeHuggingFaceFiles(to: folder)
            try AddedTokenFixture.expectIDs(Tokenizer(folder: folder), value, name)
        }
    }

    /// Ids go on behind the list where it has no places left.
    @Test(arguments: [0, 2, 6]) func placesMayNotSuffice(fillers: Int) throws {
        let value = try #require(AddedTokenFixture.cases("gguf").first)
        let metadata = try AddedTokenFixture.gguf("formats/bpe.gguf", fillers: fillers)
        let (tokenizer, ids) = try Tokenizer(gguf: metadata).adding(AddedTokenFixture.tokens(value))
        #expect(JSON.array(ids.map { .integer(Int($0)) }) == value["ids"])
        try AddedTokenFixture.expectIDs(Tokenizer(gguf: AddedTokenFixture.metadata(tokenizer.ggufMetadata())), value, "\(fillers)")
    }

    /// Only unused tokens of the names that converters give are no tokens, and none that a key names.
    @Test func otherTokensKeepTheirPlaces() throws {
        let count = 705
        func size(_ change: (inout GGUFMetadata) -> Void) throws -> Int {
            var metadata = try AddedTokenFixture.gguf("formats/bpe.gguf", fillers: 5)
            change(&metadata)
            return try Tokenizer(gguf: metadata).vocabularySize
        }
        #expect(try size { _ in } == count)
        #expect(try size { $0["tokenizer.ggml.padding_token_id"] = .uint32(UInt32(count + 1)) } == count + 2)
        #expect(try size { $0["tokenizer.ggml.padding_token_id"] = .uint32(.max) } == count)
        #expect(
            try size { metadata in
                var tokens = metadata["tokenizer.ggml.tokens"]?.strings ?? []
                tokens[count + 2] = "<unused>"
                metadata["tokenizer.ggml.tokens"] = .array(.string(tokens))
            } == count + 3)
        #expect(
            try size { metadata in
                var types = metadata["tokenizer.ggml.token_type"]?.ints ?? []
                types[count + 3] = 4
                metadata["tokenizer.ggml.token_type"] = .array(.int64(types.map { Int64($0) }))
            } == count + 4)
    }

    /// What llama.cpp would find elsewhere, or make of pieces.
    @Test func tokensThatLlamaCppFindsElsewhereAreNotExported() throws {
        func error(_ value: JSON, _ token: AddedToken) throws -> String {
            let (tokenizer, _) = try AddedTokenFixture.tokenizer(value).adding([token])
            let error = #expect(throws: TokenizerError.self) { try tokenizer.ggufMetadata() }
            return error?.description ?? ""
        }
        let general: JSON = ["tokenizer_class": "PreTrainedTokenizerFast"]
        let bytes: JSON = ["files": ["tokenizer.json": "formats/bpe.json"], "config": general]
        let pieces: JSON = ["files": ["tokenizer.json": "formats/spm.json"], "config": general]
        for token in [AddedToken("<a>", isSingleWord: true), AddedToken("<a>", stripsLeft: true), AddedToken("<a>", stripsRight: true)] {
            #expect(try error(bytes, token).contains("the added token '<a>' is found by rules of its own"))
        }
        #expect(try error(pieces, AddedToken("<a>")).contains(#"'<a>' is found after a space only; add it with "normalized": false"#))
        #expect(try error(pieces, AddedToken("▁<a>", isNormalized: false)).contains("takes the ▁ of the added token '▁<a>' for a space"))
        for (value, token) in [
            (bytes, AddedToken("<a>")), (bytes, AddedToken("▁<a>")), (pieces, AddedToken("<a>", isNormalized: false)),
            (pieces, AddedToken("▁the", isNormalized: false)), (pieces, AddedToken("<a>", isSpecial: true)),
        ] {
            let tokenizer = try AddedTokenFixture.tokenizer(value).adding([token]).tokenizer
            let again = try Tokenizer(gguf: AddedTokenFixture.metadata(tokenizer.ggufMetadata()))
            for text in ["x<a>y <a>", "<a><a> b", " <a> the▁<a>", "the bathe"] {
                #expect(try again.encode(text) == tokenizer.encode(text), "\(token): \(text)")
            }
        }
    }
}
