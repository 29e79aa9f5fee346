import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// What `make_added.py` made.
enum AddedTokenFixture {
    static func cases(_ key: String) throws -> [JSON] {
        let file = try TokenizerFixture.json(at: Paths.fixture("DataTests", "added/added.json"))
        let texts = try #require(file["texts"]?.array)
        return try #require(file["cases"]?.array).filter { $0[key] != nil }.map { value in
            var value = try #require(value.object)
            value["texts"] = texts[try #require(value["texts"]?.integer)]
            return .object(value)
        }
    }

    /// The tokenizer of a case of `transformers`.
    static func tokenizer(_ value: JSON) throws -> Tokenizer {
        var files = ["tokenizer_config.json": Array(try #require(value["config"]).serialized.utf8)]
        for (target, source) in try #require(value["files"]?.object) {
            files[target] = try FileFixture.bytes("../" + (try #require(source.string)))
        }
        let folder = try FileFixture.folder(files)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try Tokenizer(folder: folder)
    }

    static func tokens(_ value: JSON) throws -> [AddedToken] {
        try #require(value["tokens"]?.array).map { try AddedToken(json: $0) }
    }

    /// A vocabulary whose list is filled up with unused tokens.
    static func gguf(_ name: String, fillers: Int) throws -> GGUFMetadata {
        var metadata = try FormatFixture.gguf("../" + name.replacing(".gguf", with: ""))
        let tokens = try #require(metadata["tokenizer.ggml.tokens"]?.strings)
        let types = try #require(metadata["tokenizer.ggml.token_type"]?.ints)
        let names = (tokens.count..<tokens.count + fillers).map { "[PAD\($0)]" }
        metadata["tokenizer.ggml.tokens"] = .array(.string(tokens + names))
        metadata["tokenizer.ggml.token_type"] = .array(.int32(types.map { Int32($0) } + names.map { _ in 5 }))
        if let scores = metadata["tokenizer.ggml.scores"]?.floats {
            metadata["tokenizer.ggml.scores"] = .array(.float32(scores + names.map { _ in -10000 }))
        }
        return metadata
    }

    static func metadata(_ entries: [(key: String, value: GGUFValue)]) -> GGUFMetadata {
        var metadata = GGUFMetadata()
        for (key, value) in entries { metadata[key] = value }
        return metadata
    }

    /// Holds the ids of a case's texts against its checksums.
    static func expectIDs(_ tokenizer: Tokenizer, _ value: JSON, _ name: String) throws {
        let texts = try #require(value["texts"]?.array).map { try #require($0.string) }
        let checksums = try #require(value["checksums"]?.array)
        try #require(checksums.count == texts.count && texts.count > 50)
        for (index, text) in texts.enumerated() {
            let ids = try tokenizer.encode(text)
            if let full = value["full"]?["\(index)"]?.array {
                #expect(ids.map(Int.init) == full.map(\.integer), "\(name): \(text.debugDescription)")
            }
            #expect(
                TokenizerFixture.checksum(ids.map { UInt32($0) }) == checksums[index].integer,
                "\(name): \(text.debugDescription) gives \(ids)")
        }
    }

    /// What a streaming decoder makes of ids.
    static func streamed(_ ids: [Int32], _ tokenizer: Tokenizer, skip: Bool) -> String {
        var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: skip)
        return ids.map { decoder.append($0) }.joined() + decoder.finish()
    }
}
