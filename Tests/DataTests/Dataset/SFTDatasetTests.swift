import Data
import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct SFTDatasetTests {
    private static let record = #"{"conversations":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#

    /// A dataset of a file with these bytes, which is gone afterwards.
    private func dataset(
        _ bytes: [UInt8], tokenizer: Tokenizer? = nil, length: Int = 64, access: RecordAccess = .checked,
        onBadRecord: BadRecordPolicy = .stop
    ) throws -> SFTDataset {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try bytes.write(to: folder + "/data.jsonl")
        return try SFTDataset(
            path: folder + "/data.jsonl", tokenizer: tokenizer ?? TestTokenizer.minimind(), maxSequenceLength: length,
            access: access, onBadRecord: onBadRecord)
    }

    private func dataset(
        _ text: String, tokenizer: Tokenizer? = nil, length: Int = 64, access: RecordAccess = .checked,
        onBadRecord: BadRecordPolicy = .stop
    ) throws -> SFTDataset {
        try dataset(
            Array(text.utf8), tokenizer: tokenizer, length: length, access: access, onBadRecord: onBadRecord)
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
        #expect(conversation.messages[2].hasContent == false)
        #expect(conversation.messages[2].extra["tool_calls"] == [["name": "f", "arguments": [:]]])
        #expect(conversation.messages[4].extra["reasoning_content"] == "why")
    }

    @Test func recordsWithToolsAreWrittenByTheirTemplate() throws {
        let template = TestTokenizer.minimindTemplate
        let tokenizer = try TestTokenizer.make(
            special: ["<pad>", "<s>", "</s>"], bos: "<s>", eos: "</s>", pad: "<pad>", template: template,
            toolTemplate: "{{ tools | length }}{{ pad_token }}" + template)
        let plain = "<s>user\na</s>\n<s>assistant\nb</s>\n"
        let withTools = Self.record.replacing("{\"conversations\"", with: "{\"tools\":[{\"name\":\"f\"}],\"conversations\"")
        let dataset = try dataset("\(Self.record)\n\(withTools)", tokenizer: tokenizer)
        #expect(try dataset.prompt(at: 0) == plain)
        #expect(try dataset.prompt(at: 1) == "1<pad>" + plain)
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
        (#"{"conversations":[{"role":"user","content":[3]}]}"#, "content has a part that is a number"),
        (#"{"conversations":[{"role":"user","content":3}]}"#, "content is not a string"),
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
        // The question that nobody answers is 26 tokens.
        #expect(statistics.shortestLength == 23)
        #expect(statistics.longestLength == 30)
        #expect(statistics.medianLength == 24.5)
        #expect(statistics.meanLength == (23 + 30 + 26 + 23) / 4.0)
        #expect(statistics.tokens == 102)
        #expect(statistics.countedTokens == 3 + 10 + 0 + 3)
        #expect(statistics.cutSamples == 1)
        #expect(statistics.removedTokens == 72 - 30)
        #expect(statistics.samplesWithoutCountedTokens == [2])
        #expect(dataset.samplesWithoutCountedTokens == [2])
        let sample = try dataset[1]
        #expect(sample.removed == 42 && sample.ids.count == 30 && sample.countedTokens == 10)
    }

    // MARK: Streaming and bad records

    private static let bad = [
        "{", #"{"conversations":[]}"#, #"{"conversations":[{"role":"robot","content":"x"}]}"#,
        #"{"conversations":[{"role":"user","content":"refuse"}]}"#,
    ]
    /// Refuses a conversation that begins with "refuse".
    private static let choosyTemplate =
        "{% if messages[0].content == 'refuse' %}{{ raise_exception('not\nthis') }}{% endif %}" + TestTokenizer.minimindTemplate

    @Test func streamingIsTheSameButLater() throws {
        let lines = (0..<300).flatMap { number in
            [Self.record.replacing("\"b\"", with: "\"\(number)\""), number.isMultiple(of: 3) ? "" : Self.record]
        }
        let text = lines.joined(separator: "\n")
        let checked = try dataset(text, length: 20)
        let streamed = try dataset(text, length: 20, access: .streaming)
        #expect(checked.count == 500 && streamed.count == 500)
        for index in stride(from: 0, to: 500, by: 7) {
            #expect(try checked[index] == streamed[index])
            #expect(checked.line(of: index) == streamed.line(of: index))
        }
        let (one, other) = (try checked.statistics(), try streamed.statistics())
        #expect(one == other)
        #expect(streamed.samplesWithoutCountedTokens == [])
        #expect(streamed.skippedRecords.count == 0)
    }

    @Test func streamingNamesTheBadLineWhenItIsReached() throws {
        let text = "\(Self.record)\n\n\(Self.bad[2])\n\(Self.record)"
        let early = #expect(throws: DatasetError.self) { try dataset(text) }
        let streamed = try dataset(text, access: .streaming)
        #expect(try streamed[0].countedTokens == 3)
        #expect(try streamed[2].countedTokens == 3)
        let late = #expect(throws: DatasetError.self) { try streamed[1] }
        let suffix = "line 3: turn 1 has the unknown role 'robot'; allowed: system, user, assistant, tool"
        #expect(late?.description.hasSuffix(suffix) == true)
        #expect(early?.description.hasSuffix(suffix) == true)
        #expect(throws: DatasetError.self) { try streamed.statistics() }
        #expect(throws: DatasetError.self) { try dataset([0xFF, 0xFE, 0x7B, 0x00], access: .streaming, onBadRecord: .skip) }
    }

    @Test("Joined lists of skipped records count each once, and say where that is not known")
    func joinedSkips() {
        func skipped(_ lines: Range<Int>, more: Int = 0) -> SkippedRecords {
            SkippedRecords(count: lines.count + more, lines.map { .init(line: $0, reason: "bad") })
        }
        let both = skipped(1..<4).union(skipped(3..<6))
        #expect(both.count == 5 && !both.isCountLeast && both.records.map(\.line) == [1, 2, 3, 4, 5])
        #expect(skipped(0..<0).union(both) == both && both.union(skipped(0..<0)) == both)
        // Two epochs of a file with 3000 bad lines, of which a thousand are named.
        let epoch = skipped(1..<1001, more: 2000)
        let epochs = epoch.union(epoch)
        #expect(epochs.count == 3000 && epochs.isCountLeast && epochs.records.count == 1000)
        #expect(epoch.union(skipped(5000..<5002)).isCountLeast)
    }

    @Test(arguments: RecordAccess.allCases)
    func skippedRecordsKeepTheirPlaces(access: RecordAccess) throws {
        var bytes: [UInt8] = []
        for line in [Self.record] + Self.bad + ["", Self.record] { bytes += Array(line.utf8) + [0x0A] }
        bytes += Array(#"{"conversations":[{"role":"user","content":""#.utf8) + [0xFF] + Array(#""}]}"#.utf8)
        let dataset = try dataset(
            bytes, tokenizer: TestTokenizer.minimind(template: Self.choosyTemplate), access: access, onBadRecord: .skip)
        #expect(dataset.count == 7)
        // What only the template refuses is known when it was asked to render it.
        #expect(dataset.skippedRecords.count == (access == .checked ? 4 : 0))
        let loader = DataLoader(dataset, batchSize: 4, workers: 2)
        for _ in 0..<2 {
            let batches = loader.epoch(0)
            let first = try #require(try batches.next())
            #expect(first.sampleIndices == [0, 1, 2, 3] && first.counts.badRecords == 3)
            #expect(first.tokens.count == 22 && first.countedTokens == 3)
            let second = try #require(try batches.next())
            #expect(second.sampleIndices == [4, 5, 6] && second.counts.badRecords == 2)
            #expect(second.countedTokens == 3)
        }
        let skipped = dataset.skippedRecords
        #expect(skipped.count == 5)
        #expect(skipped.records.map(\.line) == [2, 3, 4, 5, 8])
        #expect(skipped.records[0].reason.contains("several lines"))
        #expect(skipped.records[2].description.hasPrefix("line 4: turn 1 has the unknown role 'robot'"))
        #expect(skipped.records[3].reason.hasPrefix("the chat template refuses it: "))
        #expect(skipped.records[3].reason.contains("not this"))
        #expect(skipped.records[4].reason.contains("not UTF-8"))
        let statistics = try dataset.statistics()
        #expect(statistics.count == 2 && statistics.badRecords == 5 && statistics.uncountedSamples == 0)
        #expect(statistics.shortestLength == 23 && statistics.tokens == 46)
        #expect(throws: DatasetError.self) { try dataset.conversation(at: 1) }
        // A token without an embedding is not the record's fault.
        #expect(throws: DatasetError.self) {
            try dataset.checkVocabulary(size: 100)
            _ = try dataset[0]
        }
    }

    @Test func aFileWithoutAGoodRecordIsAnError() throws {
        for text in ["{", "{\n{\n{\n", Array(repeating: "{", count: 2000).joined(separator: "\n")] {
            let error = #expect(throws: DatasetError.self) { try dataset(text, onBadRecord: .skip) }
            #expect(error?.description.contains("line 1: a record goes over several lines") == true)
        }
        let choosy = try TestTokenizer.minimind(template: Self.choosyTemplate)
        let refused = Array(repeating: Self.bad[3], count: 20).joined(separator: "\n")
        let checked = try dataset(refused, tokenizer: choosy, onBadRecord: .skip)
        #expect(throws: DatasetError.self) { try checked.statistics() }
        // The same record again and again is no reason to give up.
        let mixed = try dataset("{\n\(Self.record)", access: .streaming, onBadRecord: .skip)
        for _ in 0..<3 { #expect(try mixed[0].isBadRecord) }
        #expect(try mixed[1].countedTokens == 3)
        #expect(mixed.skippedRecords.count == 1)
        // Streaming cannot know what comes: it gives up after 1000.
        let streamed = try dataset(
            Array(repeating: "{", count: 3000).joined(separator: "\n"), access: .streaming, onBadRecord: .skip)
        let batches = DataLoader(streamed, batchSize: 100).epoch(0)
        for _ in 0..<9 { #expect(try batches.next()?.counts.badRecords == 100) }
        let error = #expect(throws: DatasetError.self) { try batches.next() }
        #expect(error?.description.contains("all 1000 records") == true, "\(String(describing: error))")
        // Good ones before make it go on.
        let late = try dataset(
            Self.record + "\n" + Array(repeating: "{", count: 3000).joined(separator: "\n"), access: .streaming,
            onBadRecord: .skip)
        for index in 0..<late.count { #expect(try late[index].isBadRecord == (index > 0)) }
        let skipped = late.skippedRecords
        #expect(skipped.count == 3000 && skipped.records.count == SkippedRecords.limit)
        #expect(skipped.records.map(\.line) == Array(2...1001))
    }

    @Test(arguments: RecordAccess.allCases)
    func namesTheFirstLinesWhateverTheThreads(access: RecordAccess) throws {
        let lines = (0..<6000).map { $0.isMultiple(of: 2) ? Self.record : "[]" }
        let dataset = try dataset(lines.joined(separator: "\n"), access: access, onBadRecord: .skip)
        _ = try dataset.statistics()
        #expect(dataset.skippedRecords.count == 3000)
        #expect(dataset.skippedRecords.records.map(\.line) == (1...1000).map { $0 * 2 })
    }

    @Test func streamingChecksTheVocabularyOnTheWay() throws {
        let dataset = try dataset("\(Self.record)\n\(Self.record)", access: .streaming)
        try dataset.checkVocabulary(size: 259)
        #expect(try dataset[1].countedTokens == 3)
        try dataset.checkVocabulary(size: 258)
        let error = #expect(throws: DatasetError.self) { try dataset[1] }
        #expect(error?.description.contains("line 2: token 258 ('</s>')") == true)
    }

    @Test func streamingNamesSomeOfManySamplesWithoutCountedTokens() throws {
        let silent = #"{"conversations":[{"role":"user","content":"only me"}]}"#
        let text = Array(repeating: silent, count: 2500).joined(separator: "\n")
        let checked = try dataset(text).statistics()
        let streamed = try dataset(text, access: .streaming).statistics()
        #expect(checked.uncountedSamples == 2500 && streamed.uncountedSamples == 2500)
        #expect(checked.samplesWithoutCountedTokens == Array(0..<2500))
        #expect(streamed.samplesWithoutCountedTokens == Array(0..<DatasetStatistics.placeLimit))
    }
}
