import Data
import Tensor
import Testing

@Suite("Calls in records")
struct TurnCallTests {
    private let call: JSON = ["type": "function", "function": ["name": "f", "arguments": ["x": 1]]]

    private func message(_ turn: String) throws -> Message { try RecordText.conversation(turns: "[\(turn)]").messages[0] }

    @Test("Calls without content are the same as calls with null for it")
    func withoutContent() throws {
        let calls = #""tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}]"#
        let absent = try message(#"{"role": "assistant", \#(calls)}"#)
        #expect(absent == (try message(#"{"role": "assistant", "content": null, \#(calls)}"#)))
        #expect(!absent.hasContent && absent.content.isEmpty && absent.extra == ["tool_calls": [call]])
        let empty = try message(#"{"role": "assistant", "content": "", \#(calls)}"#)
        #expect(empty.hasContent && empty.content.isEmpty)
    }

    @Test("Reasoning may stand without content", arguments: ["reasoning_content", "thinking", "reasoning"])
    func reasoningAlone(key: String) throws {
        let message = try message(#"{"role": "assistant", "\#(key)": "why"}"#)
        #expect(!message.hasContent && message.extra == [key: "why"])
        #expect(
            try RecordText.reason(turns: #"[{"role": "assistant", "\#(key)": ""}]"#)
                == #"turn 1 has no "content", and no tool_calls or reasoning; give it one, if only """#)
    }

    @Test("Calls may be the JSON text of a list, one call, or a list of texts")
    func spellings() throws {
        let text = #"{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": {\"x\": 1}}}"#
        let object = #"{"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}"#
        for calls in [#""[\#(text)]""#, #""\#(text)""#, object, "[\(object)]", #"["\#(text)"]"#] {
            #expect(try message(#"{"role": "assistant", "tool_calls": \#(calls)}"#).extra["tool_calls"] == [call], "\(calls)")
        }
        #expect(try message(#"{"role": "assistant", "content": "a", "tool_calls": ""}"#).extra == [:])
        #expect(try message(#"{"role": "assistant", "content": "a", "tool_calls": []}"#).extra == ["tool_calls": []])
    }

    @Test("OpenAI's old function_call becomes tool_calls")
    func functionCall() throws {
        let old = try message(#"{"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": {"x": 1}}}"#)
        #expect(!old.hasContent && old.extra == ["tool_calls": [call]])
        let text = try message(#"{"role": "assistant", "function_call": {"name": "f", "arguments": "{\"x\": 1}"}}"#)
        #expect(text.extra["tool_calls"] == [["type": "function", "function": ["name": "f", "arguments": "{\"x\": 1}"]]])
    }

    @Test("A turn whose role is a call has calls for its content", arguments: ["function_call", "tool_call"])
    func callRoles(role: String) throws {
        let text = #"{\"name\": \"f\", \"arguments\": {\"x\": 1}}"#
        let one = try message(#"{"role": "\#(role)", "content": "\#(text)"}"#)
        #expect(one.role == "assistant" && one.writtenRole == nil && !one.hasContent && one.extra == ["tool_calls": [call]])
        #expect(try message(#"{"role": "\#(role)", "content": "[\#(text), \#(text)]"}"#).extra == ["tool_calls": [call, call]])
        #expect(try message(#"{"role": "\#(role)", "content": {"name": "f", "arguments": {"x": 1}}}"#).extra == ["tool_calls": [call]])
        for content in [#""f(1)""#, #""{\"name\": \"f\"}""#, #""[]""#, #""3""#] {
            #expect(
                try RecordText.reason(turns: #"[{"role": "user", "content": "a"}, {"role": "\#(role)", "content": \#(content)}]"#)
                    == #"turn 2's role is \#(role), and its content is not the JSON of a call; make it {"name": …, "arguments": …}"#)
        }
    }

    @Test(arguments: [
        (#""tool_calls": "{""#, #"turn 1's "tool_calls" is text that is not JSON; make it a list"#),
        (#""tool_calls": 3"#, #"turn 1's "tool_calls" is a number, not a list; make it [{"name": …, "arguments": …}]"#),
        (
            #""tool_calls": ["f"]"#,
            #"turn 1's "tool_calls" has text where a call must be; make it {"name": …, "arguments": …}"#
        ),
        (#""tool_calls": []"#, #"turn 1 has no "content", and no tool_calls or reasoning; give it one, if only """#),
        (#""function_call": "auto""#, #"turn 1's "function_call" is not a call; make it {"name": …, "arguments": …}"#),
        (
            #""tool_calls": [{"name": "f", "arguments": {}}], "function_call": {"name": "f", "arguments": {}}"#,
            #"turn 1 has "tool_calls" and "function_call"; keep one"#
        ),
    ])
    func wrongCalls(keys: String, reason: String) throws {
        #expect(try RecordText.reason(turns: #"[{"role": "assistant", \#(keys)}]"#) == reason)
    }

    @Test func aCallIsGivenOnce() throws {
        let turn =
            #"[{"role": "tool_call", "content": "{\"name\": \"f\", \"arguments\": {}}", "tool_calls": [{"name": "f", "arguments": {}}]}]"#
        #expect(try RecordText.reason(turns: turn) == #"turn 1 has calls in its content and in "tool_calls"; keep one"#)
    }
}
