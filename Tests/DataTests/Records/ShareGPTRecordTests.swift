import Data
import Tensor
import Testing

@Suite("ShareGPT records")
struct ShareGPTRecordTests {
    private let turns = #"[{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]"#
    private let messages = [Message(role: "user", content: "a"), Message(role: "assistant", content: "b")]

    @Test func turnsBecomeMessages() throws {
        #expect(try RecordText.conversation(#"{"conversations": \#(turns)}"#).messages == messages)
        #expect(try RecordText.conversation(#"{"id": "x_0", "conversation": \#(turns)}"#).messages == messages)
    }

    @Test func columnsGoWithTheTurns() throws {
        let conversation = try RecordText.conversation(
            #"{"conversations": \#(turns), "system": "s", "tools": "[{\"name\": \"f\"}]"}"#)
        #expect(conversation.messages == [Message(role: "system", content: "s")] + messages)
        #expect(conversation.tools == [["name": "f"]])
    }

    @Test func aSystemTurnAtTheFrontWinsOverTheColumn() throws {
        let conversation = try RecordText.conversation(
            #"{"system": "column", "conversations": [{"from": "system", "value": "turn"}, {"from": "human", "value": "a"}]}"#)
        #expect(conversation.messages.map(\.content) == ["turn", "a"])
    }

    @Test func callsAndResultsHaveTurnsOfTheirOwn() throws {
        let conversation = try RecordText.conversation(
            #"""
            {"conversations": [{"from": "human", "value": "Weather?"},
            {"from": "function_call", "value": "{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}"},
            {"from": "observation", "value": "21"}, {"from": "gpt", "value": "21 degrees."}]}
            """#)
        #expect(conversation.messages.map(\.role) == ["user", "assistant", "tool", "assistant"])
        let call = conversation.messages[1]
        #expect(!call.hasContent && call.content.isEmpty && call.writtenRole == nil)
        #expect(call.extra == ["tool_calls": [["type": "function", "function": ["name": "weather", "arguments": ["city": "Rome"]]]]])
        #expect(conversation.messages[2].writtenRole == "observation")
    }

    @Test(arguments: [
        (#"{"value": "a"}"#, #"turn 1 has no "from"; allowed: system, human, gpt, function_call, observation"#),
        (#"{"from": "human"}"#, #"turn 1 has no "value", and no tool_calls or reasoning; give it one, if only """#),
        (
            #"{"from": "human", "value": null}"#,
            "turn 1's value is null, which only a turn with tool_calls or reasoning may have; make it a string"
        ),
        (
            #"{"from": "robot", "value": "a"}"#,
            "turn 1 has the unknown role 'robot'; allowed: system, human, gpt, function_call, observation"
        ),
    ])
    func errorsSpellKeysAsTheRecordDoes(turn: String, reason: String) throws {
        #expect(try RecordText.reason(#"{"conversations": [\#(turn)]}"#) == reason)
    }
}
