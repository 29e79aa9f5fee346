import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// What `Fixtures/gguf/make_gguf.py` made, and which kinds of it can be read.
enum GGUFKindFixture {
    static func json(_ name: String) throws -> JSON { try FormatFixture.json("../gguf/\(name)") }

    static func texts() throws -> [String] {
        let texts = try #require(json("texts.json")["texts"]?.array).map { try #require($0.string) }
        try #require(texts.count == 300)
        return texts
    }

    static func metadata(_ name: String) throws -> GGUFMetadata { try FormatFixture.gguf("../gguf/\(name)") }

    private static let known = [
        GGUFSplit.gpt2, GGUFSplit.digits, GGUFSplit.llama3, GGUFSplit.qwen2, GGUFSplit.qwen35, GGUFSplit.untrained, GGUFSplit.falcon,
    ]

    /// Whether a row is none of those with scanners of their own.
    static func needsRegularExpressions(_ row: GGUFPreTokenizer) -> Bool { !known.contains(row.expressions) }

    static let hasRegularExpressions: Bool = {
        let split: JSON = ["type": "Split", "pattern": ["Regex": "x+y"], "behavior": "Isolated", "invert": false]
        return (try? PreTokenizer(JSONField(file: "", path: "", value: split))) != nil
    }()

    static func canRead(_ name: String) -> Bool { (try? Tokenizer(gguf: metadata(name))) != nil }

    /// Holds the ids of a row's tokenizer against llama.cpp's.
    static func expectIDs(of row: GGUFPreTokenizer) throws {
        var metadata = try FormatFixture.gguf("bpe")
        metadata["tokenizer.ggml.pre"] = .string(row.name)
        let tokenizer = try Tokenizer(gguf: metadata)
        let names = try json("names.json")
        let expected = try #require(names[row.name])
        #expect(tokenizer.addsBOS == expected["adds_bos"]?.bool, "\(row.name)")
        try expectIDs(tokenizer, expected["same"]?.string.flatMap { names[$0] } ?? expected, row.name)
    }

    static func expectIDs(_ tokenizer: Tokenizer, _ expected: JSON, _ name: String) throws {
        let checksums = try #require(expected["checksums"]?.array)
        let texts = try texts()
        try #require(checksums.count == texts.count)
        for (index, text) in texts.enumerated() {
            let ids = try tokenizer.encode(text)
            // Where the library and llama.cpp differ, the library's count.
            if let other = (expected["other"]?["\(index)"] ?? expected["full"]?["\(index)"])?.array {
                #expect(ids.map(Int.init) == other.map(\.integer), "\(name): \(text.debugDescription)")
            }
            if expected["other"]?["\(index)"] != nil { continue }
            #expect(
                TokenizerFixture.checksum(ids.map { UInt32($0) }) == checksums[index].integer,
                "\(name): \(text.debugDescription) gives \(ids)")
        }
    }
}

/// GGUF vocabularies whose stages are regular expressions, Unigram and WordPiece, against llama.cpp.
@Suite struct GGUFKindTests {
    @Test(.enabled(if: GGUFKindFixture.hasRegularExpressions, "regular expressions cannot be read"))
    func regularExpressionsEncodeLikeLlamaCpp() throws {
        let rows = GGUFPreTokenizer.all.filter(GGUFKindFixture.needsRegularExpressions)
        #expect(rows.count == 33)
        for row in rows { try GGUFKindFixture.expectIDs(of: row) }
    }

    @Test(.enabled(if: GGUFKindFixture.canRead("t5"), "Unigram cannot be read"))
    func unigramEncodesLikeLlamaCpp() throws { try expectKinds("t5", count: 3) }

    @Test(.enabled(if: GGUFKindFixture.canRead("bert"), "WordPiece cannot be read"))
    func wordPieceEncodesLikeLlamaCpp() throws { try expectKinds("bert", count: 3) }

    private func expectKinds(_ file: String, count: Int) throws {
        let kinds = try #require(GGUFKindFixture.json("kinds.json").object).filter { $0.key.hasPrefix(file) }
        #expect(kinds.count == count)
        for (name, kind) in kinds {
            let tokenizer = try Tokenizer(gguf: metadata(file, kind))
            #expect(tokenizer.addsBOS == kind["adds_bos"]?.bool, "\(name)")
            try GGUFKindFixture.expectIDs(tokenizer, kind, name)
        }
    }

    private func metadata(_ file: String, _ kind: JSON) throws -> GGUFMetadata {
        var metadata = try GGUFKindFixture.metadata(file)
        if file == "t5" {
            for key in ["remove_extra_whitespaces", "add_space_prefix"] { metadata["tokenizer.ggml.\(key)"] = nil }
        }
        for (flag, value) in try #require(kind["flags"]?.object) { metadata["tokenizer.ggml.\(flag)"] = .bool(value == true) }
        return metadata
    }

    @Test(.enabled(if: GGUFKindFixture.canRead("t5"), "Unigram cannot be read"))
    func exportedUnigramIsTheSame() throws {
        for (name, kind) in try #require(GGUFKindFixture.json("kinds.json").object) where name.hasPrefix("t5") {
            let original = try metadata("t5", kind)
            var exported = GGUFMetadata()
            for (key, value) in try Tokenizer(gguf: original).ggufMetadata(vocabularySize: 130) { exported[key] = value }
            for key in ["tokens", "scores", "token_type"] {
                #expect(exported["tokenizer.ggml.\(key)"]?.array != nil, "\(name)")
            }
            #expect(exported["tokenizer.ggml.precompiled_charsmap"]?.array == original["tokenizer.ggml.precompiled_charsmap"]?.array)
            try GGUFKindFixture.expectIDs(Tokenizer(gguf: exported), kind, name)
        }
    }

    // MARK: Definitions

    @Test func unigramDefinition() throws {
        let metadata = try GGUFKindFixture.metadata("t5")
        let definition = try #require(GGUFVocabulary(metadata, "t5.gguf").unigramDescription().definition.value)
        let tokens = try #require(metadata["tokenizer.ggml.tokens"]?.strings)
        let vocab = try #require(definition["model"]?["vocab"]?.array)
        // Two unused rows at the end are none.
        #expect(vocab.count == tokens.count - 2 && definition["model"]?["unk_id"] == .integer(2))
        for (id, piece) in vocab.enumerated() { #expect(piece.array?.first?.string == tokens[id]) }
        let scores = try #require(metadata["tokenizer.ggml.scores"]?.floats)
        #expect(vocab[10].array?.last?.number == Double(scores[10]) && vocab[3].array?.last?.number == 0)
        let normalizers = try #require(definition["normalizer"]?["normalizers"]?.array)
        #expect(normalizers.map { $0["type"]?.string } == ["Precompiled", "Replace", "Replace", "Prepend", "Replace"])
        let map = try #require(normalizers[0]["precompiled_charsmap"]?.string.flatMap { Foundation.Data(base64Encoded: $0) })
        #expect(metadata["tokenizer.ggml.precompiled_charsmap"]?.ints == map.map { Int($0) })
        for (mergesSpaces, addsSpace) in [(true, true), (false, true), (false, false)] {
            for charsmap in [nil, "AAAA"] {
                let normalizer = GGUFUnigramNormalizer(charsmap: charsmap, mergesSpaces: mergesSpaces, addsSpace: addsSpace)
                #expect(GGUFUnigramNormalizer(normalizer.definition) == normalizer)
            }
        }
        #expect(GGUFUnigramNormalizer(["type": "NFKC"]) == nil && GGUFUnigramNormalizer(.null) == nil)
    }

    @Test func wordPieceDefinition() throws {
        let definition = try #require(GGUFVocabulary(GGUFKindFixture.metadata("bert"), "bert.gguf").wordPieceDescription().definition.value)
        let vocab = try #require(definition["model"]?["vocab"]?.object)
        #expect(vocab["[CLS]"] == .integer(2) && vocab["the"] != nil && vocab["##e"] != nil && vocab["▁the"] == nil)
        #expect(definition["model"]?["unk_token"] == .string("[UNK]"))
        #expect(definition["normalizer"]?["strip_accents"] == true && definition["normalizer"]?["lowercase"] == true)
    }

    @Test func hostileUnigram() throws {
        func error(_ change: (inout GGUFMetadata) -> Void) throws -> String {
            var metadata = try GGUFKindFixture.metadata("t5")
            change(&metadata)
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: metadata, name: "a.gguf") }
            return error?.description ?? ""
        }
        let count = try #require(GGUFKindFixture.metadata("t5")["tokenizer.ggml.tokens"]?.strings).count
        func types(_ id: Int, _ type: Int32) -> GGUFValue {
            var types = [Int32](repeating: 1, count: count)
            types[id] = type
            return .array(.int32(types))
        }
        for score: Float in [.infinity, -.infinity, .nan] {
            #expect(
                try error { $0["tokenizer.ggml.scores"] = .array(.float32(Array(repeating: score, count: count))) }.contains(
                    "scores[0]: is not a"))
        }
        #expect(try error { $0["tokenizer.ggml.scores"] = nil }.contains("scores: is missing"))
        #expect(try error { $0["tokenizer.ggml.unknown_token_id"] = .uint32(.max) }.contains("unknown_token_id: is missing"))
        #expect(try error { $0["tokenizer.ggml.token_type"] = types(7, 6) }.contains("token_type[7]: tokens of bytes"))
        #expect(try error { $0["tokenizer.ggml.precompiled_charsmap"] = .string("x") }.contains("charsmap: is not a list of bytes"))
        #expect(try error { $0["tokenizer.ggml.precompiled_charsmap"] = .array(.int32([1])) }.contains("charsmap: is not a list of bytes"))
        #expect(try error { $0["tokenizer.ggml.add_space_prefix"] = .uint8(1) }.contains("add_space_prefix: is not true or false"))
        #expect(try error { $0["tokenizer.ggml.add_eos_token"] = .uint8(1) }.contains("add_eos_token: is not true or false"))
        // A map that is damaged is the normalizer's to refuse.
        #expect(try !error { $0["tokenizer.ggml.precompiled_charsmap"] = .array(.uint8([1, 2, 3])) }.isEmpty)
    }

    @Test func hostileWordPiece() throws {
        let tokens = try #require(GGUFKindFixture.metadata("bert")["tokenizer.ggml.tokens"]?.strings)
        func error(_ change: (inout GGUFMetadata) -> Void) throws -> String {
            var metadata = try GGUFKindFixture.metadata("bert")
            change(&metadata)
            let error = #expect(throws: TokenizerError.self) { try Tokenizer(gguf: metadata, name: "a.gguf") }
            return error?.description ?? ""
        }
        func replacing(_ token: String) -> GGUFValue {
            var other = tokens
            other[9] = token
            return .array(.string(other))
        }
        #expect(try error { $0["tokenizer.ggml.tokens"] = replacing("▁") }.contains("tokens[9]: a token that is the start of any word"))
        // In tokenizer.json both would be [CLS].
        #expect(try error { $0["tokenizer.ggml.tokens"] = replacing("▁[CLS]") }.contains("tokens[9]: '[CLS]' is there in another spelling"))
        #expect(try error { $0["tokenizer.ggml.unknown_token_id"] = .int32(-1) }.contains("unknown_token_id: is missing"))
        #expect(try error { $0["tokenizer.ggml.normalizer.lowercase"] = .uint8(1) }.contains("lowercase: is not true or false"))
        #expect(try error { $0["tokenizer.ggml.token_type"] = .array(.int32([1])) }.contains("has 1 types for"))
    }
}
