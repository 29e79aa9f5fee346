import Data
import Tensor
import Testing

@Suite("Content in parts")
struct ContentPartsTests {
    @Test func textsAreJoinedAndThePartsKept() throws {
        let parts =
            #"[{"type": "text", "text": "a ", "image_url": null}, "b", {"type": "input_text", "text": "c"}, {"type": "output_text", "text": "d"}, {"text": "e"}]"#
        let message = try RecordText.conversation(turns: #"[{"role": "user", "content": \#(parts)}]"#).messages[0]
        #expect(message.content == "a bcde" && message.hasContent && message.extra == [:])
        #expect(message.parts == (try JSON(parsing: parts).array))
        let empty = try RecordText.conversation(turns: #"[{"from": "human", "value": []}]"#).messages[0]
        #expect(empty.content.isEmpty && empty.hasContent && empty.parts == [])
    }

    @Test(arguments: [
        (
            #"{"type": "image_url", "image_url": {"url": "x"}}"#,
            "turn 2's content has a part of type 'image_url'; only text is supported, so delete the part or the line"
        ),
        (
            #"{"type": "audio"}"#,
            "turn 2's content has a part of type 'audio'; only text is supported, so delete the part or the line"
        ),
        (#"{"type": "text"}"#, #"turn 2's content has a part without "text"; make it {"type": "text", "text": …}"#),
        (#"{"type": "text", "text": null}"#, #"turn 2's content has a part without "text"; make it {"type": "text", "text": …}"#),
        ("3", #"turn 2's content has a part that is a number; make it {"type": "text", "text": …}"#),
    ])
    func otherPartsAreRefusedByName(part: String, reason: String) throws {
        let turns = #"[{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "a"}, \#(part)]}]"#
        #expect(try RecordText.reason(turns: turns) == reason)
    }
}
