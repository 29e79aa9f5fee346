import Data
import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct SFTDatasetTests {
    private static let record = #"{"conversations":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#

    /// A dataset of a file with these bytes, which is gone afterwards.
    private func dataset(_ bytes: [UInt8], tokenizer: Tokenizer? = nil, length: Int = 64) throws -> SFTDataset {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try bytes.write(to: folder + "/data.jsonl")
        return try SFTDataset(
            path: folder + "/data.jsonl", tokenizer: tokenizer ?? TestTokenizer.minimind(), maxSequenceLength: length)
    }

    private func dataset(_ text: String, tokenizer: Tokenizer? = nil, length: Int = 64) throws -> SFTDataset {
        try dataset(Array(text.utf8), tokenizer: tokenizer, length: length)
    }

    // MARK: Published samples

    @Test(.enabled(if: Paths.shared("tokenizers") != nil), arguments: ["minimind-v2", "minimind-v3"])
    func equalsThePublishedDatasets(name: String) throws {
        let tokenizer = try Tokenizer(folder: try #require(Paths.shared("tokenizers/\(name)")))
        let dataset = try SFTDataset(
            path: Paths.fixture("DataTests", "dataset/conversations.jsonl"), tokenizer: tokenizer, maxSequenceLength: 64
        )
        let path = Paths.fixture("DataTests", "dataset/\(name)-len64.json")
        let bytes = try #require(FileManager.default.contents(atPath: path))
        let golden = try #require(try JSON(parsing: [UInt8](bytes)).array)
        #expect(dataset.count == golden.count)
        for (index, item) in golden.enumerated() {
            func ids(_ key: String) -> [Int32]? { item[key]?.array?.map { Int32($0.integer ?? -1) } }
            let sample = try dataset[index]
            let filled = sample.ids + Array(repeating: dataset.padID, count: 64 - sample.ids.count)
            let batch = Batch([(index, sample)], padding: (64, dataset.padID))
            let targets = Dictionary(uniqueKeysWithValues: batch.predictions.map { (Int($0.row), $0.target) })
            #expect(batch.tokens == filled.dropLast())
            #expect(targets.allSatisfy { filled[$0.key + 1] == $0.value })
            if name == "minimind-v2" {
                #expect(batch.tokens == ids("X"))
                #expect(Array(filled.dropFirst()) == ids("Y"))
                #expect((0..<63).map { targets[$0] == nil ? 0 : 1 } == ids("mask"))
            } else {
                #expect(filled == ids("ids"))
                #expect((0..<63).map { targets[$0] ?? -100 } == ids("labels").map { Array($0.dropFirst()) })
            }
        }
    }

    // MARK: Files

    @Test func acceptsMarksBlankLinesAndAnyLineEnd() throws {
        let text = "\u{FEFF}\r\n\(Self.record)\r\n  \t\r\n\n\(Self.record)\n\(Self.record)"
        let dataset = try dataset(text)
        #expect(dataset.count == 3)
        #expect((0..<3).map { dataset.line(of: $0) } == [2, 5, 6])
        #expect(try dataset.prompt(at: 2) == "<s>user\na</s>\n<s>assistant\nb</s>\n")
        #expect(try self.dataset("\u{FEFF}\(Self.record)").line(of: 0) == 1)
        // A line separator inside of a string ends no line.
        #expect(try self.dataset(Self.record.replacing("\"b\"", with: "\"b\u{2028}\u{85}c\"")).count == 1)
    }

    @Test func acceptsTheOtherKeysOfPublishedData() throws {
        let text = #"""
            {"messages":[{"role":"system","content":"s","tools":"[{\"name\":\"f\"}]"},{"role":"user","content":"q"},
            {"role":"assistant","content":null,"tool_calls":"[{\"name\":\"f\",\"arguments\":{}}]"},{"role":"tool","content":"1"},
            {"role":"assistant","content":"done","reasoning_content":"why"}]}
            """#.replacing("\n", with: "")
        let conversation = try dataset(text).conversation(at: 0)
        #expect(conversation.tools == [["name": "f"]])
        #expect(conversation.messages.map(\.role) == ["system", "user", "assistant", "tool", "assistant"])
        #expect(conversation.messages[2].hasNullContent)
        #expect(conversation.messages[2].extra["tool_calls"] == [["name": "f", "arguments": [:]]])
        #expect(conversation.messages[4].extra["reasoning_content"] == "why")
    }

    @Test(arguments: [
        (#"{"conversations":[{"role":"user","content":"a"}"#, "broken JSON at column"),
        (#"[1, 2]"#, "not an object"), (#"{"text":"a"}"#, "no \"conversations\""),
        (#"{"conversations":"a"}"#, "not a list"), (#"{"conversations":[]}"#, "the conversation is empty"),
        (#"{"conversations":["a"]}"#, "turn 1 is not an object"),
        (#"{"conversations":[{"content":"a"}]}"#, "turn 1 has no \"role\""),
        (#"{"conversations":[{"role":"user","content":"a"},{"role":"assistant"}]}"#, "turn 2 has no \"content\""),
        (#"{"conversations":[{"role":"","content":"a"}]}"#, "role is empty"),
        (#"{"conversations":[{"role":1,"content":"a"}]}"#, "role is not a string"),
        (#"{"conversations":[{"role":"hu\nman","content":"a"}]}"#, "unknown role 'hu man'"),
        (#"{"conversations":[{"role":"user","content":["a"]}]}"#, "content is not a string"),
        (#"{"conversations":[{"role":"assistant","content":null}]}"#, "content is null"),
        (#"{"conversations":[{"role":"assistant","content":null,"tool_calls":"{"}]}"#, "tool_calls"),
        (#"{"tools":3,"conversations":[{"role":"user","content":"a"}]}"#, "\"tools\" is not a list"),
        ("[", "several lines"), ("{", "several lines"),
    ])
    func namesTheBadLine(line: String, reason: String) throws {
        let error = #expect(throws: DatasetError.self) { try dataset("\(Self.record)\n\n\(line)\n\(Self.record)") }
        let description = try #require(error?.description)
        #expect(description.contains("data.jsonl, line 3: ") && description.contains(reason), "\(description)")
        #expect(!description.contains("\n"))
    }

    @Test func namesTheFirstOfManyBadLines() throws {
        let lines = Array(repeating: Self.record, count: 3000) + Array(repeating: "{", count: 3000)
        let error = #expect(throws: DatasetError.self) { try dataset(lines.joined(separator: "\n")) }
        #expect(error?.description.contains("line 3001:") == true)
    }

    @Test func namesBytesThatAreNotUTF8() throws {
        var bytes = Array("\(Self.record)\n".utf8)
        bytes += Array(#"{"conversations":[{"role":"user","content":"é"#.utf8) + [0xFF] + Array(#""}]}"#.utf8)
        let error = #expect(throws: DatasetError.self) { try dataset(bytes) }
        #expect(
            error?.description.contains("line 2: not UTF-8 from column 47 on") == true, "\(String(describing: error))")
        let wide = #expect(throws: DatasetError.self) { try dataset([0xFF, 0xFE, 0x7B, 0x00]) }
        #expect(wide?.description.contains("UTF-16") == true)
    }

    @Test func namesFilesThatAreNone() throws {
        let tokenizer = try TestTokenizer.minimind()
        func open(_ path: String) -> DatasetError? {
            do throws(DatasetError) {
                _ = try SFTDataset(path: path, tokenizer: tokenizer, maxSequenceLength: 8)
                return nil
            } catch { return error }
        }
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(open(folder + "/none.jsonl") == .missing(path: folder + "/none.jsonl"))
        #expect(open(folder) == .notAFile(path: folder, kind: "a folder"))
        for text in ["", "\n \r\n", "\u{FEFF}"] {
            #expect(throws: DatasetError.self) { try dataset(text) }
        }
        let error = #expect(throws: DatasetError.self) { try dataset(Self.record, length: 1) }
        #expect(error == .sequenceTooShort(length: 1))
    }

    @Test func noticesAFileThatShrinks() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/data.jsonl"
        try Array("\(Self.record)\n\(Self.record)".utf8).write(to: path)
        let dataset = try SFTDataset(path: path, tokenizer: TestTokenizer.minimind(), maxSequenceLength: 64)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: 50)
        try handle.close()
        #expect(throws: DatasetError.changed(path: path, line: 2)) { try dataset[1] }
    }

    // MARK: Samples

    @Test func namesTheLineThatTheTemplateRefuses() throws {
        let template =
            TestTokenizer.minimindTemplate
            + "{% if messages[0].content == 'a' %}{{ raise_exception('not\nthis') }}{% endif %}"
        let dataset = try dataset("\n\(Self.record)", tokenizer: TestTokenizer.minimind(template: template))
        let error = #expect(throws: DatasetError.self) { try dataset[0] }
        #expect(error?.description.contains("data.jsonl, line 2: ") == true)
        #expect(error?.description.contains("not this") == true)
        for source in [nil, "{% if %}"] {
            #expect(throws: DatasetError.self) {
                try self.dataset(Self.record, tokenizer: TestTokenizer.minimind(template: source))
            }
        }
    }

    @Test func checksTheVocabulary() throws {
        let dataset = try dataset("\(Self.record)\n\(Self.record)")
        try dataset.checkVocabulary(size: 259)
        let error = #expect(throws: DatasetError.self) { try dataset.checkVocabulary(size: 258) }
        #expect(
            error?.description.contains("line 1: token 258 ('</s>') is outside of the model's vocabulary of 258")
                == true)
        #expect(throws: DatasetError.self) { try dataset.checkVocabulary(size: 100) }
    }

    @Test func countsWhatItHas() throws {
        let long = Self.record.replacing("\"b\"", with: "\"\(String(repeating: "b", count: 50))\"")
        let silent = #"{"conversations":[{"role":"user","content":"only me"}]}"#
        let dataset = try dataset([Self.record, long, silent, Self.record].joined(separator: "\n"), length: 30)
        // "<s>user\na</s>\n" is 9 tokens, "<s>assistant\nb</s>\n" 14.
        #expect(dataset.samplesWithoutCountedTokens == [])
        let statistics = try dataset.statistics()
        #expect(statistics.count == 4)
        #expect(statistics.shortestLength == 15)
        #expect(statistics.longestLength == 30)
        #expect(statistics.medianLength == 23)
        #expect(statistics.meanLength == (23 + 30 + 15 + 23) / 4.0)
        #expect(statistics.tokens == 91)
        #expect(statistics.countedTokens == 3 + 10 + 0 + 3)
        #expect(statistics.cutSamples == 1)
        #expect(statistics.removedTokens == 72 - 30)
        #expect(statistics.samplesWithoutCountedTokens == [2])
        #expect(dataset.samplesWithoutCountedTokens == [2])
        let sample = try dataset[1]
        #expect(sample.removed == 42 && sample.ids.count == 30 && sample.countedTokens == 10)
    }
}
