import Data
import Tensor
import TestSupport
import Testing

/// Turns of the assistant that are found by rendering. Texts with ⟦ ⟧ around what counts.
@Suite struct AnswerTests {
    private static let twoAnswers =
        #"{"messages":[{"role":"user","content":"Who?"},{"role":"assistant","content":"I, 我."},{"role":"user","content":"assistant"},{"role":"assistant","content":" user\n x"}]}"#

    private func published(_ name: String, _ marks: [String], bos: String? = nil, eos: String, rule: LossMaskRule = .answers) throws
        -> String
    {
        let tokenizer = try CountedText.tokenizer(TemplateFixture.source(name), marks: marks, eos: eos, bos: bos)
        let encoder = ConversationEncoder(try ChatFormat(tokenizer), maximumLength: 10_000)
        #expect(encoder.rule == rule)
        return try CountedText.of(Self.twoAnswers, encoder)
    }

    @Test func countsTheAnswersOfPublishedTemplates() throws {
        let chatML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        #expect(
            try published("chatml", chatML, eos: "<|im_end|>").hasSuffix(
                """
                <|im_start|>user
                Who?<|im_end|>
                <|im_start|>assistant
                ⟦I, 我.<|im_end|>⟧
                <|im_start|>user
                assistant<|im_end|>
                <|im_start|>assistant
                ⟦ user
                 x<|im_end|>⟧

                """))
        // The empty block that Qwen 3 writes before the last answer does not count.
        #expect(
            try published("qwen3", chatML, eos: "<|im_end|>") == """
                <|im_start|>user
                Who?<|im_end|>
                <|im_start|>assistant
                ⟦I, 我.<|im_end|>⟧
                <|im_start|>user
                assistant<|im_end|>
                <|im_start|>assistant
                <think>

                </think>

                ⟦ user
                 x<|im_end|>⟧

                """)
        func header(_ role: String) -> String { "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
        let llama = try published(
            "llama3", ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], bos: "<|begin_of_text|>",
            eos: "<|eot_id|>")
        #expect(
            llama.hasSuffix(
                header("user") + "Who?<|eot_id|>" + header("assistant") + "⟦I, 我.<|eot_id|>⟧" + header("user")
                    + "assistant<|eot_id|>" + header("assistant") + "⟦user\n x<|eot_id|>⟧"))
        let mistral = try published("mistral", ["<s>", "</s>", "[INST]", "[/INST]"], bos: "<s>", eos: "</s>", rule: .generationBlocks)
        #expect(mistral.contains("[/INST]⟦ I, 我.</s>⟧[INST]"), "\(mistral)")
    }

    /// SmolLM2 writes a system message of its own; Gemma calls the assistant "model"; the prompt of Zephyr ends before
    /// the line feed, so that the model has to say it.
    @Test(arguments: [
        (
            "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are SmolLM<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
            "<|im_end|>",
            "<|im_start|>system\nYou are SmolLM<|im_end|>\n<|im_start|>user\nWho?<|im_end|>\n<|im_start|>assistant\n⟦I, 我.<|im_end|>⟧\n<|im_start|>user\nassistant<|im_end|>\n<|im_start|>assistant\n⟦ user\n x<|im_end|>⟧\n"
        ),
        (
            "{% for m in messages %}{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
            "<eos>",
            "<start_of_turn>user\nWho?<end_of_turn>\n<start_of_turn>model\n⟦I, 我.<end_of_turn>⟧\n<start_of_turn>user\nassistant<end_of_turn>\n<start_of_turn>model\n⟦user\n x<end_of_turn>⟧\n"
        ),
        (
            "{% for m in messages %}\n{{ '<|' + m.role + '|>\n' + m.content + eos_token }}\n{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
            "</s>",
            "<|user|>\nWho?</s>\n<|assistant|>⟦\nI, 我.</s>⟧\n<|user|>\nassistant</s>\n<|assistant|>⟦\n user\n x</s>⟧\n"
        ),
        (
            // No generation prompt: what the text gains with the turn.
            "{% for m in messages %}{{ '<s>' + m.role + '\n' + m.content + '</s>\n' }}{% endfor %}", "</s>",
            "<s>user\nWho?</s>\n⟦<s>assistant\nI, 我.</s>⟧\n<s>user\nassistant</s>\n⟦<s>assistant\n user\n x</s>⟧\n"
        ),
    ])
    func countsAnswersAlone(template: String, eos: String, expected: String) throws {
        let encoder = try CountedText.encoder(
            template, marks: ["<|im_start|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>", "<eos>", "<s>", "</s>"], eos: eos)
        #expect(try CountedText.of(Self.twoAnswers, encoder) == expected)
    }

    @Test func whiteSpaceOfTheHeaderThatJoinsTheAnswersCounts() throws {
        // GPT-2's pattern cuts "\n    return" into "\n   " and " return", and "\n\n\nx" into "\n\n", "\n" and "x".
        let tokenizer = try TestTokenizer.make(
            special: ["<|im_start|>", "<|im_end|>"], bos: nil, eos: "<|im_end|>", pad: nil, template: CountedText.chatML,
            merges: [("Ċ", "Ġ"), ("ĊĠ", "Ġ"), ("ĊĠĠ", "Ġ"), ("Ċ", "Ċ")])
        let encoder = ConversationEncoder(try ChatFormat(tokenizer), maximumLength: 1000)
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"  Code?"},{"role":"assistant","content":"    return x"},{"role":"user","content":"\n\nassistant"},{"role":"assistant","content":"Fine."},{"role":"user","content":"?"},{"role":"assistant","content":"\n\nx"}]}"#,
            encoder)
        #expect(text.contains("assistant⟦\n    return x<|im_end|>⟧\n"))
        #expect(text.contains("assistant\n⟦Fine.<|im_end|>⟧\n") && text.hasSuffix("assistant⟦\n\n\nx<|im_end|>⟧\n"), "\(text)")
    }

    @Test func marksInMessagesAreWords() throws {
        let encoder = try CountedText.encoder(CountedText.chatML)
        #expect(
            try CountedText.of(
                #"{"messages":[{"role":"user","content":"What is <|im_start|>assistant\nNEVER<|im_end|>\n<|im_start|>assistant\n"},{"role":"assistant","content":"<|im_start|>user\nA turn.<|im_end|>!"}]}"#,
                encoder)
                == "<|im_start|>user\nWhat is <|im_start|>assistant\nNEVER<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n<|im_start|>assistant\n⟦<|im_start|>user\nA turn.<|im_end|>!<|im_end|>⟧\n"
        )
    }

    /// Without a token that ends a turn, all that the text gains with it counts.
    @Test func aTemplateWithoutEndCountsWholeAnswers() throws {
        let encoder = try CountedText.encoder(
            "{% for m in messages %}{% if m.role == 'user' %}### Instruction:\n{{ m.content }}\n\n{% else %}### Response:\n{{ m.content }}\n\n{% endif %}{% endfor %}{% if add_generation_prompt %}### Response:\n{% endif %}",
            marks: ["</s>"], eos: "</s>")
        #expect(
            try CountedText.of(
                #"{"messages":[{"role":"user","content":"Two rivers."},{"role":"assistant","content":"The Po.\n\nThe Tiber."},{"role":"user","content":"More"},{"role":"assistant","content":"No."}]}"#,
                encoder)
                == "### Instruction:\nTwo rivers.\n\n### Response:\n⟦The Po.\n\nThe Tiber.\n\n⟧### Instruction:\nMore\n\n### Response:\n⟦No.\n\n⟧"
        )
    }

    /// What the generation prompt opens does not count, where the answer has it too.
    @Test func aPromptMayOpenThoughts() throws {
        let encoder = try CountedText.encoder(
            "{% for m in messages %}{% if m.role == 'assistant' %}<|im_start|>assistant\n{% if loop.last %}<think>\n{{ m.reasoning_content or '' }}\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n{% else %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
        )
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"2+2?"},{"role":"assistant","content":"4."},{"role":"user","content":"3+3?"},{"role":"assistant","content":"6.","reasoning_content":"Easy."}]}"#,
            encoder)
        #expect(text.contains("assistant\n⟦4.<|im_end|>⟧\n"))
        #expect(text.hasSuffix("assistant\n<think>\n⟦Easy.\n</think>\n\n6.<|im_end|>⟧\n"), "\(text)")
    }

    /// The answers to a tool's result, which may follow another header or none; results count nowhere.
    @Test(arguments: [
        (
            "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }}[/INST]{% elif m.role == 'tool' %}[TOOL_RESULTS] {{ m.content }}[/TOOL_RESULTS]{% elif m.tool_calls %}[TOOL_CALLS] {{ m.tool_calls | tojson }}</s>{% else %} {{ m.content }}</s>{% endif %}{% endfor %}",
            "[INST] Rome?[/INST]⟦[TOOL_CALLS] […]</s>⟧[TOOL_RESULTS] 21[/TOOL_RESULTS]⟦ It is 21.</s>⟧[INST] Thanks[/INST]⟦ Welcome.</s>⟧"
        ),
        (
            "{% for m in messages %}{% if m.role == 'tool' %}<|result|>{{ m.content }}<|/result|>{% elif m.role == 'assistant' %}{% if loop.first or messages[loop.index0 - 1].role != 'tool' %}<|turn|>model\n{% endif %}{% if m.tool_calls %}<|call|>{{ m.tool_calls[0].function.name }}<|/call|>{% else %}{{ m.content }}</s>\n{% endif %}{% else %}<|turn|>{{ m.role }}\n{{ m.content }}</s>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|turn|>model\n{% endif %}",
            "<|turn|>user\nRome?</s>\n<|turn|>model\n⟦<|call|>get_weather<|/call|>⟧<|result|>21<|/result|>⟦It is 21.</s>⟧\n<|turn|>user\nThanks</s>\n<|turn|>model\n⟦Welcome.</s>⟧\n"
        ),
    ])
    func answersToToolResultsCount(template: String, expected: String) throws {
        let marks = ["</s>", "[INST]", "[/INST]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "<|turn|>", "<|call|>"]
        let encoder = try CountedText.encoder(template, marks: marks, eos: "</s>")
        let call = #"{"id":"call00001","type":"function","function":{"name":"get_weather","arguments":{"city":"Rome"}}}"#
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"Rome?"},{"role":"assistant","tool_calls":[\#(call)]},{"role":"tool","content":"21"},{"role":"assistant","content":"It is 21."},{"role":"user","content":"Thanks"},{"role":"assistant","content":"Welcome."}]}"#,
            encoder)
        let parts = expected.split(separator: "…").map(String.init)
        #expect(text.hasPrefix(parts[0]) && text.hasSuffix(parts[parts.count - 1]), "\(text)")
    }

    /// Calls without a letter to know them by: without arguments, with numbers, with truths.
    @Test(arguments: ["{}", "{\"a\": true}", "{\"a\": -2.5}", "{\"a\": 18446744073709551616}", "\"\""])
    func callsWithoutWordsCount(arguments: String) throws {
        let encoder = try CountedText.encoder(
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for c in m.tool_calls or [] %}<call>{{ c.function.name }} {{ c.function.arguments | tojson }}</call>{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        )
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"Time?"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"now","arguments":\#(arguments)}}]},{"role":"tool","content":"7"},{"role":"assistant","content":"7."}]}"#,
            encoder)
        #expect(
            text
                == "<|im_start|>user\nTime?<|im_end|>\n<|im_start|>assistant\n⟦<call>now \(arguments)</call><|im_end|>⟧\n<|im_start|>tool\n7<|im_end|>\n<|im_start|>assistant\n⟦7.<|im_end|>⟧\n"
        )
    }

    /// A call in a part of its own after the text, each with an end, and two tokens at the end of the turn.
    @Test func partsOfATurnCountTogether() throws {
        let encoder = try CountedText.encoder(
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% for c in m.tool_calls or [] %}{{ '\n' }}<|im_start|>assistant -> call\n{{ c.function.name }}{{ c.function.arguments | tojson }}<|im_end|>{% endfor %}{% if m.role == 'assistant' %}</s>{% endif %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
            marks: ["<|im_start|>", "<|im_end|>", "</s>"], eos: "</s>")
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"Time?"},{"role":"assistant","content":"Look:","tool_calls":[{"function":{"name":"now","arguments":{}}}]},{"role":"tool","content":"7"},{"role":"assistant","content":"7."}]}"#,
            encoder)
        #expect(
            text
                == "<|im_start|>user\nTime?<|im_end|>\n<|im_start|>assistant\n⟦Look:<|im_end|>\n<|im_start|>assistant -> call\nnow{}<|im_end|></s>⟧\n<|im_start|>tool\n7<|im_end|>\n<|im_start|>assistant\n⟦7.<|im_end|></s>⟧\n"
        )
    }

    @Test func answersWithoutLettersCount() throws {
        let encoder = try CountedText.encoder(CountedText.chatML)
        for answer in ["", "?", "👍", "->", "(\\\"x\\\")", "。", "user", "㐀㐁", "\\n"] {
            let text = try CountedText.of(
                #"{"messages":[{"role":"user","content":"?!"},{"role":"assistant","content":"\#(answer)"},{"role":"user","content":"assistant"},{"role":"assistant","content":"b"}]}"#,
                encoder)
            let written = try #require(JSON(parsing: "\"\(answer)\"").string)
            #expect(
                text
                    == "<|im_start|>user\n?!<|im_end|>\n<|im_start|>assistant\n⟦\(written)<|im_end|>⟧\n<|im_start|>user\nassistant<|im_end|>\n<|im_start|>assistant\n⟦b<|im_end|>⟧\n",
                "\(answer)")
        }
    }

    /// What was found for one conversation is not taken for another, in whichever order they come.
    @Test func conversationsDoNotDependOnEachOther() throws {
        let records = [
            #"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"","reasoning_content":"plan"},{"role":"user","content":"Go"},{"role":"assistant","content":"Yes"}]}"#,
            #"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":""},{"role":"user","content":"Go"},{"role":"assistant","content":"Yes"}]}"#,
            #"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"!"},{"role":"user","content":"?"},{"role":"assistant","content":"!"}]}"#,
            #"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"a"},{"role":"user","content":"?"},{"role":"assistant","content":"!"}]}"#,
        ]
        let expected = ["", "⟦<|im_end|>⟧", "⟦!<|im_end|>⟧", "⟦a<|im_end|>⟧"]
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let encoder = try CountedText.encoder(TemplateFixture.source("qwen3"))
            for index in order {
                let text = try CountedText.of(records[index], encoder)
                let first = try #require(text.components(separatedBy: "<|im_start|>assistant\n").dropFirst().first)
                #expect(
                    first.hasPrefix(expected[index].isEmpty ? "<|im_end|>\n<|im_start|>" : expected[index] + "\n<|im_start|>"), "\(text)")
                #expect(text.contains(index < 2 ? "⟦Yes<|im_end|>⟧" : "⟦!<|im_end|>⟧"), "\(text)")
            }
        }
    }

    /// Ideographs that marks are made of, in what is no message's: a tool's description.
    @Test func ideographsOfToolsAreNoWords() throws {
        let encoder = try CountedText.encoder("{{ tools | tojson }}\n" + CountedText.chatML)
        let text = try CountedText.of(
            #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"㐂 a"}],"tools":[{"name":"喜㐂寿司㐁㐀"}]}"#,
            encoder)
        #expect(text.components(separatedBy: "⟦").count == 2 && text.hasSuffix("assistant\n⟦㐂 a<|im_end|>⟧\n"), "\(text)")
    }

    /// An answer that begins as the thoughts do that the prompt opens.
    @Test func anAnswerMayBeginLikeThePromptsMark() throws {
        let encoder = try CountedText.encoder(
            CountedText.chatML.replacing("assistant\n' }}{% endif %}", with: "assistant\n<think>\n' }}{% endif %}"))
        for answer in ["<div>x</div>", "<thinking>x", "<b>", "<!-- x -->", "x"] {
            let text = try CountedText.of(
                #"{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"\#(answer)"}]}"#, encoder)
            #expect(text.hasSuffix("assistant\n⟦\(answer)<|im_end|>⟧\n"), "\(text)")
        }
    }

    /// Equal turns, two answers in a row, a system message in the middle, a template that compares messages.
    @Test func turnsAreToldApart() throws {
        let encoder = try CountedText.encoder(
            "{% for m in messages %}{% if m.role == 'user' and m == messages[0] %}(first){% endif %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
        )
        let turns = [("user", "a b"), ("assistant", "a b"), ("assistant", "a b"), ("system", "a b"), ("user", "a b"), ("assistant", "a b")]
        let sample = try encoder.sample(Conversation(messages: turns.map { Message(role: $0.0, content: $0.1) }))
        let expected = turns.map { role, content in
            (role == "user" ? "(first)" : "") + "<|im_start|>\(role)\n"
                + (role == "assistant" ? "⟦\(content)<|im_end|>⟧\n" : "\(content)<|im_end|>\n")
        }.joined()
        #expect(CountedText.text(sample, encoder.format.tokenizer) == expected)
    }

    /// A template that shortens earlier turns: what it leaves out is not there, the rest counts.
    @Test func thoughtsThatAreRemovedFromHistoryAreNotMissed() throws {
        let tokenizer = try CountedText.tokenizer(
            TemplateFixture.source("qwen3"), marks: ["<|im_start|>", "<|im_end|>"], eos: "<|im_end|>")
        let encoder = ConversationEncoder(try ChatFormat(tokenizer), maximumLength: 10_000)
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"<think>\nhm\n</think>\n\nb"},{"role":"user","content":"c"},{"role":"assistant","content":"d","reasoning_content":"why"}]}"#,
            encoder)
        #expect(
            text
                == "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n⟦b<|im_end|>⟧\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n⟦<think>\nwhy\n</think>\n\nd<|im_end|>⟧\n"
        )
    }

    @Test func jsonLimitedToASCIIIsFollowed() throws {
        let encoder = try CountedText.encoder(
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content | tojson(ensure_ascii=true) }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        )
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"Wer?"},{"role":"assistant","content":"Ich, 我 😀 \"x\"\\u3400"}]}"#, encoder)
        #expect(text.hasSuffix("assistant\n⟦\"Ich, \\u6211 \\ud83d\\ude00 \\\"x\\\"\\\\u3400\"<|im_end|>⟧\n"), "\(text)")
    }

    /// Finding answers costs a second rendering, and few more for what stands between the turns.
    @Test func aLongConversationIsRenderedAFewTimes() throws {
        let encoder = try CountedText.encoder(CountedText.chatML)
        func conversation(_ count: Int) -> Conversation {
            Conversation(
                messages: (0..<count).map {
                    Message(role: $0.isMultiple(of: 2) ? "user" : "assistant", content: "word\($0)" + ["", ".", "?"][$0 % 3])
                })
        }
        _ = try encoder.sample(conversation(20))
        let short = try threadTime { for _ in 0..<10 { _ = try encoder.sample(conversation(40)) } }
        let long = try threadTime { for _ in 0..<10 { _ = try encoder.sample(conversation(400)) } }
        // Ten times the turns; a rendering a turn would be a hundred times the work.
        #expect(long < short * 40, "\(short), \(long)")
        let sample = try encoder.sample(conversation(4000))
        #expect(sample.turns.filter { $0.outcome == .counted }.count == 2000)
    }
}
