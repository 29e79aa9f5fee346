import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Tokens that are added to a tokenizer, against `transformers`.
@Suite struct AddedTokenTests {
    private func forEachCase(_ body: (JSON, String, Tokenizer, [Int32]) throws -> Void) throws {
        let cases = try AddedTokenFixture.cases("files")
        try #require(cases.count == 13)
        for value in cases {
            let name = try #require(value["name"]?.string)
            let (tokenizer, ids) = try AddedTokenFixture.tokenizer(value).adding(AddedTokenFixture.tokens(value))
            try body(value, name, tokenizer, ids)
        }
    }

    @Test func idsAndSwitchesAreThoseOfTransformers() throws {
        try forEachCase { value, name, tokenizer, ids in
            #expect(JSON.array(ids.map { .integer(Int($0)) }) == value["ids"], "\(name)")
            #expect(tokenizer.vocabularySize == value["size"]?.integer, "\(name)")
            #expect(FileFixture.added(tokenizer) == value["added"], "\(name)")
            try AddedTokenFixture.expectIDs(tokenizer, value, name)
        }
    }

    @Test func offsetsAndDecodedTextsAreThoseOfTransformers() throws {
        try forEachCase { value, name, tokenizer, _ in
            let texts = try #require(value["texts"]?.array).map { try #require($0.string) }
            let offsets = try #require(value["offsets"]?.array)
            let decoded = try #require(value["decoded"]?.array)
            #expect(offsets.count { $0 != .null } * 3 > 2 * texts.count, "\(name)")
            for (index, text) in texts.enumerated() {
                let tokens = try tokenizer.encodeWithOffsets(text)
                let bounds = tokens.offsets.flatMap { [UInt32($0.lowerBound), UInt32($0.upperBound)] }
                #expect(
                    offsets[index] == .null || .integer(TokenizerFixture.checksum(bounds)) == offsets[index],
                    "\(name): \(text.debugDescription) gives \(tokens.offsets)")
                for skip in [false, true] {
                    let back = tokenizer.decode(tokens.ids, skipSpecialTokens: skip)
                    #expect(
                        .integer(TokenizerFixture.checksum(back.utf8.map { UInt32($0) })) == decoded[2 * index + (skip ? 1 : 0)],
                        "\(name): \(text.debugDescription) comes back as \(back.debugDescription)")
                    #expect(AddedTokenFixture.streamed(tokens.ids, tokenizer, skip: skip) == back, "\(name): \(text.debugDescription)")
                }
            }
        }
    }

    @Test func aWrittenFolderIsTheSameTokenizer() throws {
        try forEachCase { value, name, tokenizer, _ in
            let folder = try Paths.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try tokenizer.writeHuggingFaceFiles(to: folder)
            let again = try Tokenizer(folder: folder)
            #expect(again.vocabularySize == tokenizer.vocabularySize, "\(name)")
            try AddedTokenFixture.expectIDs(again, value, name)
        }
    }

    /// One after the other is all at once.
    @Test func tokensMayBeAddedAgain() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        let tokens = [AddedToken("<a>"), AddedToken("b c", isSpecial: true), AddedToken("<d>", stripsLeft: true)]
        let (whole, ids) = try tokenizer.adding(tokens)
        var step = tokenizer
        for (token, id) in zip(tokens, ids) {
            let next = try step.adding([token])
            #expect(next.ids == [id])
            step = next.tokenizer
        }
        let text = "x<a>y b c <d>the <a>"
        #expect(try step.encode(text) == whole.encode(text) && step.vocabularySize == tokenizer.vocabularySize + 3)
        #expect(try whole.adding(tokens).ids == ids && whole.adding(tokens).tokenizer.vocabularySize == whole.vocabularySize)
        #expect(try tokenizer.encode(text) != whole.encode(text))
        let nothing = try tokenizer.adding([])
        #expect(try nothing.ids.isEmpty && nothing.tokenizer.encode(text) == tokenizer.encode(text))
    }

    @Test func anEndByItsNameEndsGeneration() throws {
        let folder = try TokenizerFixture.folder(files: [
            "tokenizer.json": FormatFixture.json("spm.json").serialized, "tokenizer_config.json": #"{"eos_token": "</s>"}"#,
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (tokenizer, ids) = try Tokenizer(folder: folder).adding([AddedToken("<|im_end|>", isSpecial: true), AddedToken("<x>")])
        #expect(tokenizer.endIDs == [2, ids[0]] && tokenizer.isSpecial(ids[0]) && !tokenizer.isSpecial(ids[1]))
    }

    // MARK: JSON

    @Test func jsonIsThatOfTokenizers() throws {
        let token = AddedToken("<é>", isSpecial: true, isSingleWord: true, stripsRight: true)
        #expect(
            token.json.serialized
                == #"{"content":"<é>","single_word":true,"lstrip":false,"rstrip":true,"normalized":false,"special":true}"#)
        #expect(try AddedToken(json: token.json) == token && AddedToken(json: "a") == AddedToken("a"))
        #expect(AddedToken("a").isNormalized && !AddedToken("a", isSpecial: true).isNormalized)
        #expect(try AddedToken(json: ["content": "a", "special": true]) == AddedToken("a", isSpecial: true))
        #expect(try AddedToken(json: ["__type": "AddedToken", "content": "a", "normalized": nil]) == AddedToken("a"))
    }

    @Test func jsonOfNoTokenIsRefused() throws {
        for (json, complaint) in [
            (["content": "a", "strip": true], "the added token: has a field 'strip'; those of a token are content, single_word"),
            (["content": "a", "id": 3], "has a field 'id'"), (["__type": "x", "content": "a"], "has a field '__type'"),
            (["special": true], "content is missing"), (["content": 3], "content is not a string"),
            (["content": "a", "lstrip": 1], "lstrip is neither true nor false"), (3, "is neither a text nor an object"),
            (.null, "is neither a text nor an object"), ("", "has no text"), (["content": ""], "has no text"),
            (.string(String(repeating: "é", count: 513)), "is 1026 bytes long; a token may have 1024"),
        ] as [(JSON, String)] {
            let error = #expect(throws: TokenizerError.self) { try AddedToken(json: json) }
            #expect(error?.description.contains(complaint) ?? false, "\(error?.description ?? "")")
        }
        #expect(throws: Never.self) { try AddedToken(json: .string(String(repeating: "é", count: 512))) }
    }

    // MARK: Refused

    @Test func whatCannotBeATokenIsRefused() throws {
        let tokenizer = try TokenizerFixture.tokenizer()
        func error(_ tokens: [AddedToken], _ tokenizer: Tokenizer) -> String {
            let error = #expect(throws: TokenizerError.self) { try tokenizer.adding(tokens) }
            return error?.description ?? ""
        }
        #expect(error([AddedToken("a"), AddedToken("")], tokenizer).contains("added token 2: has no text"))
        let twice = error([AddedToken("<a>"), AddedToken("b"), AddedToken("<a>", isSpecial: true)], tokenizer)
        #expect(twice.contains("added token 3: '<a>' has other switches than added token 1"))
        #expect(error([AddedToken(String(repeating: "x", count: 100_000))], tokenizer).contains("is 100000 bytes long"))
        // Canonically equivalent texts are two.
        let two = try tokenizer.adding([AddedToken("<\u{E9}>", isSpecial: true), AddedToken("<e\u{301}>")])
        #expect(two.ids[1] == two.ids[0] + 1)

        // A text that the normalizer takes away or makes another's, and one with a token in it that is found first.
        let bert = try AddedTokenFixture.tokenizer([
            "files": ["vocab.txt": "files/vocab.txt"], "config": ["tokenizer_class": "BertTokenizer"],
        ])
        #expect(error([AddedToken("\u{0}")], bert).contains("is never found"))
        let other = error([AddedToken("<New>"), AddedToken("<new>")], bert)
        #expect(other.contains("the added token '<new>': is never found") && other.contains(#""normalized": false"#))
        #expect(throws: Never.self) { try bert.adding([AddedToken("<New>"), AddedToken("<new>", isNormalized: false)]) }
        #expect(error([AddedToken("a[SEP]b")], bert).contains("the added token 'a[SEP]b': is never found"))
    }

    /// The next id is that after the number of tokens, whatever the highest id is.
    @Test func idsThatAreTakenAreRefused() throws {
        let folder = try TokenizerFixture.folder(files: [
            "tokenizer.json": #"{"added_tokens": [], "model": {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0, "b": 3}}}"#
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tokenizer = try Tokenizer(folder: folder)
        #expect(try tokenizer.adding([AddedToken("c")]).ids == [2])
        let error = #expect(throws: TokenizerError.self) { try tokenizer.adding([AddedToken("c"), AddedToken("d")]) }
        #expect(error?.description.contains("the added token 'd': would get the id 3, which 'b' has") ?? false)
    }
}
