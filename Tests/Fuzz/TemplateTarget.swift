import Data
import Foundation
import Tensor

/// Chat templates, rendered for conversations of several kinds.
struct TemplateTarget: FuzzTarget {
    private struct Chat {
        let messages: [Message]
        var tools: [JSON]?
        var prompts = false
        var variables: JSONObject = [:]
    }

    private let chats: [Chat] = [
        Chat(messages: [
            Message(role: "system", content: "Be brief."), Message(role: "user", content: "你好 <b> & 'x' \"y\"\n"),
            Message(role: "assistant", content: "<think>\nhm\n</think>\n\nHi  ", extra: ["reasoning_content": "hm"]),
            Message(role: "user", content: "And?"), Message(role: "assistant", content: "7"),
        ]),
        Chat(
            messages: [
                Message(role: "user", content: "Weather?"),
                Message(
                    role: "assistant", content: "",
                    extra: [
                        "tool_calls": [
                            ["type": "function", "function": ["name": "w", "arguments": ["city": "Köln", "n": [1, 2.5, nil, true]]]]
                        ]
                    ]),
                Message(role: "tool", content: "{\"t\": 20}"),
            ],
            tools: [
                [
                    "type": "function",
                    "function": [
                        "name": "w", "description": "d", "parameters": ["type": "object", "properties": ["city": ["type": "string"]]],
                    ],
                ]
            ],
            prompts: true, variables: ["enable_thinking": false]),
        Chat(
            messages: [], prompts: true,
            variables: [
                "x": 3, "y": 2.5, "s": "Hello wörld", "l": [3, 1, 2], "d": ["b": 1, "a": ["c": [1, 2]], "items": "own"], "e": [], "n": nil,
                "t": true,
                "people": [["name": "Bob", "age": 3], ["name": "alice", "age": 30]], "deep": [[1, [2, [3]]]],
            ]),
    ]

    func read(_ input: [UInt8], _ recorder: Recorder) throws {
        // A file that is no text does not become a template; the reader of the file says so.
        let source = String(decoding: input, as: UTF8.self)
        guard let template = try recorder.attempt("parsed", { try ChatTemplate(source: source) }) else { return }
        recorder.accept()
        for chat in chats {
            try recorder.attempt("rendered") {
                try template.render(
                    messages: chat.messages, tools: chat.tools, addGenerationPrompt: chat.prompts, bosToken: "<s>", eosToken: "</s>",
                    variables: chat.variables, now: Date(timeIntervalSince1970: 1.7e9))
            }
        }
    }
}
