import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// The texts were compared with those that Hugging Face's `apply_chat_template` gives for the same templates.
@Suite struct BuiltInTemplateTests {
    private static let conversation = [
        Message(role: "system", content: "Be brief."), Message(role: "user", content: "Hi"),
        Message(role: "assistant", content: "Hello."), Message(role: "user", content: "1+1?"),
        Message(role: "assistant", content: "2"),
    ]
    private static let tools: [JSON] = [["type": "function", "function": ["name": "add", "parameters": ["a": "int"]]]]
    private static let toolConversation: [Message] = {
        var turn = Message(role: "assistant", content: "", extra: ["tool_calls": [Self.call]])
        turn.hasContent = false
        return [
            Message(role: "user", content: "1+1?"), turn,
            Message(role: "tool", content: "2 \"ok\"", extra: ["tool_call_id": "abcdefghi"]),
            Message(role: "assistant", content: "It is 2."),
        ]
    }()
    private static let call: JSON = [
        "id": "abcdefghi", "type": "function", "function": ["name": "add", "arguments": ["a": 1, "b": "é"]],
    ]

    private func render(
        _ name: String, _ messages: [Message], tools: [JSON]? = nil, prompt: Bool = false, bos: String? = "<B>", eos: String? = "<E>"
    ) throws -> String {
        try ChatTemplate(source: #require(ChatTemplate.builtIn(name))).render(
            messages: messages, tools: tools, addGenerationPrompt: prompt, bosToken: bos, eosToken: eos)
    }

    private func expectRefusal(_ name: String, _ reason: String, _ messages: [Message], tools: [JSON]? = nil) {
        #expect {
            try render(name, messages, tools: tools)
        } throws: { error in
            "\(error)".contains(name) && "\(error)".contains(reason)
        }
    }

    @Test func namesAreThoseOfTheTemplates() {
        #expect(ChatTemplate.builtInNames == ["chatml", "llama-3", "mistral", "gemma", "alpaca", "zephyr", "minimind"])
        #expect(ChatTemplate.builtInNames.allSatisfy { ChatTemplate.builtIn($0) != nil })
        #expect(ChatTemplate.builtIn("llama") == nil && ChatTemplate.builtIn("") == nil)
    }

    @Test(arguments: [
        (
            "chatml",
            """
            <|im_start|>system
            Be brief.<|im_end|>
            <|im_start|>user
            Hi<|im_end|>
            <|im_start|>assistant
            Hello.<|im_end|>
            <|im_start|>user
            1+1?<|im_end|>
            <|im_start|>assistant

            """, "2<|im_end|>\n"
        ),
        (
            "llama-3",
            """
            <B><|start_header_id|>system<|end_header_id|>

            Be brief.<|eot_id|><|start_header_id|>user<|end_header_id|>

            Hi<|eot_id|><|start_header_id|>assistant<|end_header_id|>

            Hello.<|eot_id|><|start_header_id|>user<|end_header_id|>

            1+1?<|eot_id|><|start_header_id|>assistant<|end_header_id|>


            """, "2<|eot_id|>"
        ),
        ("mistral", "<B>[INST] Be brief.\n\nHi[/INST] Hello.<E>[INST] 1+1?[/INST]", " 2<E>"),
        (
            "gemma",
            """
            <B><start_of_turn>user
            Be brief.

            Hi<end_of_turn>
            <start_of_turn>model
            Hello.<end_of_turn>
            <start_of_turn>user
            1+1?<end_of_turn>
            <start_of_turn>model

            """, "2<end_of_turn>\n"
        ),
        (
            "alpaca",
            """
            Be brief.

            ### Instruction:
            Hi

            ### Response:
            Hello.<E>

            ### Instruction:
            1+1?

            ### Response:

            """, "2<E>"
        ),
        (
            "zephyr",
            """
            <|system|>
            Be brief.<E>
            <|user|>
            Hi<E>
            <|assistant|>
            Hello.<E>
            <|user|>
            1+1?<E>
            <|assistant|>

            """, "2<E>\n"
        ),
        (
            "minimind",
            """
            <|im_start|>system
            Be brief.<|im_end|>
            <|im_start|>user
            Hi<|im_end|>
            <|im_start|>assistant
            <think>

            </think>

            Hello.<|im_end|>
            <|im_start|>user
            1+1?<|im_end|>
            <|im_start|>assistant
            <think>

            </think>


            """, "2<|im_end|>\n"
        ),
    ])
    func conversationsAreWrittenInTheFormat(name: String, prompt: String, answer: String) throws {
        let all = Self.conversation
        #expect(try render(name, Array(all.dropLast()), prompt: true) == prompt)
        // An answer with the end of its turn goes right where the prompt ends.
        let text = try render(name, all)
        #expect(text == prompt + answer)
        for count in 2..<all.count {
            #expect(text.hasPrefix(try render(name, Array(all.prefix(count)))), "\(count) messages")
        }
    }

    /// A tokenizer may have neither.
    @Test(arguments: [
        ("chatml", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"),
        (
            "llama-3",
            "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        ),
        ("mistral", "[INST] Hi[/INST] Hello."),
        ("gemma", "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n"),
        (
            "alpaca",
            "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
                + "### Instruction:\nHi\n\n### Response:\nHello."
        ),
        ("zephyr", "<|user|>\nHi\n<|assistant|>\nHello.\n"),
    ])
    func tokensThatAreMissingAreLeftOut(name: String, text: String) throws {
        #expect(try render(name, Array(Self.conversation[1...2]), bos: nil, eos: nil) == text)
    }

    @Test func chatMLWritesTools() throws {
        let text = try render("chatml", [Message(role: "system", content: "Be brief.")] + Self.toolConversation, tools: Self.tools)
        #expect(
            text == """
                <|im_start|>system
                Be brief.

                You can call functions. They are described between <tools> and </tools>, each by a JSON object:
                <tools>
                {"type": "function", "function": {"name": "add", "parameters": {"a": "int"}}}
                </tools>
                To call a function, write a JSON object with its name and its arguments:
                <tool_call>
                {"name": <name>, "arguments": <arguments>}
                </tool_call><|im_end|>
                <|im_start|>user
                1+1?<|im_end|>
                <|im_start|>assistant
                <tool_call>
                {"name": "add", "arguments": {"a": 1, "b": "é"}}
                </tool_call><|im_end|>
                <|im_start|>tool
                <tool_response>
                2 "ok"
                </tool_response><|im_end|>
                <|im_start|>assistant
                It is 2.<|im_end|>

                """)
        let two = Message(role: "assistant", content: "Both:", extra: ["tool_calls": [Self.call, ["name": "f", "arguments": "{}"]]])
        #expect(
            try render("chatml", [two]) == """
                <|im_start|>assistant
                Both:
                <tool_call>
                {"name": "add", "arguments": {"a": 1, "b": "é"}}
                </tool_call>
                <tool_call>
                {"name": "f", "arguments": {}}
                </tool_call><|im_end|>

                """)
    }

    @Test func llama3WritesTools() throws {
        #expect(
            try render("llama-3", Self.toolConversation, tools: Self.tools) == """
                <B><|start_header_id|>system<|end_header_id|>

                Environment: ipython

                You can call these functions:

                {"type": "function", "function": {"name": "add", "parameters": {"a": "int"}}}

                To call one, answer with {"name": <name>, "parameters": <arguments>} and nothing else.<|eot_id|>\
                <|start_header_id|>user<|end_header_id|>

                1+1?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

                {"name": "add", "parameters": {"a": 1, "b": "é"}}<|eot_id|><|start_header_id|>ipython<|end_header_id|>

                2 "ok"<|eot_id|><|start_header_id|>assistant<|end_header_id|>

                It is 2.<|eot_id|>
                """)
        let user = Message(role: "user", content: "1+1?")
        expectRefusal(
            "llama-3", "one tool call a turn, not 2",
            [user, Message(role: "assistant", content: "", extra: ["tool_calls": [Self.call, Self.call]])])
        expectRefusal(
            "llama-3", "text beside a tool call",
            [user, Message(role: "assistant", content: "Wait.", extra: ["tool_calls": [Self.call]])])
    }

    @Test func mistralWritesTools() throws {
        #expect(
            try render("mistral", Self.toolConversation, tools: Self.tools) == """
                <B>[AVAILABLE_TOOLS] [{"type": "function", "function": {"name": "add", "parameters": {"a": "int"}}}]\
                [/AVAILABLE_TOOLS][INST] 1+1?[/INST]\
                [TOOL_CALLS] [{"name": "add", "arguments": {"a": 1, "b": "é"}, "id": "abcdefghi"}]<E>\
                [TOOL_RESULTS] {"content": "2 \\"ok\\"", "call_id": "abcdefghi"}[/TOOL_RESULTS] It is 2.<E>
                """)
    }

    @Test(arguments: ["gemma", "alpaca", "zephyr"])
    func toolsAreRefusedWhereTheFormatHasNone(name: String) {
        expectRefusal(name, "no tools", Self.toolConversation)
        expectRefusal(name, "no tools", [Message(role: "user", content: "Hi")], tools: Self.tools)
        expectRefusal(name, "no tools", [Message(role: "user", content: "Hi"), Message(role: "tool", content: "2")])
    }

    @Test func conversationsThatDoNotFitAreRefused() {
        let system = Message(role: "system", content: "Be brief.")
        let user = Message(role: "user", content: "Hi")
        for name in ChatTemplate.builtInNames where name != "minimind" {
            expectRefusal(name, "no role 'narrator'", [Message(role: "narrator", content: "Once")])
        }
        for name in ["mistral", "gemma", "alpaca"] {
            expectRefusal(name, "at the start only", [user, system])
        }
        for name in ["chatml", "llama-3", "mistral"] {
            expectRefusal(
                name, "of the assistant only, not of the role 'user'",
                [Message(role: "user", content: "", extra: ["tool_calls": [Self.call]])])
        }
        for name in ["mistral", "gemma"] {
            expectRefusal(name, "in turn", [user, user])
            expectRefusal(name, "in turn", [Message(role: "assistant", content: "Hello.")])
            expectRefusal(name, "there is no user", [system])
        }
    }

    /// MiniMind's tokenizers are known by this text.
    @Test(.enabled(if: Paths.shared("tokenizers/minimind-v3") != nil))
    func miniMindIsThePublishedText() throws {
        let folder = try #require(Paths.shared("tokenizers/minimind-v3"))
        let published = try #require(Tokenizer(folder: folder).chatTemplate)
        let builtIn = try #require(ChatTemplate.builtIn("minimind"))
        #expect(Array(builtIn.utf8) == Array(published.utf8))
    }
}
