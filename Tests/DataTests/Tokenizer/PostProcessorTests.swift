import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Special tokens around texts, against the `tokenizers` library and `transformers`.
@Suite struct PostProcessorTests {
    private let golden = Result { try DecoderFixture.json("processors.json") }

    /// Holds the ids of all texts, without special tokens and with them, against those known.
    private func expectIDs(_ tokenizer: Tokenizer, _ expected: JSON) throws {
        let texts = try #require(golden.get()["texts"]?.array).map { try #require($0.string) }
        let name = Comment(rawValue: "\(expected["processor"]?.serialized ?? "") \(expected["settings"]?.serialized ?? "")")
        let rows = try #require(expected["ids"]?.array)
        try #require(rows.count == 2)
        for (row, adds) in zip(rows, [false, true]) {
            let known = try #require(row.array)
            try #require(known.count == texts.count)
            for (text, known) in zip(texts, known) {
                let ids = try tokenizer.encode(text, addingSpecialTokens: adds)
                #expect(try ids.map(Int.init) == #require(known.array).map(\.integer), "\(name): \(text)")
                if !adds { #expect(try tokenizer.encode(text) == ids) }
            }
        }
    }

    @Test func everyKindAddsTheTokensOfTheLibrary() throws {
        let cases = try #require(golden.get()["valid"]?.array)
        try #require(cases.count == 23)
        for expected in cases {
            try expectIDs(DecoderFixture.tokenizer("post_processor", try #require(expected["processor"])), expected)
        }
    }

    /// Beside a `tokenizer.json`, `transformers` 5 does not look at the switches.
    @Test func switchesOfTheConfigurationChangeNothing() throws {
        let cases = try #require(golden.get()["switched"]?.array)
        try #require(cases.count == 84)
        for expected in cases {
            let settings = try #require(expected["settings"])
            try expectIDs(DecoderFixture.tokenizer("post_processor", try #require(expected["processor"]), settings: settings), expected)
        }
    }

    @Test func whatTheLibraryRefusesIsRefused() throws {
        let refused = try #require(golden.get()["refused"]?.array)
        try #require(refused.count == 20)
        for field in refused { #expect(DecoderFixture.error("post_processor", field).contains("post_processor"), "\(field.serialized)") }
    }

    /// Where the text itself is lost or doubled, ids without special tokens would be others too.
    @Test func processorsThatChangeTheTextAreRefused() throws {
        let lost = try #require(golden.get()["lost"]?.array)
        try #require(lost.count == 3)
        for field in lost { #expect(DecoderFixture.error("post_processor", field).contains("exactly once"), "\(field.serialized)") }
    }

    @Test func errorsNameTheField() {
        func error(_ field: JSON) -> String { DecoderFixture.error("post_processor", field) }
        #expect(error(["type": "Unheard"]).contains("post_processor: the post-processor 'Unheard' is not supported"))
        #expect(error(["type": 1]).contains("post_processor.type: is not a string"))
        #expect(error([:]).contains("post_processor.type: is missing"))
        let id: JSON = ["type": "BertProcessing", "cls": ["[CLS]", 4_294_967_296], "sep": ["[SEP]", 1]]
        #expect(error(id).contains("post_processor.cls[1]: is not an id"))
        let template: JSON = ["type": "TemplateProcessing", "single": [["SpecialToken": ["id": "[X]"]]], "pair": [], "special_tokens": [:]]
        #expect(error(template).contains("post_processor.single[0].SpecialToken.id: '[X]' is not in special_tokens"))
    }

    @Test func hostileProcessors() {
        func error(_ field: JSON) -> String { DecoderFixture.error("post_processor", field) }
        let bert: JSON = ["type": "BertProcessing", "cls": ["[CLS]", 0], "sep": ["[SEP]", 1]]
        #expect(error(["type": "Sequence", "processors": .array(Array(repeating: bert, count: 65))]).contains("more than 64 processors"))
        let ids = JSON.array((0..<600).map { .integer($0) })
        let many: JSON = [
            "type": "TemplateProcessing",
            "single": [["SpecialToken": ["id": "S"]], ["SpecialToken": ["id": "S"]], ["Sequence": ["id": "A"]]],
            "pair": [], "special_tokens": ["S": ["id": "S", "ids": ids, "tokens": []]],
        ]
        #expect(error(many).contains("post_processor.single: more than 1024 special tokens"))
    }

    /// A text begins with the bos token where the post-processor puts it first, whatever the kind, or `add_bos_token` says so.
    @Test func bosOfThePostProcessor() throws {
        let bert: JSON = ["type": "BertProcessing", "cls": ["<s>", 91], "sep": ["</s>", 92]]
        func tokenizer(_ settings: JSON, _ field: JSON) throws -> Tokenizer {
            try DecoderFixture.tokenizer("post_processor", field, settings: settings)
        }
        let known = try tokenizer(["bos_token": "<s>"], bert)
        #expect(known.addsBOS && known.bosID == 91)
        #expect(try known.encodeBeginning("a") == [91, 0] && known.encode("a", addingSpecialTokens: true) == [91, 0, 92])
        #expect(try !tokenizer(["cls_token": "<s>", "sep_token": "</s>"], bert).addsBOS)
        #expect(try !tokenizer(["bos_token": "</s>"], bert).addsBOS)
        #expect(try !tokenizer(["bos_token": "<s>", "add_bos_token": false], bert).addsBOS)
        #expect(try tokenizer(["bos_token": "</s>", "add_bos_token": true], bert).addsBOS)
        #expect(try !tokenizer(["bos_token": "<s>"], ["type": "Sequence", "processors": []]).addsBOS)
    }

    /// A written folder puts the same tokens around texts and cleans up the same spaces.
    @Test func aWrittenFolderKeepsThem() throws {
        let cases = try #require(golden.get()["valid"]?.array)
        for expected in cases {
            let tokenizer = try DecoderFixture.tokenizer(
                "post_processor", try #require(expected["processor"]), settings: ["bos_token": "<s>"])
            let folder = try Paths.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try tokenizer.writeHuggingFaceFiles(to: folder)
            try expectIDs(Tokenizer(folder: folder), expected)
        }
    }
}
