import Data
import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct MiniMindMaskTests {
    private func ids(_ json: JSON?) -> [Int32] { (json?.array ?? []).compactMap { $0.integer.map(Int32.init) } }

    private func fixture(_ name: String) throws -> [JSON] {
        let path = Paths.fixture("DataTests", "dataset/\(name)")
        let bytes = try #require(FileManager.default.contents(atPath: path))
        return try #require(try JSON(parsing: [UInt8](bytes)).array)
    }

    /// The published rules work on padded sequences; an unpadded sample, padded again, must equal them exactly.
    @Test func equalsThePublishedRulesOnRandomIds() throws {
        let cases = try fixture("masks.json")
        #expect(cases.count == 400)
        for item in cases {
            let (header, end) = (ids(item["header"]), ids(item["end"]))
            let rule = MiniMindMask(item["rule"] == "v2" ? .v2 : .v3, header: header, end: end)
            let length = try #require(item["length"]?.integer)
            let pad = Int32(try #require(item["pad"]?.integer))
            let all = ids(item["ids"])
            let sample = rule.sample(all, maxSequenceLength: length, padID: pad)
            let padded = sample.ids + Array(repeating: pad, count: length - sample.ids.count)
            #expect(padded == ids(item["padded"]), "\(item)")
            #expect(sample.mask.indices.filter { sample.mask[$0] } == ids(item["mask"]).map(Int.init), "\(item)")
            #expect(sample.ids.count >= min(all.count, length))
            #expect(sample.ids.count == min(all.count, length) || sample.mask.last == true, "needless padding: \(item)")
            #expect(sample.removed == max(0, all.count - length))
        }
    }

    @Test func keepsTheOnePadThatTheRuleOf2025Counts() {
        let rule = MiniMindMask(.v2, header: [1, 3], end: [2])
        let sample = rule.sample([1, 3, 9, 7, 2], maxSequenceLength: 8, padID: 0)
        #expect(sample.ids == [1, 3, 9, 7, 2, 0])
        #expect(sample.mask == [false, false, false, true, true, true])
        // Without room for it there is none.
        #expect(rule.sample([1, 3, 9, 7, 2], maxSequenceLength: 5, padID: 0).ids == [1, 3, 9, 7, 2])
    }

    /// A limit that is as good as none takes no memory.
    @Test func padsNoFurtherThanTheMaskReaches() {
        let ids: [Int32] = [1, 3, 9, 7, 2, 4]
        let rules = [
            MiniMindMask(.v2, header: [1, 3], end: [2]), MiniMindMask(.v3, header: [1, 3], end: [2, 4]),
            MiniMindMask(.v2, header: [5], end: [2]),
            // Padding opens or closes the answer.
            MiniMindMask(.v2, header: [2, 4, 0], end: [0, 0]), MiniMindMask(.v3, header: [1, 3], end: [4, 0, 0]),
            MiniMindMask(.v3, header: [], end: [2]),
        ]
        for rule in rules {
            #expect(rule.sample(ids, maxSequenceLength: .max, padID: 0) == rule.sample(ids, maxSequenceLength: 100, padID: 0), "\(rule)")
        }
        // What nothing closes goes on to the end all the same, and padding may be one header after the other.
        let open = MiniMindMask(.v3, header: [1, 3], end: [8]).sample(ids, maxSequenceLength: 100, padID: 0)
        #expect(open.ids.count == 100 && open.countedTokens == 98)
        let headers = MiniMindMask(.v3, header: [0, 0, 0], end: [0]).sample([7, 0], maxSequenceLength: 40, padID: 0)
        #expect(headers.ids.count == 37 && headers.countedTokens == 9)
    }

    @Test func equalsTheGoldenSamplesOf2025() throws {
        // "<s>assistant" and "</s>" in the published tokenizer.
        let rule = MiniMindMask(.v2, header: [1, 1078, 538, 501], end: [2])
        let golden = try fixture("minimind-v2-len64.json")
        #expect(golden.count == 5)
        for item in golden {
            let padded = ids(item["X"]) + ids(item["Y"]).suffix(1)
            let unpadded = Array(padded[...(padded.lastIndex { $0 != 0 } ?? 0)])
            let sample = rule.sample(unpadded, maxSequenceLength: 64, padID: 0)
            let mask = sample.mask.dropFirst().map { $0 ? Int32(1) : 0 }
            #expect(mask + Array(repeating: 0, count: 63 - mask.count) == ids(item["mask"]))
        }
    }

    @Test func equalsTheGoldenSamplesOf2026() throws {
        let rule = MiniMindMask(.v3, header: [1, 1388, 570, 811, 234], end: [2, 234])
        for item in try fixture("minimind-v3-len64.json") {
            let padded = ids(item["ids"])
            let labels = ids(item["labels"])
            let unpadded = Array(padded[...(padded.lastIndex { $0 != 0 } ?? 0)])
            let sample = rule.sample(unpadded, maxSequenceLength: 64, padID: 0)
            for index in padded.indices {
                #expect((index < sample.mask.count && sample.mask[index]) == (labels[index] != -100))
            }
        }
    }

    // MARK: Recognition

    private func rule(_ tokenizer: Tokenizer) throws -> LossMaskRule {
        LossMaskRule.detect(tokenizer: tokenizer, template: try ChatTemplate(source: try #require(tokenizer.chatTemplate)))
    }

    private func thinking(_ template: String, more: [String] = []) throws -> Tokenizer {
        try TestTokenizer.make(
            special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + more, bos: "<|im_start|>", eos: "<|im_end|>",
            pad: "<|endoftext|>", template: template)
    }

    /// A template is MiniMind's by its text, whatever the size of the vocabulary.
    @Test func knowsMiniMindsTemplatesByTheirText() throws {
        let plain = try TestTokenizer.minimind()
        let bytes = try plain.encode("<s>assistant")
        #expect(try rule(plain) == .minimind(MiniMindMask(.v2, header: bytes, end: plain.encode("</s>"))))
        let template = try TemplateFixture.source("minimind-v3")
        let large = try thinking(template, more: (0..<7000).map { "<reserved_\($0)>" })
        #expect(large.vocabularySize > 6400)
        let expected = try MiniMindMask(.v3, header: large.encode("<|im_start|>assistant\n"), end: large.encode("<|im_end|>\n"))
        #expect(try rule(large) == .minimind(expected))
        // Line ends and indentation are not the template's.
        #expect(try rule(thinking(template.replacing("\n", with: "\r\n  "))) == .minimind(expected))
    }

    @Test func takesOtherTemplatesForNoneOfMiniMinds() throws {
        // As MiniMind's, but for the words: Qwen's, and one that a person has changed.
        #expect(try rule(thinking(TemplateFixture.source("qwen3"))) == .answers)
        #expect(try rule(thinking(TemplateFixture.source("minimind-v3") + "{{ '' }}")) == .answers)
        // The tokenizer names other tokens than the template writes.
        let other = try TestTokenizer.make(
            special: ["<s>", "</s>", "<|im_start|>", "<|im_end|>"], bos: "<s>", eos: "</s>", pad: nil,
            template: TemplateFixture.source("minimind-v3"))
        #expect(try rule(other) == .answers)
        let nameless = try TestTokenizer.make(
            special: ["<s>", "</s>"], bos: nil, eos: nil, pad: nil, template: TestTokenizer.minimindTemplate)
        #expect(try rule(nameless) == .answers)
    }

    /// The published scripts count padding after a question that nobody answers.
    @Test func trainsOnNoPaddingWhereNoAnswerIs() throws {
        let encoder = ConversationEncoder(try ChatFormat(TestTokenizer.minimind()), maximumLength: 500)
        for roles in [["user"], ["system", "user"], ["user", "assistant", "user"]] {
            let conversation = Conversation(messages: roles.map { Message(role: $0, content: "x") })
            let sample = try encoder.sample(conversation)
            let text = try encoder.format.render(conversation)
            #expect(try sample.ids == encoder.format.tokenizer.encode(text), "\(roles)")
            #expect((sample.countedTokens > 0) == roles.contains("assistant"), "\(roles)")
        }
    }
}
