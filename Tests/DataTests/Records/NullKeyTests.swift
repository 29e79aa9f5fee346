import Data
import Tensor
import Testing

@Suite("Null keys of records")
struct NullKeyTests {
    private let call = #"{"type": "function", "function": {"name": "f", "arguments": {"city": "Rome", "unit": null}}}"#

    @Test("A message's null keys are as good as absent, and what is null in arguments stays")
    func keysOfMessages() throws {
        let conversation = try RecordText.conversation(
            turns: #"""
                [{"role": "user", "content": "a", "tool_calls": null, "reasoning_content": null, "from": null, "weight": null},
                {"role": "assistant", "content": null, "tool_calls": [\#(call)], "function_call": null},
                {"role": null, "from": "human", "content": null, "value": "b"}]
                """#)
        #expect(conversation.messages[0] == Message(role: "user", content: "a"))
        let calling = conversation.messages[1]
        #expect(!calling.hasContent && calling.extra.keys == ["tool_calls"])
        #expect(calling.extra["tool_calls"]?.array?.first?["function"]?["arguments"] == ["city": "Rome", "unit": nil])
        #expect(conversation.messages[2] == Message(role: "user", content: "b"))
    }

    @Test("A record's null keys are as good as absent")
    func keysOfRecords() throws {
        let turns = #"[{"role": "user", "content": "a"}]"#
        let plain = Conversation(messages: [Message(role: "user", content: "a")])
        for record in [
            #"{"conversations": null, "messages": \#(turns)}"#, #"{"messages": null, "conversations": \#(turns)}"#,
            #"{"messages": [], "conversations": \#(turns)}"#,
            #"{"messages": \#(turns), "tools": null, "functions": null, "system": null, "chat_template_kwargs": null}"#,
            #"{"messages": \#(turns), "tools": "null", "system": "", "chat_template_kwargs": "null"}"#,
        ] {
            #expect(try RecordText.conversation(record) == plain, "\(record)")
        }
        #expect(
            try RecordText.reason(#"{"messages": null, "conversations": null}"#)
                == #"no "conversations" and no "messages"; a line must be {"messages": [{"role": …, "content": …}, …]}"#)
    }

    @Test("A template does not see the null keys of a message, of a record or of a script")
    func templates() throws {
        let template = try ChatTemplate(
            source:
                "{% for m in messages %}{{ m.role }}{{ '+' if 'tool_calls' in m }}{{ '?' if m.content is not defined }}{{ m.content }};{% endfor %}"
        )
        var messages = try RecordText.conversation(
            turns: #"""
                [{"role": "user", "content": "a", "tool_calls": null}, {"role": "assistant", "tool_calls": [\#(call)]}]
                """#
        ).messages
        messages.append(Message(role: "user", content: "b", extra: ["tool_calls": nil]))
        #expect(try template.render(messages: messages) == "usera;assistant+?;userb;")
    }
}
