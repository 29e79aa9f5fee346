import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// The words into which text is cut, against the library's.
@Suite struct PreTokenizerTests {
    private static func words(_ text: String, _ preTokenizer: PreTokenizer) throws -> [String] {
        var text = text
        var words: [String] = []
        try text.withUTF8 { bytes in
            try preTokenizer.forEachWord(in: bytes, UntrackedOrigin()) { word, _ in
                // The library's words are in the byte-level alphabet.
                let spelled = preTokenizer.isByteLevel ? word.flatMap { ByteLevelAlphabet.spellings[Int($0)] } : Array(word)
                words.append(String(decoding: spelled, as: UTF8.self))
            }
        }
        return words
    }

    static func preTokenizer(_ definition: JSON) throws -> PreTokenizer {
        try PreTokenizer(JSONField(file: "tokenizer.json", path: "pre_tokenizer", value: definition))
    }

    @Test func everyKindCutsLikeTheLibrary() throws {
        let expected = try TokenizerFixture.json(at: Paths.fixture("DataTests", "pretokenizers/words.json"))
        let texts = try #require(expected["texts"]?.array).map { try #require($0.string) }
        let kinds = try #require(expected["kinds"]?.array)
        #expect(texts.count == 250 && kinds.count == 83)
        for kind in kinds {
            let name = kind["name"]?.string ?? ""
            let preTokenizer = try Self.preTokenizer(try #require(kind["pre_tokenizer"]))
            let words = try texts.map { try Self.words($0, preTokenizer) }
            for (found, first) in zip(words, try #require(kind["first"]?.array)) {
                #expect(found == first.array?.compactMap(\.string), "\(name)")
            }
            let joined = words.map { $0.joined(separator: "\u{1}") }.joined(separator: "\u{2}")
            #expect(TokenizerFixture.checksum(joined.utf8.map { UInt32($0) }) == kind["checksum"]?.integer, "\(name)")
        }
    }

    @Test func damagedOnesAreRefusedByName() throws {
        func error(_ definition: JSON) throws -> String {
            let error = #expect(throws: TokenizerError.self) { try Self.preTokenizer(definition) }
            return error?.description ?? ""
        }
        #expect(try error(["type": "Jieba"]).contains("pre_tokenizer: the pre-tokenizer 'Jieba' is not supported"))
        #expect(try error(["type": "FixedLength", "length": 0]).contains("pre_tokenizer.length: is not a number above 0"))
        #expect(try error(["type": "CharDelimiterSplit", "delimiter": "ab"]).contains("pre_tokenizer.delimiter: is not one character"))
        #expect(try error(["type": "Punctuation", "behavior": "Gone"]).contains("'Gone' is not a behavior"))
        #expect(try error(["type": "Split", "pattern": ["String": "a"]]).contains("pre_tokenizer.behavior"))
        #expect(try error(["type": "Split", "pattern": "a", "behavior": "Isolated"]).contains("pre_tokenizer.pattern"))
        let deep = (0..<100).reduce(["type": "Whitespace"] as JSON) { inner, _ in ["type": "Sequence", "pretokenizers": [inner]] }
        #expect(try error(deep).contains("sequences in each other"))
        let long: JSON = ["type": "Sequence", "pretokenizers": .array(Array(repeating: ["type": "Whitespace"], count: 65))]
        #expect(try error(long).contains("more than 64 stages"))
    }
}
