import Data
import Tensor
import Testing

@Suite("What records have beside their turns")
struct RecordColumnTests {
    private func conversation(_ columns: String, role: String = "user") throws -> Conversation {
        try RecordText.conversation(#"{"messages": [{"role": "\#(role)", "content": "a"}], \#(columns)}"#)
    }

    private func reason(_ columns: String) throws -> String? {
        try RecordText.reason(#"{"messages": [{"role": "user", "content": "a"}], \#(columns)}"#)
    }

    @Test("A system prompt becomes the first turn", arguments: ["system", "system_prompt"])
    func systemPrompt(key: String) throws {
        #expect(
            try conversation(#""\#(key)": "s""#).messages == [Message(role: "system", content: "s"), Message(role: "user", content: "a")])
        #expect(try conversation(#""\#(key)": "s""#, role: "system").messages.map(\.content) == ["a"])
        #expect(try conversation(#""\#(key)": "s""#, role: "developer").messages.map(\.content) == ["a"])
        #expect(try conversation(#""\#(key)": "", "other": 3"#).messages.count == 1)
    }

    @Test("Tools are a list or its JSON text", arguments: ["tools", "functions"])
    func tools(key: String) throws {
        let expected: [JSON] = [["name": "f"]]
        for tools in [#"[{"name": "f"}]"#, #""[{\"name\": \"f\"}]""#, #"["{\"name\": \"f\"}"]"#] {
            #expect(try conversation(#""\#(key)": \#(tools)"#).tools == expected, "\(tools)")
        }
        #expect(try conversation(#""\#(key)": """#).tools == nil)
        #expect(try conversation(#""\#(key)": []"#).tools == [])
        #expect(
            try RecordText.conversation(
                #"{"tools": [{"name": "g"}], "messages": [{"role": "system", "content": "", "\#(key)": "[{\"name\": \"f\"}]"}]}"#
            ).tools == expected)
    }

    @Test("Arguments of the template are an object or its JSON text")
    func templateArguments() throws {
        #expect(try conversation(#""chat_template_kwargs": {"enable_thinking": false}"#).templateArguments == ["enable_thinking": false])
        #expect(try conversation(#""chat_template_kwargs": "{\"enable_thinking\": true}""#).templateArguments == ["enable_thinking": true])
        #expect(try conversation(#""enable_thinking": false"#).templateArguments == [:])
    }

    @Test(arguments: [
        (#""system": 3"#, #"the record's "system" is a number, not text; make it a string or delete it"#),
        (#""system_prompt": ["s"]"#, #"the record's "system_prompt" is a list, not text; make it a string or delete it"#),
        (#""system": "s", "system_prompt": "t""#, #"the record's "system" and "system_prompt" differ; keep one of them"#),
        (#""tools": 3"#, #"the record's "tools" is not a list but a number; it must be function descriptions"#),
        (#""functions": {"name": "f"}"#, #"the record's "functions" is not a list but an object; it must be function descriptions"#),
        (
            #""tools": "none""#,
            #"the record's "tools" is text that is not JSON, not a list; it must be a list of function descriptions"#
        ),
        (#""tools": ["f"]"#, #"the record's "tools" has text where a function description must be; make it an object"#),
        (#""tools": [{"name": "f"}], "functions": [{"name": "g"}]"#, #"the record's "tools" and "functions" differ; keep one of them"#),
        (
            #""chat_template_kwargs": [1]"#,
            #"the record's "chat_template_kwargs" is a list, not an object; make it one, such as {"enable_thinking": false}, or delete it"#
        ),
        (
            #""chat_template_kwargs": {"messages": []}"#,
            #"the record's "chat_template_kwargs" has "messages", which the record itself gives; delete it there"#
        ),
    ])
    func wrongColumns(columns: String, reason: String) throws {
        #expect(try self.reason(columns) == reason)
    }

    @Test func toolsOfASystemTurnAreNamedByIt() throws {
        #expect(
            try RecordText.reason(turns: #"[{"role": "system", "content": "s", "tools": 3}]"#)
                == #"turn 1's "tools" is not a list but a number; it must be function descriptions"#)
    }
}
