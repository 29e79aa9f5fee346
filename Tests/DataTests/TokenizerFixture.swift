import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// The committed tokenizer and its expectations; how each file came to be says `make_fixture.py` beside them.
enum TokenizerFixture {
    static func path(_ name: String) -> String { Paths.fixture("DataTests", "tokenizer/\(name)") }

    static func json(_ name: String) throws -> JSON { try json(at: path(name)) }

    static func json(at path: String) throws -> JSON {
        try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The bundled tokenizer.
    static func tokenizer() throws -> Tokenizer { try Tokenizer(folder: path("tiny")) }

    /// A copy of the bundled `tokenizer.json` with other fields, alone in a new folder with other files.
    static func folder(
        fields: JSONObject = [:], model: JSONObject = [:], files: [String: String] = [:]
    ) throws -> String {
        var root = try #require(json("tiny/tokenizer.json").object)
        for (key, value) in fields { root[key] = value }
        if var ownModel = root["model"]?.object {
            for (key, value) in model { ownModel[key] = value }
            root["model"] = .object(ownModel)
        }
        return try folder(files: files.merging(["tokenizer.json": JSON.object(root).serialized]) { $1 })
    }

    /// A new folder with files.
    static func folder(files: [String: String]) throws -> String {
        let folder = try Paths.temporaryFolder()
        for (name, content) in files {
            try Foundation.Data(content.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        return folder
    }

    /// FNV-1a, 32 bits, over numbers, as `make_fixture.py` computes it.
    static func checksum(_ numbers: some Sequence<UInt32>) -> Int {
        Int(numbers.reduce(0x811C_9DC5 as UInt32) { ($0 ^ $1) &* 0x0100_0193 })
    }
}

/// A text or decoding that the Hugging Face library answered.
struct TokenizerCase {
    var text: String
    var ids: [Int32]
    /// The text without special tokens.
    var skipping: String?

    init(_ json: JSON) throws {
        text = try #require(json["text"]?.string)
        ids = try #require(json["ids"]?.array).map { Int32(try #require($0.integer)) }
        skipping = json["skipping"]?.string
    }
}
