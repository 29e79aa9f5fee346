import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Broken and foreign tokenizers: one typed error that names the file, the field and the way out.
@Suite struct TokenizerErrorTests {
    /// The error of a folder, which has to have one.
    private func error(of folder: String) throws -> TokenizerError {
        try #require(throws: TokenizerError.self) { try Tokenizer(folder: folder) }
    }

    /// The error of the bundled tokenizer with other fields.
    private func error(fields: JSONObject = [:], model: JSONObject = [:]) throws -> TokenizerError {
        let folder = try TokenizerFixture.folder(fields: fields, model: model)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let error = try error(of: folder)
        #expect(error.description.hasPrefix("\(folder)/tokenizer.json: "))
        return error
    }

    private func expectMalformed(_ error: TokenizerError, _ field: String, _ reason: String) {
        guard case .malformed(_, field, let actual) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(actual.contains(reason), "\(error)")
        #expect(error.description.contains("\(field): ") && error.description.contains("correct the field"))
    }

    private func expectUnsupported(_ error: TokenizerError, _ field: String, _ reason: String) {
        guard case .unsupported(_, field, let actual) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(actual.contains(reason), "\(error)")
        #expect(error.description.contains("\(field): ") && error.description.contains("use a tokenizer that does without it"))
    }

    @Test func missingFilesAndFolders() throws {
        let empty = try TokenizerFixture.folder(files: [:])
        defer { try? FileManager.default.removeItem(atPath: empty) }
        for folder in [empty, "\(empty)/none", "\(empty)\0"] {
            guard case .unreadable(let file, _) = try error(of: folder) else {
                Issue.record("not unreadable")
                continue
            }
            #expect(file == folder)
        }
        try FileManager.default.createDirectory(atPath: "\(empty)/tokenizer.json", withIntermediateDirectories: false)
        #expect(try error(of: empty) == .unreadable(file: "\(empty)/tokenizer.json", reason: "is a folder, not a file"))
    }

    @Test func truncatedAtAnyByte() throws {
        let whole = try Foundation.Data(contentsOf: URL(fileURLWithPath: TokenizerFixture.path("tiny/tokenizer.json")))
        let folder = try TokenizerFixture.folder(files: [:])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for length in stride(from: 0, to: whole.count - 2, by: 293) {
            try whole.prefix(length).write(to: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
            guard case .notJSON(_, let json) = try error(of: folder) else {
                Issue.record("not a JSON error at \(length)")
                continue
            }
            #expect(json.offset <= length)
        }
    }

    /// Every byte of the start in turn becomes something else: any error is fine, a trap is not.
    @Test func damagedBytesNeverTrap() throws {
        let whole = try Foundation.Data(contentsOf: URL(fileURLWithPath: TokenizerFixture.path("tiny/tokenizer.json")))
        let folder = try TokenizerFixture.folder(files: [:])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var refused = 0
        for position in stride(from: 0, to: 1200, by: 7) {
            var damaged = whole
            damaged[position] = damaged[position] == UInt8(ascii: "0") ? UInt8(ascii: "-") : UInt8(ascii: "0")
            try damaged.write(to: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
            do {
                _ = try Tokenizer(folder: folder).encode("Hello <|im_end|>")
            } catch {
                refused += 1
            }
        }
        #expect(refused > 50)
    }

    @Test func notAnObject() throws {
        let folder = try TokenizerFixture.folder(files: ["tokenizer.json": "[1, 2]"])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        expectMalformed(try error(of: folder), "the whole file", "not a JSON object")
    }

    @Test func vocabulary() throws {
        expectMalformed(try error(model: ["vocab": nil]), "model.vocab", "is missing")
        expectMalformed(try error(model: ["vocab": [:]]), "model.vocab", "is empty")
        expectMalformed(try error(model: ["vocab": ["a", "b"]]), "model.vocab", "is not an object")
        for id: JSON in [-1, 1.5, "7", nil, 1_073_741_824, 9_223_372_036_854_775_807] {
            expectMalformed(try error(model: ["vocab": ["a": 0, "b": id], "merges": []]), "model.vocab", "'b' has no id")
        }
    }

    @Test func aVeryHighIDTakesNoMemory() throws {
        let folder = try TokenizerFixture.folder(model: ["vocab": ["a": 1_073_741_823], "merges": []])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tokenizer = try Tokenizer(folder: folder)
        #expect(try tokenizer.encode("a") == [1_073_741_823])
        #expect(tokenizer.vocabularySize == 1_073_741_824)
    }

    @Test func merges() throws {
        let vocabulary: JSON = ["a": 0, "b": 1, "ab": 2]
        func error(_ merge: JSON) throws -> TokenizerError {
            try self.error(model: ["vocab": vocabulary, "merges": ["a b", merge]])
        }
        expectMalformed(try self.error(model: ["merges": nil]), "model.merges", "is missing")
        expectMalformed(try self.error(model: ["merges": "a b"]), "model.merges", "is not an array")
        expectMalformed(try error("a c"), "model.merges[1]", "names 'c', which is not in model.vocab")
        expectMalformed(try error("b a"), "model.merges[1]", "names 'ba', which is not in model.vocab")
        for merge: JSON in ["ab", "a  b", "a b ab", ["a"], ["a", "b", "ab"], ["a", 1], 7, nil] {
            expectMalformed(try error(merge), "model.merges[1]", "is neither")
        }
    }

    @Test func otherModels() throws {
        expectUnsupported(try error(model: ["type": "Fancy"]), "model.type", "'Fancy'")
        for (type, field) in [("WordPiece", "unk_token"), ("WordLevel", "unk_token")] {
            expectMalformed(try error(model: ["type": .string(type)]), "model.\(field)", "is missing")
        }
        expectMalformed(try error(model: ["type": "Unigram"]), "model.vocab", "is not an array")
        expectUnsupported(try error(model: ["dropout": 0.1]), "model.dropout", "random")
        expectMalformed(try error(model: ["fuse_unk": 1]), "model.fuse_unk", "neither true nor false")
        expectMalformed(try error(fields: ["model": .null]), "model.vocab", "is missing")
    }

    @Test func otherStages() throws {
        expectUnsupported(try error(fields: ["version": "2.0"]), "version", "1.0")
        expectUnsupported(try error(fields: ["normalizer": ["type": "Titlecase"]]), "normalizer", "'Titlecase'")
        expectUnsupported(
            try error(fields: ["normalizer": ["type": "Sequence", "normalizers": [["type": "NFC"], ["type": "Titlecase"]]]]),
            "normalizer.normalizers[1]", "'Titlecase'")
        for pattern: JSON in [["Glob": "a*"], ["String": ""]] {
            expectUnsupported(
                try error(fields: ["normalizer": ["type": "Replace", "pattern": pattern, "content": ""]]),
                "normalizer.pattern", "replaced")
        }
        let doubling: JSON = ["type": "Replace", "pattern": ["String": "a"], "content": "aa"]
        expectUnsupported(
            try error(fields: [
                "normalizer": ["type": "Sequence", "normalizers": .array(Array(repeating: doubling, count: 40))]
            ]), "normalizer", "too long")
        expectMalformed(try error(fields: ["normalizer": [:]]), "normalizer.type", "is missing")
        expectUnsupported(try error(fields: ["pre_tokenizer": ["type": "Jieba"]]), "pre_tokenizer", "'Jieba'")
        let words = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        expectUnsupported(
            try error(fields: [
                "pre_tokenizer": ["type": "Split", "behavior": "Gone", "invert": false, "pattern": ["Regex": .string(words)]]
            ]),
            "pre_tokenizer.behavior", "'Gone'")
        #if Oniguruma
            expectMalformed(
                try error(fields: ["pre_tokenizer": ["type": "Split", "pattern": ["Regex": "x("], "behavior": "Isolated", "invert": false]]
                ),
                "pre_tokenizer.pattern.Regex", "Oniguruma refuses the regular expression")
        #else
            expectUnsupported(
                try error(fields: ["pre_tokenizer": ["type": "Split", "pattern": ["Regex": "x+"], "behavior": "Isolated", "invert": false]]
                ),
                "pre_tokenizer.pattern.Regex", "needs Oniguruma")
        #endif
        let digits: JSON = ["type": "Digits", "individual_digits": true]
        func sequence(_ stages: [JSON]) -> JSON { ["type": "Sequence", "pretokenizers": .array(stages)] }
        expectUnsupported(
            try error(fields: ["pre_tokenizer": sequence(Array(repeating: digits, count: 100_000))]),
            "pre_tokenizer.pretokenizers[64]", "more than 64 stages")
        let half = sequence(Array(repeating: digits, count: 32))
        expectUnsupported(
            try error(fields: ["pre_tokenizer": sequence([half, sequence([half]), digits])]),
            "pre_tokenizer.pretokenizers[2]", "more than 64 stages")
        expectUnsupported(try error(fields: ["decoder": ["type": "SentencePiece"]]), "decoder", "'SentencePiece'")
        expectMalformed(try error(fields: ["decoder": ["type": "Metaspace"]]), "decoder.replacement", "is missing")
        expectUnsupported(try error(fields: ["post_processor": ["type": "Unheard"]]), "post_processor", "'Unheard'")
    }

    @Test func addedTokens() throws {
        expectMalformed(try error(fields: ["added_tokens": 1]), "added_tokens", "is not an array")
        expectMalformed(try error(fields: ["added_tokens": [["id": 0]]]), "added_tokens[0].content", "is missing")
        expectMalformed(
            try error(fields: ["added_tokens": [["content": "a", "lstrip": "no"]]]), "added_tokens[0].lstrip",
            "neither true nor false")
    }

    @Test func configuration() throws {
        func error(_ file: String, _ content: String) throws -> TokenizerError {
            let folder = try TokenizerFixture.folder(files: [file: content])
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let tiny = try TokenizerFixture.json("tiny/tokenizer.json").serialized
            try Foundation.Data(tiny.utf8).write(to: URL(fileURLWithPath: "\(folder)/tokenizer.json"))
            let error = try self.error(of: folder)
            #expect(error.description.hasPrefix("\(folder)/\(file): "))
            return error
        }
        let file = "tokenizer_config.json"
        expectMalformed(try error(file, #"{"bos_token": 7}"#), "bos_token.content", "is missing")
        expectMalformed(try error(file, #"{"chat_template": 7}"#), "chat_template", "is not a string")
        expectMalformed(
            try error(file, #"{"chat_template": [{"name": "default"}]}"#), "chat_template[0].template",
            "is missing")
        expectMalformed(
            try error(file, #"{"added_tokens_decoder": {"x": "<a>"}}"#), "added_tokens_decoder.x", "not an id")
        expectMalformed(try error("special_tokens_map.json", #"{"pad_token": []}"#), "pad_token.content", "is missing")
        guard case .notJSON = try error(file, "{") else {
            Issue.record("not a JSON error")
            return
        }
    }

    @Test func chatTemplateThatIsNotUTF8() throws {
        let folder = try TokenizerFixture.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Foundation.Data([0x7B, 0xFF]).write(to: URL(fileURLWithPath: "\(folder)/chat_template.jinja"))
        expectMalformed(try error(of: folder), "the whole file", "not UTF-8")
    }
}
