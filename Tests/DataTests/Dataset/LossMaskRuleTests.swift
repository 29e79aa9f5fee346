import Data
import Foundation
import Tensor
import TestSupport
import Testing

@Suite struct LossMaskRuleTests {
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
            let rule: LossMaskRule =
                item["rule"] == "v2" ? .minimindV2(header: header, end: end) : .minimindV3(header: header, end: end)
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
        let rule = LossMaskRule.minimindV2(header: [1, 3], end: [2])
        let sample = rule.sample([1, 3, 9, 7, 2], maxSequenceLength: 8, padID: 0)
        #expect(sample.ids == [1, 3, 9, 7, 2, 0])
        #expect(sample.mask == [false, false, false, true, true, true])
        // Without room for it there is none.
        #expect(rule.sample([1, 3, 9, 7, 2], maxSequenceLength: 5, padID: 0).ids == [1, 3, 9, 7, 2])
    }

    /// A limit that is as good as none takes no memory.
    @Test func padsNoFurtherThanTheMaskReaches() {
        let ids: [Int32] = [1, 3, 9, 7, 2, 4]
        let rules: [LossMaskRule] = [
            .minimindV2(header: [1, 3], end: [2]), .minimindV3(header: [1, 3], end: [2, 4]), .minimindV2(header: [5], end: [2]),
            // Padding opens or closes the answer.
            .minimindV2(header: [2, 4, 0], end: [0, 0]), .minimindV3(header: [1, 3], end: [4, 0, 0]), .minimindV3(header: [], end: [2]),
        ]
        for rule in rules {
            #expect(rule.sample(ids, maxSequenceLength: .max, padID: 0) == rule.sample(ids, maxSequenceLength: 100, padID: 0), "\(rule)")
        }
        // What nothing closes goes on to the end all the same, and padding may be one header after the other.
        let open = LossMaskRule.minimindV3(header: [1, 3], end: [8]).sample(ids, maxSequenceLength: 100, padID: 0)
        #expect(open.ids.count == 100 && open.countedTokens == 98)
        let headers = LossMaskRule.minimindV3(header: [0, 0, 0], end: [0]).sample([7, 0], maxSequenceLength: 40, padID: 0)
        #expect(headers.ids.count == 37 && headers.countedTokens == 9)
    }

    @Test func delimitedNeverCountsPadding() {
        let rule = LossMaskRule.delimited(header: [1, 3], end: [2])
        let open = rule.sample([5, 1, 3, 7, 7], maxSequenceLength: 9, padID: 0)
        #expect(open.ids == [5, 1, 3, 7, 7])
        #expect(open.mask == [false, false, false, true, true])
        #expect(rule.sample([1, 3], maxSequenceLength: 9, padID: 0).countedTokens == 0)
        #expect(rule.sample([], maxSequenceLength: 9, padID: 0) == Sample(ids: [], mask: []))
    }

    @Test func delimitedSkipsBlanksWhereTheyStand() {
        let rule = LossMaskRule.delimited(header: [1, 3, 8, 9], end: [2], blanks: 2)
        func counted(_ ids: [Int32]) -> [Int32] {
            let sample = rule.sample(ids, maxSequenceLength: 16, padID: 0)
            return zip(sample.ids, sample.mask).filter(\.1).map(\.0)
        }
        #expect(counted([5, 1, 3, 8, 9, 7, 2, 6]) == [7, 2])
        #expect(counted([5, 1, 3, 8, 9, 8, 9, 2]) == [8, 9, 2])
        #expect(counted([5, 1, 3, 4, 7, 2, 6]) == [4, 7, 2])
        // In part they are the answer's.
        #expect(counted([5, 1, 3, 8, 7, 2, 6]) == [8, 7, 2])
        #expect(counted([5, 1, 3]) == [] && counted([5, 1, 3, 8, 9]) == [] && counted([5, 1, 8, 9, 7, 2]) == [])
    }

    @Test func equalsTheGoldenSamplesOf2025() throws {
        // "<s>assistant" and "</s>" in the published tokenizer.
        let rule = LossMaskRule.minimindV2(header: [1, 1078, 538, 501], end: [2])
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
        let rule = LossMaskRule.minimindV3(header: [1, 1388, 570, 811, 234], end: [2, 234])
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

    // MARK: Detection

    /// The texts that a rule counts in a conversation of two questions and answers.
    private func counted(_ tokenizer: Tokenizer, _ messages: [Message]) throws -> (rule: LossMaskRule, texts: [String]) {
        let template = try ChatTemplate(source: try #require(tokenizer.chatTemplate))
        let rule = try LossMaskRule.detect(tokenizer: tokenizer, template: template)
        let text = try template.render(messages: messages, bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
        let ids = tokenizer.encode(text)
        let sample = rule.sample(ids, maxSequenceLength: ids.count, padID: 0)
        var runs: [[Int32]] = []
        for index in ids.indices where sample.mask[index] {
            if sample.mask[index - 1] { runs[runs.count - 1].append(ids[index]) } else { runs.append([ids[index]]) }
        }
        return (rule, runs.map { tokenizer.decode($0) })
    }

    private static let conversation = [
        Message(role: "user", content: "Who?"), Message(role: "assistant", content: "I, 我."),
        Message(role: "user", content: "assistant"), Message(role: "assistant", content: " user\n x"),
    ]

    private func template(_ name: String) throws -> String {
        let path = Paths.fixture("DataTests", "template/cases.json")
        let bytes = try #require(FileManager.default.contents(atPath: path))
        return try #require(try JSON(parsing: [UInt8](bytes))["templates"]?[name]?.string)
    }

    @Test func detectsThePublishedRules() throws {
        let v2 = try counted(try TestTokenizer.minimind(), Self.conversation)
        guard case .minimindV2 = v2.rule else { throw DatasetError.noLossMaskRule(reason: "\(v2.rule)") }
        #expect(v2.texts == ["I, 我.</s>\n", " user\n x</s>\n"])
        let thinking = try TestTokenizer.make(
            special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bos: "<|im_start|>", eos: "<|im_end|>",
            pad: "<|endoftext|>", template: try template("minimind-v3"))
        let v3 = try counted(thinking, Self.conversation)
        guard case .minimindV3 = v3.rule else { throw DatasetError.noLossMaskRule(reason: "\(v3.rule)") }
        #expect(
            v3.texts == ["<think>\n\n</think>\n\nI, 我.<|im_end|>\n", "<think>\n\n</think>\n\n user\n x<|im_end|>\n"])
    }

    @Test func derivesTheRuleOfOtherTemplates() throws {
        let llama = try TestTokenizer.make(
            special: ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
            bos: "<|begin_of_text|>", eos: "<|eot_id|>", pad: nil, template: try template("llama3"))
        #expect(try counted(llama, Self.conversation).texts == ["I, 我.<|eot_id|>", "user\n x<|eot_id|>"])
        let chatML = try TestTokenizer.make(
            special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bos: nil, eos: "<|im_end|>", pad: "<|endoftext|>",
            template: try template("chatml"))
        #expect(try counted(chatML, Self.conversation).texts == ["I, 我.<|im_end|>", " user\n x<|im_end|>"])
        // Qwen 3 writes empty thoughts before the last answer only; the header is what both answers share.
        let qwen = try TestTokenizer.make(
            special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bos: nil, eos: "<|im_end|>", pad: "<|endoftext|>",
            template: try template("qwen3"))
        #expect(
            try counted(qwen, Self.conversation).texts == [
                "I, 我.<|im_end|>", "<think>\n\n</think>\n\n user\n x<|im_end|>",
            ])
        // Mistral's generation prompt adds nothing.
        let mistral = try TestTokenizer.make(
            special: ["<s>", "</s>", "[INST]", "[/INST]"], bos: "<s>", eos: "</s>", pad: nil,
            template: try template("mistral"))
        #expect(try counted(mistral, Self.conversation).texts == ["I, 我.</s>", " user\n x</s>"])
    }

    /// The mask of a conversation, token for token: exactly the answers with their ends.
    private func expectMask(
        _ tokenizer: Tokenizer, _ messages: [Message], _ expected: [(text: String, counts: Bool)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let template = try ChatTemplate(source: try #require(tokenizer.chatTemplate))
        let rule = try LossMaskRule.detect(tokenizer: tokenizer, template: template)
        let text = try template.render(messages: messages, bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
        #expect(text == expected.map(\.text).joined(), sourceLocation: sourceLocation)
        let ids = tokenizer.encode(text)
        let sample = rule.sample(ids, maxSequenceLength: ids.count + 9, padID: 0)
        #expect(sample.ids == ids, "padding", sourceLocation: sourceLocation)
        var runs: [(ids: [Int32], counts: Bool)] = []
        for (id, counts) in zip(sample.ids, sample.mask) {
            if runs.last?.counts == counts { runs[runs.count - 1].ids.append(id) } else { runs.append(([id], counts)) }
        }
        #expect(runs.map(\.counts) == expected.map(\.counts), sourceLocation: sourceLocation)
        #expect(runs.map { tokenizer.decode($0.ids) } == expected.map(\.text), sourceLocation: sourceLocation)
    }

    /// ChatML with a system prompt of its own, and with the bos token opening every turn, as MiniMind's; but not
    /// MiniMind's vocabulary.
    @Test func smolLM2CountsAnswersAlone() throws {
        let source =
            "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
        let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + (0..<7000).map { "<reserved_\($0)>" }
        let tokenizer = try TestTokenizer.make(
            special: special, bos: "<|im_start|>", eos: "<|im_end|>", pad: "<|im_end|>", template: source)
        try expectMask(
            tokenizer, Self.conversation,
            [
                (
                    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n",
                    false
                ),
                ("I, 我.<|im_end|>", true),
                ("\n<|im_start|>user\nassistant<|im_end|>\n<|im_start|>assistant\n", false),
                (" user\n x<|im_end|>", true), ("\n", false),
            ])
    }

    /// GPT-2's pattern cuts "\n    return" into "\n   " and " return", and "\n\n\nx" into "\n\n", "\n" and "x", so that
    /// the line feed of the header is no token of its own.
    @Test func answersThatStartWithWhiteSpaceCount() throws {
        func tokenizer(_ template: String) throws -> Tokenizer {
            try TestTokenizer.make(
                special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bos: nil, eos: "<|im_end|>", pad: "<|endoftext|>",
                template: template, merges: [("Ċ", "Ġ"), ("ĊĠ", "Ġ"), ("ĊĠĠ", "Ġ"), ("Ċ", "Ċ")])
        }
        let chatML =
            "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
        let conversation = [
            Message(role: "user", content: "  Code?"), Message(role: "assistant", content: "    return x"),
            Message(role: "user", content: "\n\nassistant"), Message(role: "assistant", content: "Fine."),
            Message(role: "user", content: "?"), Message(role: "assistant", content: "\n\nx"),
        ]
        try expectMask(
            tokenizer(chatML), conversation,
            [
                ("<|im_start|>user\n  Code?<|im_end|>\n<|im_start|>assistant", false), ("\n    return x<|im_end|>", true),
                ("\n<|im_start|>user\n\n\nassistant<|im_end|>\n<|im_start|>assistant\n", false), ("Fine.<|im_end|>", true),
                ("\n<|im_start|>user\n?<|im_end|>\n<|im_start|>assistant", false), ("\n\n\nx<|im_end|>", true), ("\n", false),
            ])
        // Where the template opens other turns alike but for the white space, it has to be there.
        let alike =
            "{% for m in messages %}{{ '<|im_start|>' + ('\n' if m.role == 'assistant' else '') + m.content + '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>\n' }}{% endif %}"
        let plain = [Message(role: "user", content: "?"), Message(role: "assistant", content: "Fine.")]
        #expect(try counted(tokenizer(alike), plain).texts == ["Fine.<|im_end|>"])
        // Nor does a template that refuses such answers make the rule another.
        let choosy = "{% for m in messages if m.content != m.content.strip() %}{{ raise_exception('blank') }}{% endfor %}" + chatML
        #expect(try counted(tokenizer(choosy), plain).texts == ["Fine.<|im_end|>"])
    }

    @Test func qwen3CountsThoughtsAsPartOfTheAnswer() throws {
        let tokenizer = try TestTokenizer.make(
            special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bos: nil, eos: "<|im_end|>", pad: "<|endoftext|>",
            template: try template("qwen3"))
        try expectMask(
            tokenizer, Self.conversation,
            [
                ("<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n", false), ("I, 我.<|im_end|>", true),
                ("\n<|im_start|>user\nassistant<|im_end|>\n<|im_start|>assistant\n", false),
                ("<think>\n\n</think>\n\n user\n x<|im_end|>", true), ("\n", false),
            ])
    }

    @Test func llama3CountsAnswersAlone() throws {
        let tokenizer = try TestTokenizer.make(
            special: ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
            bos: "<|begin_of_text|>", eos: "<|eot_id|>", pad: nil, template: try template("llama3"))
        func header(_ role: String) -> String { "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
        let system = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
        try expectMask(
            tokenizer, Self.conversation,
            [
                ("<|begin_of_text|>" + header("system") + system + header("user") + "Who?<|eot_id|>" + header("assistant"), false),
                ("I, 我.<|eot_id|>", true), (header("user") + "assistant<|eot_id|>" + header("assistant"), false),
                ("user\n x<|eot_id|>", true),
            ])
    }

    /// Gemma calls the assistant "model", and its end of a turn is not the eos token.
    @Test func gemmaCountsAnswersAlone() throws {
        let source =
            "{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
        let tokenizer = try TestTokenizer.make(
            special: ["<pad>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], bos: "<bos>", eos: "<eos>", pad: "<pad>",
            template: source)
        try expectMask(
            tokenizer, Self.conversation,
            [
                ("<bos><start_of_turn>user\nWho?<end_of_turn>\n<start_of_turn>model\n", false), ("I, 我.<end_of_turn>", true),
                ("\n<start_of_turn>user\nassistant<end_of_turn>\n<start_of_turn>model\n", false),
                ("user\n x<end_of_turn>", true), ("\n", false),
            ])
    }

    /// TinyLlama's markers are text, not tokens, in a vocabulary of SentencePiece. The prompt ends before the line
    /// feed, so the model has to say it.
    @Test func zephyrCountsAnswersAlone() throws {
        let source =
            "{% for m in messages %}\n{{ '<|' + m.role + '|>\n' + m.content + eos_token }}\n{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
        let folder = try TokenizerFixture.folder(files: [
            "tokenizer.json": FormatFixture.json("spm.json").serialized,
            "tokenizer_config.json": #"{"bos_token": "<s>", "eos_token": "</s>"}"#, "chat_template.jinja": source,
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tokenizer = try Tokenizer(folder: folder)
        let counted = try counted(tokenizer, Self.conversation)
        #expect(counted.texts == ["\nI, 我.</s>", "\n user\n x</s>"])
    }

    @Test(arguments: [
        "{% for m in messages %}{{ m.content }}{% endfor %}",
        "{% for m in messages %}<s>{{ m.role }}{% endfor %}",
        "{{ raise_exception('no\nchat') }}", "",
    ])
    func refusesTemplatesWithoutMarkers(source: String) throws {
        let tokenizer = try TestTokenizer.minimind(template: source)
        let error = #expect(throws: DatasetError.self) {
            try LossMaskRule.detect(tokenizer: tokenizer, template: try ChatTemplate(source: source))
        }
        #expect(error?.description.contains("\n") == false)
    }
}
