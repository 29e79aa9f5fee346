import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// What `make_files.py` made.
enum FileFixture {
    static func path(_ name: String) -> String { Paths.fixture("DataTests", "files/\(name)") }

    static func bytes(_ name: String) throws -> [UInt8] { Array(try Foundation.Data(contentsOf: URL(fileURLWithPath: path(name)))) }

    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// A new folder with files.
    static func folder(_ files: [String: [UInt8]]) throws -> String {
        let folder = try Paths.temporaryFolder()
        for (name, content) in files { try Foundation.Data(content).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        return folder
    }

    /// A post-processor without the special tokens that it does not use, of which the library keeps some.
    static func postProcessor(_ value: JSON?) -> JSON {
        guard var object = value?.object, let tokens = object["special_tokens"]?.object else { return value ?? .null }
        var used = JSONObject()
        for part in (object["single"]?.array ?? []) + (object["pair"]?.array ?? []) {
            if let id = part["SpecialToken"]?["id"]?.string { used[id] = tokens[id] }
        }
        object["special_tokens"] = .object(used)
        return .object(object)
    }

    /// Holds the stages of a description against those that the library has built.
    static func expectStages(_ description: TokenizerDescription, _ expected: [String: JSON], _ name: String) throws {
        let definition = description.definition
        for key in ["normalizer", "pre_tokenizer", "decoder"] {
            #expect(definition[key].value ?? .null == expected[key], "\(key) of \(name)")
        }
        var model = try #require(definition["model"].value?.object)
        model["vocab"] = nil
        model["merges"] = nil
        #expect(JSON.object(model) == expected["model"], "\(name)")
        #expect(postProcessor(definition["post_processor"].value) == postProcessor(expected["post_processor"]), "\(name)")
    }

    /// The added tokens as the fixtures write them: id, content, and letters for the flags.
    static func added(_ tokenizer: Tokenizer) -> JSON {
        .array(
            tokenizer.added.tokens.sorted { $0.key < $1.key }.map { id, token in
                let flags = [
                    ("w", token.isSingleWord), ("l", token.stripsLeft), ("r", token.stripsRight), ("n", token.isNormalized),
                    ("s", token.isSpecial),
                ]
                return [.integer(Int(id)), .string(token.content), .string(flags.filter(\.1).map(\.0).joined())]
            })
    }
}

/// Tokenizers without a `tokenizer.json`, against `transformers`, which the script held against SentencePiece, tiktoken and
/// mistral-common where they are to agree.
@Suite struct FileFormatTests {
    private struct Case {
        let name: String
        let folder: String
        let stages: [String: JSON]
        let value: JSON
    }

    private static let texts = Result {
        let texts = try FormatFixture.texts()
        return stride(from: 0, to: texts.count, by: 2).map { texts[$0] }
    }

    private func forEachCase(_ body: (Case) throws -> Void) throws {
        let fixture = try TokenizerFixture.json(at: FileFixture.path("cases.json"))
        let values = try #require(fixture["values"]?.array)
        let cases = try #require(fixture["cases"]?.array)
        try #require(cases.count == 44)
        for value in cases {
            var files: [String: [UInt8]] = [:]
            for (target, source) in try #require(value["files"]?.object) {
                files[target] = try FileFixture.bytes(try #require(source.string))
            }
            for (key, name) in [("config", "tokenizer_config.json"), ("model", "config.json")] {
                if let settings = value[key], settings != .null { files[name] = Array(settings.serialized.utf8) }
            }
            let folder = try FileFixture.folder(files)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var stages: [String: JSON] = [:]
            for (key, index) in try #require(value["stages"]?.object) { stages[key] = values[try #require(index.integer)] }
            try body(Case(name: try #require(value["name"]?.string), folder: folder, stages: stages, value: value))
        }
    }

    @Test func everyFormatHasTheStagesOfTheLibrary() throws {
        try forEachCase { try FileFixture.expectStages(TokenizerDescription(folder: $0.folder), $0.stages, $0.name) }
    }

    @Test func everyFormatEncodesAndDecodesLikeTheLibrary() throws {
        let texts = try Self.texts.get()
        try forEachCase { test in
            let tokenizer = try Tokenizer(folder: test.folder)
            #expect(FileFixture.added(tokenizer) == test.stages["added"], "\(test.name)")
            let checksums = try #require(test.value["checksums"]?.array)
            try #require(checksums.count == texts.count && texts.count > 100)
            var decoded = ""
            for (index, text) in texts.enumerated() {
                let ids = try tokenizer.encode(text)
                if let full = test.value["full"]?["\(index)"]?.array {
                    #expect(ids.map(Int.init) == full.map(\.integer), "\(test.name): \(text.debugDescription)")
                }
                #expect(
                    TokenizerFixture.checksum(ids.map { UInt32($0) }) == checksums[index].integer,
                    "\(test.name): \(text.debugDescription) gives \(ids)")
                decoded += tokenizer.decode(ids) + "\0" + tokenizer.decode(ids, skipSpecialTokens: true)
            }
            #expect(TokenizerFixture.checksum(decoded.utf8.map { UInt32($0) }) == test.value["decodings"]?.integer, "\(test.name)")
        }
    }

    /// A `tokenizer.json` written from a tokenizer of another format is the same tokenizer.
    @Test func aWrittenFolderIsTheSameTokenizer() throws {
        let texts = try Self.texts.get()
        try forEachCase { test in
            let tokenizer = try Tokenizer(folder: test.folder)
            let copy = try Paths.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: copy) }
            try tokenizer.writeHuggingFaceFiles(to: copy)
            let again = try Tokenizer(folder: copy)
            for text in texts { #expect(try again.encode(text) == tokenizer.encode(text), "\(test.name)") }
            #expect(FileFixture.added(again) == FileFixture.added(tokenizer), "\(test.name)")
        }
    }
}
