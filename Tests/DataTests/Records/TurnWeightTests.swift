import Data
import Tensor
import Testing

@Suite("Turns that do not count")
struct TurnWeightTests {
    private func message(_ keys: String) throws -> Message {
        try RecordText.conversation(turns: #"[{"role": "assistant", "content": "a", \#(keys)}]"#).messages[0]
    }

    @Test(arguments: [
        (#""weight": 0"#, false), (#""weight": 1"#, true), (#""weight": 0.0"#, false), (#""weight": null"#, true),
        (#""train": false"#, false), (#""train": true"#, true), (#""loss": false"#, false), (#""loss": true"#, true),
        (#""loss_mask": 0"#, false), (#""loss_mask": 1"#, true), (#""trainable": false"#, false), (#""trainable": true"#, true),
        (#""weight": 0, "train": false, "loss": null"#, false),
    ])
    func keysThatSayIt(keys: String, isCounted: Bool) throws {
        let message = try message(keys + #", "name": "n""#)
        #expect(message.isCounted == isCounted)
        // The template sees the others only.
        #expect(message.extra == ["name": "n"])
    }

    @Test func aTurnCountsUnlessItSaysSo() throws {
        let turns = #"[{"from": "human", "value": "a"}, {"from": "gpt", "value": "b", "weight": 0}, {"from": "gpt", "value": "c"}]"#
        #expect(try RecordText.conversation(#"{"conversations": \#(turns)}"#).messages.map(\.isCounted) == [true, false, true])
        #expect(Message(role: "user", content: "a").isCounted)
    }

    @Test(arguments: [
        (#""weight": 0.5"#, #"turn 1's "weight" is 0.5; only 0 and 1 are supported"#),
        (#""weight": 2"#, #"turn 1's "weight" is 2; only 0 and 1 are supported"#),
        (#""train": "no""#, #"turn 1's "train" is "no"; only 0 and 1 are supported"#),
        (#""loss_mask": [0, 1]"#, #"turn 1's "loss_mask" is [0,1]; only 0 and 1 are supported"#),
        (
            #""weight": 0, "train": true"#,
            #"turn 1's "weight" is 0 and its "train" is true, which contradict each other; keep one"#
        ),
    ])
    func otherValuesAreRefused(keys: String, reason: String) throws {
        #expect(try RecordText.reason(turns: #"[{"role": "assistant", "content": "a", \#(keys)}]"#) == reason)
    }
}
