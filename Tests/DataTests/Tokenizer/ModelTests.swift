import Foundation
import Tensor
import TestSupport
import Testing

@testable import Data

/// Every kind of model, against the `tokenizers` library; `make_models.py` recorded its answers.
@Suite struct TokenModelTests {
    /// Kinds of which the library's offsets are not those of the text: it counts dropped characters to the tokens after
    /// them, and the bytes of marks, which are in no text, as bytes of the text.
    private static let otherOffsets = ["bpe, no unknown", "bpe, both, bytes"]

    private static func json(_ name: String) throws -> JSON {
        try TokenizerFixture.json(at: Paths.fixture("DataTests", "models/\(name).json"))
    }

    private static func texts() throws -> [String] {
        try #require(json("texts").array).map { text in
            if let text = text.string { return text }
            return String(repeating: try #require(text.array?[0].string), count: try #require(text.array?[1].integer))
        }
    }

    private static func kinds() throws -> [(name: String, value: JSON, definition: JSON)] {
        let bases = try json("bases")
        let kinds = try #require(json("kinds").object)
        try #require(kinds.keys.count == 53)
        return try kinds.map { ($0.key, $0.value, try definition($0.value, bases)) }
    }

    /// The `tokenizer.json` of a kind.
    private static func definition(_ kind: JSON, _ bases: JSON) throws -> JSON {
        let base = try #require(kind["base"]?.string)
        var root = try #require(bases[base]?.object)
        for (key, value) in try #require(kind["fields"]?.object) { root[key] = value }
        var model = try #require(root["model"]?.object)
        for (key, value) in try #require(kind["model"]?.object) { model[key] = value }
        let missing = Set(try #require(kind["missing"]?.array).map { try #require($0.string) })
        let added = try #require(kind["added"]?.array)
        if let pieces = model["vocab"]?.array {
            let kept = try pieces.filter { !missing.contains(try #require($0.array?.first?.string)) }
            model["vocab"] = .array(kept + added.map { .array([$0, 0]) })
        } else {
            var vocabulary = try #require(model["vocab"]?.object)
            let size = try #require(vocabulary.compactMap(\.value.integer).max()) + 1
            for token in missing { vocabulary[token] = nil }
            for (index, token) in added.enumerated() { vocabulary[try #require(token.string)] = .integer(size + index) }
            model["vocab"] = .object(vocabulary)
        }
        if let merges = model["merges"]?.array, !missing.isEmpty {
            model["merges"] = .array(
                try merges.filter { merge in
                    let pair = try #require(merge.array).map { try #require($0.string) }
                    return missing.isDisjoint(with: pair + [pair.joined()])
                })
        }
        root["model"] = .object(model)
        return .object(root)
    }

    private static func tokenizer(_ definition: JSON) throws -> Tokenizer {
        let none = TokenizerConfiguration(roles: [], chatTemplate: nil, toolTemplate: nil, addsBOS: false)
        return try Tokenizer(
            TokenizerDescription(
                definition: JSONField(file: "tokenizer.json", path: "", value: definition), added: [], configuration: none))
    }

    /// A tokenizer of a model that makes one word of each text.
    private static func tokenizer(model: JSON) throws -> Tokenizer {
        try tokenizer(["decoder": ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"], "model": model])
    }

    /// The numbers of a result as `make_models.py` sums them up; one where the text was refused.
    private static func numbers(_ values: [Int]?) -> [UInt32] { values.map { [UInt32($0.count)] + $0.map { UInt32($0) } } ?? [.max] }

    @Test func everyKindEncodesLikeTheLibrary() throws {
        let texts = try Self.texts()
        try #require(texts.count > 225)
        for (name, kind, definition) in try Self.kinds() {
            let tokenizer = try Self.tokenizer(definition)
            let (ids, offsets) = (try #require(kind["ids"]?.array), try #require(kind["offsets"]?.array))
            try #require(ids.count == (texts.count + 4) / 5 && offsets.count == ids.count)
            for group in ids.indices {
                var all: (ids: [UInt32], offsets: [UInt32]) = ([], [])
                let range = group * 5..<min(texts.count, group * 5 + 5)
                for index in range {
                    let tokens = try? tokenizer.encodeWithOffsets(texts[index])
                    let bounds = tokens?.offsets.flatMap { [$0.lowerBound, $0.upperBound] }
                    if let full = kind["full"]?["\(index)"] {
                        #expect(
                            tokens?.ids.map(Int.init) == full.array?[0].array?.compactMap(\.integer),
                            "\(name): \(texts[index].debugDescription)")
                    }
                    all.ids += Self.numbers(tokens?.ids.map(Int.init))
                    all.offsets += Self.numbers(bounds)
                    if index % 4 == 0 { #expect((try? tokenizer.encode(texts[index])) == tokens?.ids, "\(name)") }
                    if let tokens { expectCovered(texts[index], tokens, name) }
                }
                #expect(TokenizerFixture.checksum(all.ids) == ids[group].integer, "\(name): one of \(texts[range])")
                guard !Self.otherOffsets.contains(name) else { continue }
                #expect(TokenizerFixture.checksum(all.offsets) == offsets[group].integer, "\(name): one of \(texts[range])")
            }
        }
    }

    /// That the ranges are in order and inside the text.
    private func expectCovered(_ text: String, _ tokens: TokenOffsets, _ name: String) {
        var previous = 0..<0
        var isOrdered = tokens.ids.count == tokens.offsets.count
        for range in tokens.offsets {
            if range.isEmpty || range.lowerBound < previous.lowerBound || range.upperBound < previous.upperBound { isOrdered = false }
            previous = range
        }
        #expect(isOrdered && previous.upperBound <= text.utf8.count, "\(name): \(text.debugDescription)")
    }

    /// A folder written from a tokenizer is read as the same tokenizer.
    @Test func aWrittenFolderIsTheSameTokenizer() throws {
        let texts = try Self.texts().filter { $0.utf8.count < 400 }.enumerated().filter { $0.offset % 5 == 0 }.map(\.element)
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, _, definition) in try Self.kinds() {
            let tokenizer = try Self.tokenizer(definition)
            try tokenizer.writeHuggingFaceFiles(to: folder)
            let again = try Tokenizer(folder: folder)
            for text in texts { #expect((try? again.encode(text)) == (try? tokenizer.encode(text)), "\(name)") }
            if let model = tokenizer.model as? Unigram, let copy = again.model as? Unigram {
                #expect(model.scores == copy.scores, "\(name)")
            }
        }
    }

    /// The library does not read the closest number, and of ways that differ only by rounding the last bit decides.
    @Test func scoresAreThoseThatTheLibraryReads() throws {
        let rows = try #require(Self.json("scores").array).map { row in
            try #require(row.array).map { number in Double(bitPattern: try #require(UInt64(number.string ?? "", radix: 16))) }
        }
        try #require(rows.count > 500)
        var different = 0
        for row in rows {
            #expect(UnigramScore.asRead(row[0]) == row[1], "\(row[0])")
            #expect(UnigramScore.asRead(UnigramScore.written(row[1])) == row[1], "\(row[1])")
            if row[0] != row[1] { different += 1 }
        }
        #expect(different > 30)

        let kind = try #require(Self.kinds().first { $0.name == "unigram, rounded" })
        let model = JSONField(file: "", path: "", value: kind.definition["model"])
        var workspace = MergeWorkspace()
        var lengths: [[Int32]] = [[], []]
        for (index, isExact) in [false, true].enumerated() {
            let model = try Unigram(model, isByteLevel: false, readsScoresExactly: isExact)
            for count in 1..<40 {
                var text = String(repeating: "a", count: count)
                try text.withUTF8Bytes { bytes throws(TokenizerError) in try model.encode(bytes, in: &workspace) }
                workspace.forEachToken { _, length in lengths[index].append(length) }
            }
        }
        #expect(lengths[0] != lengths[1])
    }

    /// A text without a space may be one word.
    @Test func aLongWordHasTokens() throws {
        for name in ["unigram, one word", "wordpiece, long words", "bpe, suffix"] {
            let kind = try #require(Self.kinds().first { $0.name == name })
            let tokenizer = try Self.tokenizer(kind.definition)
            let text = String(repeating: "thinker的é", count: 6000)
            let tokens = try tokenizer.encodeWithOffsets(text)
            #expect(tokens.offsets.last?.upperBound == text.utf8.count && tokens.ids.count > 0, "\(name)")
        }
    }

    private func error(_ model: JSON) throws -> String {
        let error = #expect(throws: TokenizerError.self, "\(model)") { try Self.tokenizer(model: model) }
        return error?.description ?? ""
    }

    @Test func brokenUnigrams() throws {
        func error(_ vocabulary: JSON, unknown: JSON = 0, fallback: JSON = false) throws -> String {
            try self.error(["type": "Unigram", "vocab": vocabulary, "unk_id": unknown, "byte_fallback": fallback])
        }
        #expect(try error(nil).contains("model.vocab: is missing"))
        #expect(try error([:]).contains("model.vocab: is not an array"))
        #expect(try error([]).contains("model.vocab: is empty"))
        for entry: JSON in ["a", ["a"], ["a", "1"], ["a", 1, 2], [1, 1], nil, ["a", nil]] {
            #expect(try error([["<unk>", 0], entry]).contains("model.vocab[1]: is not"))
        }
        for id: JSON in [1, -1, 0.5, "0", 9_223_372_036_854_775_807] {
            #expect(try error([["<unk>", 0]], unknown: id).contains("model.unk_id: is not the id of one of 1"))
        }
        #expect(try error([["<unk>", 0]], fallback: 1).contains("model.byte_fallback: is neither"))
        #expect(try error([.array([.string(String(repeating: "a", count: 4097)), 0])]).contains("token 0 has more than 4096 bytes"))
    }

    @Test func brokenWordPieces() throws {
        let whole: JSONObject = [
            "type": "WordPiece", "vocab": ["[UNK]": 0], "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
        ]
        func error(_ field: String, _ value: JSON) throws -> String {
            var model = whole
            model[field] = value
            return try self.error(.object(model))
        }
        #expect(try Self.tokenizer(model: .object(whole)).encode("a") == [0])
        for field in ["vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"] {
            #expect(try error(field, nil).contains("model.\(field): is missing"))
            #expect(try error(field, [1]).contains("model.\(field): is not"))
        }
        for limit: JSON in [-1, 0.5, 1e30] {
            #expect(try error("max_input_chars_per_word", limit).contains("is not a number of characters"))
        }
        #expect(try error("vocab", ["a": -1]).contains("model.vocab"))
        #expect(try error("vocab", .object([String(repeating: "a", count: 4097): 3])).contains("token 3 has more than 4096 bytes"))
    }

    @Test func brokenWordLevels() throws {
        #expect(try error(["type": "WordLevel", "unk_token": "a"]).contains("model.vocab: is missing"))
        #expect(try error(["type": "WordLevel", "vocab": ["a": 0]]).contains("model.unk_token: is missing"))
        #expect(try error(["vocab": ["a": 0], "unk_token": 1]).contains("model.unk_token: is not a string"))
    }

    @Test func brokenPairs() throws {
        func error(_ fields: JSONObject) throws -> String {
            var model: JSONObject = ["type": "BPE", "vocab": ["a": 0, "##": 1, "##b": 2, "ab": 3, "#": 4], "merges": []]
            for (key, value) in fields { model[key] = value }
            return try self.error(.object(model))
        }
        #expect(try error(["continuing_subword_prefix": 1]).contains("model.continuing_subword_prefix: is not a string"))
        #expect(
            try error(["end_of_word_suffix": .string(String(repeating: "é", count: 33))]).contains(
                "model.end_of_word_suffix: has more than 64"))
        #expect(
            try error(["continuing_subword_prefix": "##", "merges": ["a #"]]).contains("model.merges[0]: '#' is shorter than the prefix"))
        #expect(
            try error(["continuing_subword_prefix": "##", "merges": ["##b ##b"]]).contains("names '##bb', which is not in model.vocab"))
        #expect(try error(["dropout": 0.5]).contains("model.dropout"))
    }

    @Test func otherModels() throws {
        #expect(try error(["type": "Fancy", "vocab": [:]]).contains("model.type: the model 'Fancy' is not supported"))
        #expect(try error(["type": 7]).contains("model.type: is not a string"))
        #expect(try error(["vocab": ["a": 0]]).contains("model.merges: is missing"))
    }

    /// As in the library, that there is no unknown token matters only to a text that needs it.
    @Test func aTextThatNeedsAMissingUnknownTokenIsRefused() throws {
        let vocabulary: JSON = ["a": 0]
        let models: [JSON] = [
            ["type": "Unigram", "vocab": [["a", -1]]],
            ["type": "WordPiece", "vocab": vocabulary, "unk_token": "?", "continuing_subword_prefix": "", "max_input_chars_per_word": 100],
            ["type": "WordLevel", "vocab": vocabulary, "unk_token": "?"],
            ["type": "BPE", "vocab": vocabulary, "merges": [], "unk_token": "?"],
        ]
        for model in models {
            let tokenizer = try Self.tokenizer(model: model)
            #expect(try tokenizer.encode("a") == [0])
            for text in ["b\n", String(repeating: "é", count: 100)] {
                let error = #expect(throws: TokenizerError.self, "\(model)") { try tokenizer.encode(text) }
                let reason = text == "b\n" ? "needs it" : "é"
                #expect(error?.description.contains("tokenizer.json: model.unk_") == true && error?.description.contains(reason) == true)
                #expect(throws: TokenizerError.self) { try tokenizer.encodeWithOffsets(text) }
            }
            #expect(try tokenizer.encode("a") == [0])
        }
    }

    /// An added token gets the next id after all entries of a list, also where two of them are the same piece.
    @Test func aRepeatedPieceHasAnID() throws {
        let model: JSON = ["type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1], ["a", -2]]]
        let folder = try TokenizerFixture.folder(files: [
            "tokenizer.json": JSON.object([
                "model": model, "decoder": ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"],
            ]).serialized, "tokenizer_config.json": #"{"bos_token": "<s>"}"#,
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tokenizer = try Tokenizer(folder: folder)
        #expect(try tokenizer.encode("a<s>a") == [2, 3, 2])
        #expect(tokenizer.decode([1, 2]) == "aa")
    }

    /// What a GGUF file cannot say is not exported.
    @Test func marksOfCharactersAreNotExported() throws {
        let kinds = try Self.kinds()
        for name in ["bpe of bytes", "bpe of bytes, fallback", "bpe, suffix", "unigram, bytes", "wordpiece"] {
            let tokenizer = try Self.tokenizer(try #require(kinds.first { $0.name == name }).definition)
            let error = #expect(throws: TokenizerError.self, "\(name)") { try tokenizer.ggufMetadata() }
            guard case .notExportable? = error else { throw try #require(error) }
        }
    }
}

/// Tries of keys at random hold all of them, and nothing else.
@Suite struct ByteTrieTests {
    @Test func keysAreFound() throws {
        var random = RandomGenerator(seed: 3)
        for count in [0, 1, 2, 40, 3000] {
            var keys: [(key: [UInt8], value: Int32)] = []
            for value in 0..<Int32(count) {
                let limit: UInt8 = value % 3 == 0 ? 255 : 3
                keys.append(((0..<Int.random(in: 0...6, using: &random)).map { _ in UInt8.random(in: 0...limit, using: &random) }, value))
            }
            let trie = ByteTrie(keys)
            let expected = Dictionary(keys.map { ($0.key, $0.value) }) { $1 }
            func value(_ key: [UInt8]) -> Int32 { key.withUnsafeBufferPointer { trie.value(of: $0) } }
            for key in expected.keys { #expect(value(key) == expected[key]) }
            for _ in 0..<500 {
                let key = (0..<Int.random(in: 0...7, using: &random)).map { _ in UInt8.random(in: 0...4, using: &random) }
                #expect(value(key) == expected[key] ?? -1)
                let longest = key.indices.map { Array(key[...$0]) }.last { expected[$0] != nil }
                let found = key.withUnsafeBufferPointer { trie.longestPrefix(of: $0, from: 0) }
                #expect(found?.end == longest?.count && found?.value == longest.flatMap { expected[$0] })
            }
        }
    }
}
