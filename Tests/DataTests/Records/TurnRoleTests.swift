import Data
import Tensor
import Testing

@Suite("Roles of records")
struct TurnRoleTests {
    @Test(arguments: [
        ("system", "system", nil), ("developer", "system", "developer"),
        ("user", "user", nil), ("human", "user", nil), ("input", "user", nil),
        ("assistant", "assistant", nil), ("gpt", "assistant", nil), ("bot", "assistant", nil), ("model", "assistant", nil),
        ("chatgpt", "assistant", nil),
        ("tool", "tool", nil), ("observation", "tool", "observation"), ("function", "tool", "function"),
        ("function_response", "tool", "function_response"), ("tool_response", "tool", "tool_response"), ("ipython", "tool", "ipython"),
    ])
    func aliases(written: String, role: String, kept: String?) throws {
        for spelling in [written, written.uppercased(), written.capitalized] {
            let message = try RecordText.conversation(turns: #"[{"role": "\#(spelling)", "content": "a"}]"#).messages[0]
            #expect(message.role == role && message.writtenRole == kept && message.speaker.rawValue == role, "\(spelling)")
            #expect(message.content == "a" && message.extra == [:])
        }
    }

    @Test func anUnknownRoleIsNamed() throws {
        #expect(
            try RecordText.reason(turns: #"[{"role": "user", "content": "a"}, {"role": "hu\nman", "content": "b"}]"#)
                == "turn 2 has the unknown role 'hu man'; allowed: system, user, assistant, tool")
    }

    @Test func aScriptMayGiveAnyRole() {
        let message = Message(role: "critic", content: "a")
        #expect(message.role == "critic" && message.speaker == .user && message.writtenRole == nil)
        #expect(Message(role: "assistant", content: "a").speaker == .assistant)
        #expect(Speaker(role: "GPT") == .assistant && Speaker(role: "critic") == nil)
    }
}
