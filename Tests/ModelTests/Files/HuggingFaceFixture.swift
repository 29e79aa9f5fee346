import Foundation
import Tensor
import TestSupport

@testable import Model

/// The tiny models of transformers, and what it computes with them.
enum HuggingFaceFixture {
    static func path(_ name: String) -> String { Paths.fixture("ModelTests", "huggingface/\(name)") }

    static func json(_ name: String) throws -> JSON {
        try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    static func tokens() throws -> [Int32] { try json("expected.json")["tokens"]?.array?.compactMap { $0.integer.map(Int32.init) } ?? [] }

    static func logits(_ name: String) throws -> [Float] {
        try json("expected.json")[name]?.array?.compactMap { $0.number.map { Float($0) } } ?? []
    }

    /// A copy of a folder that a test may spoil.
    static func copy(_ name: String) throws -> String {
        let folder = try Paths.temporaryFolder() + "/model"
        try FileManager.default.copyItem(atPath: path(name), toPath: folder)
        return folder
    }
}

extension LanguageModel {
    /// The scores behind every token of a text.
    func scores(_ tokens: [Int32]) throws -> [Float] {
        logits(try hiddenStates(TokenRow(packed: tokens, segmentOffsets: [0, tokens.count]))).values
    }
}

func write(_ text: String, to path: String) throws {
    try Foundation.Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

/// Changes fields of a JSON file; `nil` removes one.
func edit(_ path: String, _ fields: [(String, JSON?)]) throws {
    guard var object = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: path))).object else { return }
    for (key, value) in fields { object[key] = value }
    try write(JSON.object(object).serialized, to: path)
}
