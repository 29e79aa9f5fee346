import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// Both published tokenizers, where their files lie beside the package.
@Suite("Words against Hugging Face", .enabled(if: Paths.shared("tokenizers/minimind-v2/golden.json") != nil))
struct GoldenDataTests {
    private func tokenizer(_ name: String) throws -> (Tokenizer, JSON) {
        let folder = try #require(Paths.shared("tokenizers/\(name)"))
        let golden = try Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/golden.json"))
        return (try Tokenizer(folder: folder), try JSON(parsing: golden))
    }

    private func ids(_ value: JSON?) -> [Int32] { value?.array?.compactMap { $0.integer.map(Int32.init) } ?? [] }

    @Test("Ids and their decodings", arguments: ["minimind-v2", "minimind-v3"])
    func tokens(_ name: String) throws {
        let (tokenizer, golden) = try tokenizer(name)
        let texts = try #require(golden["texts"]?.array)
        #expect(texts.count >= 20)
        for entry in texts {
            let text = try #require(entry["text"]?.string)
            let expected = ids(entry["ids"])
            #expect(try tokenizer.encode(text) == expected, "\(text)")
            #expect(tokenizer.decode(expected) == entry["decoded"]?.string)
            #expect(tokenizer.decode(expected, skipSpecialTokens: true) == entry["decoded_skip_special"]?.string)
            var stream = StreamingDecoder(tokenizer)
            #expect(expected.map { stream.append($0) }.joined() + stream.finish() == entry["decoded"]?.string)
        }
    }

    @Test("Rendered conversations", arguments: ["minimind-v2", "minimind-v3"])
    func prompts(_ name: String) throws {
        let (tokenizer, golden) = try tokenizer(name)
        let template = try ChatTemplate(source: #require(tokenizer.chatTemplate))
        let chats = try #require(golden["chats"]?.array)
        #expect(chats.count >= 4)
        for chat in chats {
            let messages = try #require(chat["messages"]?.array).map {
                Message(role: $0["role"]?.string ?? "", content: $0["content"]?.string ?? "")
            }
            let whole = try template.render(messages: messages, bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
            #expect(whole == chat["prompt"]?.string)
            let asked = try template.render(
                messages: messages.dropLast(), addGenerationPrompt: true, bosToken: tokenizer.bosToken,
                eosToken: tokenizer.eosToken)
            #expect(asked == chat["generation_prompt"]?.string)
        }
    }

    @Test("Samples and their masks", arguments: ["minimind-v2", "minimind-v3"])
    func samples(_ name: String) throws {
        let (tokenizer, _) = try tokenizer(name)
        let folder = try #require(Paths.shared("golden/sft"))
        let golden = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)-len64.json")))
        let dataset = try SFTDataset(path: folder + "/conversations.jsonl", tokenizer: tokenizer, maxSequenceLength: 64)
        let expected = try #require(golden.array)
        #expect(expected.count == dataset.count && dataset.count == 5)
        for (index, entry) in expected.enumerated() {
            let sample = try dataset[index]
            let padded = Batch([(index, sample)], padding: (64, dataset.padID))
            let filled = sample.ids + Array(repeating: dataset.padID, count: 64 - sample.ids.count)
            let targets = Dictionary(uniqueKeysWithValues: padded.predictions.map { (Int($0.row), $0.target) })
            #expect(padded.tokens == filled.dropLast())
            #expect(targets.allSatisfy { filled[$0.key + 1] == $0.value })
            if entry["X"] != nil {
                #expect(padded.tokens == ids(entry["X"]))
                #expect(Array(filled.dropFirst()) == ids(entry["Y"]))
                #expect(entry["mask"]?.array?.map(\.integer) == (0..<63).map { targets[$0] == nil ? 0 : 1 })
            } else {
                #expect(filled == ids(entry["ids"]))
                #expect([-100] + (0..<63).map { targets[$0] ?? -100 } == ids(entry["labels"]))
            }
        }
    }
}
