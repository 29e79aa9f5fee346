import Data
import Tensor
import Testing

@Suite("Records with messages")
struct MessagesRecordTests {
    @Test("The list goes by three names", arguments: ["messages", "conversations", "conversation"])
    func names(key: String) throws {
        let conversation = try RecordText.conversation(
            #"{"\#(key)": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "id": 7}"#)
        #expect(conversation == Conversation(messages: [Message(role: "user", content: "a"), Message(role: "assistant", content: "b")]))
    }

    @Test("Spellings may be mixed in one list")
    func mixedSpellings() throws {
        let turns = #"[{"role": "user", "value": "a"}, {"from": "assistant", "content": "b"}, {"from": "human", "value": "c"}]"#
        let conversation = try RecordText.conversation(turns: turns)
        #expect(conversation.messages.map(\.role) == ["user", "assistant", "user"])
        #expect(conversation.messages.map(\.content) == ["a", "b", "c"])
        #expect(conversation.messages.allSatisfy { $0.extra == [:] })
    }

    @Test("A turn's other keys are the template's")
    func otherKeys() throws {
        let turn = #"[{"role": "assistant", "content": "a", "reasoning_content": "why", "name": "n", "value": 3}]"#
        let message = try RecordText.conversation(turns: turn).messages[0]
        #expect(message.extra == ["reasoning_content": "why", "name": "n", "value": 3])
        #expect(message.hasContent && message.isCounted && message.parts == nil)
    }

    @Test("Of two lists with the same turns, one is read")
    func sameTurnsTwice() throws {
        let conversation = try RecordText.conversation(
            #"{"messages": [{"role": "user", "content": "a"}], "conversations": [{"from": "human", "value": "a"}]}"#)
        #expect(conversation.messages == [Message(role: "user", content: "a")])
        let numbered = try RecordText.conversation(#"{"conversation": "c-17", "messages": [{"role": "user", "content": "a"}]}"#)
        #expect(numbered.messages.count == 1)
    }

    @Test(
        "What is wrong with a record is said",
        arguments: [
            ("[1, 2]", #"not an object but a list; a line must be {"messages": [{"role": …, "content": …}, …]}"#),
            ("3", #"not an object but a number; a line must be {"messages": [{"role": …, "content": …}, …]}"#),
            (
                #"{"text": "a"}"#,
                #"no "conversations" and no "messages"; a line must be {"messages": [{"role": …, "content": …}, …]}"#
            ),
            (#"{"messages": "a"}"#, #""messages" is text, not a list; it must be [{"role": …, "content": …}, …]"#),
            (#"{"conversations": {}}"#, #""conversations" is an object, not a list; it must be [{"role": …, "content": …}, …]"#),
            (#"{"messages": []}"#, "the conversation is empty; give it turns or delete the line"),
            (#"{"messages": ["a"]}"#, #"turn 1 is not an object; it must be {"role": …, "content": …}"#),
            (
                #"{"messages": [{"role": "user", "content": "a"}], "conversations": [{"role": "user", "content": "b"}]}"#,
                #""messages" and "conversations" have different turns; keep one of them"#
            ),
        ])
    func wrongRecords(text: String, reason: String) throws {
        #expect(try RecordText.reason(text) == reason)
    }

    @Test(
        "What is wrong with a turn is said",
        arguments: [
            (#"{"content": "a"}"#, #"turn 2 has no "role"; allowed: system, user, assistant, tool"#),
            (#"{"role": null, "content": "a"}"#, #"turn 2 has no "role"; allowed: system, user, assistant, tool"#),
            (#"{"role": "", "content": "a"}"#, "turn 2's role is empty; allowed: system, user, assistant, tool"),
            (#"{"role": 1, "content": "a"}"#, "turn 2's role is not a string; allowed: system, user, assistant, tool"),
            (
                #"{"role": "user", "from": "gpt", "content": "a"}"#,
                #"turn 2's "role" and "from" name different speakers, user and gpt; keep one"#
            ),
            (#"{"role": "user"}"#, #"turn 2 has no "content", and no tool_calls or reasoning; give it one, if only """#),
            (
                #"{"role": "user", "content": null}"#,
                "turn 2's content is null, which only a turn with tool_calls or reasoning may have; make it a string"
            ),
            (
                #"{"role": "user", "content": 3}"#,
                "turn 2's content is not a string but a number; make it a string or a list of text parts"
            ),
            (
                #"{"role": "tool", "content": {"t": 3}}"#,
                "turn 2's content is not a string but an object; make it a string or a list of text parts"
            ),
        ])
    func wrongTurns(turn: String, reason: String) throws {
        #expect(try RecordText.reason(turns: #"[{"role": "user", "content": "q"}, \#(turn)]"#) == reason)
    }

    @Test("Each kind has a name, and a record is of one of them")
    func kinds() throws {
        #expect(RecordFormats.all.map(\.name) == ["ShareGPT", "messages"])
        func kinds(_ text: String) throws -> [String] {
            let record = try #require(try JSON(parsing: text).object)
            return RecordFormats.all.filter { $0.fits(record) }.map(\.name)
        }
        #expect(try kinds(#"{"messages": [{"role": "user", "content": "a"}]}"#) == ["messages"])
        #expect(try kinds(#"{"text": "a"}"#) == [])
        #expect(try kinds(#"{"conversations": [{"from": "human", "value": "a"}]}"#).first == "ShareGPT")
    }
}
