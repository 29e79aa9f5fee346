import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// What the classes of `transformers` make of a `tokenizer.json`, against what `make_classes.py` got from them.
@Suite struct TransformersClassTests {
    private static let fixture = Result { try TokenizerFixture.json(at: Paths.fixture("DataTests", "files/classes.json")) }

    private struct Case {
        let name: String
        let folder: String
        let expected: [String: JSON]
    }

    /// Calls `body` with each case, whose folder lives that long.
    private func forEachCase(_ body: (Case) throws -> Void) throws {
        let fixture = try Self.fixture.get()
        let values = try #require(fixture["values"]?.array)
        let cases = try #require(fixture["cases"]?.array)
        try #require(cases.count > 150)
        for value in cases {
            let base = try #require(value["base"]?.string)
            var files = ["tokenizer.json": try #require(fixture["bases"]?[base]).serialized]
            if let config = value["config"], config != .null { files["tokenizer_config.json"] = config.serialized }
            if let model = value["model"], model != .null { files["config.json"] = model.serialized }
            let folder = try TokenizerFixture.folder(files: files)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            var expected: [String: JSON] = [:]
            for (key, index) in try #require(value["expected"]?.object) { expected[key] = values[try #require(index.integer)] }
            let name = "\(base) \(value["config"]?.serialized ?? "") \(value["model"]?.serialized ?? "")"
            try body(Case(name: name, folder: folder, expected: expected))
        }
    }

    @Test func everyClassBuildsTheStagesOfTheLibrary() throws {
        try forEachCase { test in
            let description = try TokenizerDescription(folder: test.folder)
            try FileFixture.expectStages(description, test.expected, test.name)
            let roles = Dictionary(description.configuration.roles.map { ($0.name, $0.token) }) { $1 }
            let expected = try #require(test.expected["roles"]?.object)
            #expect(roles == Dictionary(expected.map { ($0.key, $0.value.string ?? "") }) { $1 }, "\(test.name)")
        }
    }

    @Test func everyClassAddsTheTokensOfTheLibrary() throws {
        try forEachCase { test in
            // The stages of the bases are those of no class, so that it shows where they were kept.
            let tokenizer = try Tokenizer(folder: test.folder)
            #expect(FileFixture.added(tokenizer) == test.expected["added"], "\(test.name)")
        }
    }
}
