import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// Which turns count, and what is said of those that do not.
@Suite struct TurnOutcomeTests {
    private func record(_ turns: [(role: String, content: String, more: String)]) -> String {
        let turns = turns.map { #"{"role":"\#($0.role)","content":"\#($0.content)"\#($0.more)}"# }
        return #"{"messages":[\#(turns.joined(separator: ","))]}"#
    }

    private var threeAnswers: String {
        record([
            ("user", "a", ""), ("assistant", "one", ""), ("user", "b", ""), ("assistant", "two", #","weight":0"#), ("user", "c", ""),
            ("assistant", "three", ""),
        ])
    }

    @Test func turnsOfWeightZeroDoNotCount() throws {
        let encoder = try CountedText.encoder(CountedText.chatML)
        let sample = try CountedText.sample(threeAnswers, encoder)
        let text = CountedText.text(sample, encoder.format.tokenizer)
        #expect(text.contains("⟦one<|im_end|>⟧") && text.contains("assistant\ntwo<|im_end|>\n") && text.contains("⟦three<|im_end|>⟧"))
        #expect(sample.turns.map(\.outcome) == [.context, .counted, .context, .excluded, .context, .counted])
    }

    @Test func theLastAnswerOrEveryTokenCountsOnRequest() throws {
        let last = try CountedText.encoder(CountedText.chatML, target: .last)
        let sample = try CountedText.sample(threeAnswers, last)
        #expect(CountedText.text(sample, last.format.tokenizer).components(separatedBy: "⟦").count == 2)
        #expect(CountedText.text(sample, last.format.tokenizer).hasSuffix("⟦three<|im_end|>⟧\n"))
        #expect(sample.turns.map(\.outcome) == [.context, .notLast, .context, .excluded, .context, .counted])
        let all = try CountedText.encoder(CountedText.chatML, target: .all)
        let every = try CountedText.sample(threeAnswers, all)
        #expect(every.mask == [false] + Array(repeating: true, count: every.ids.count - 1))
        #expect(every.turns.allSatisfy { $0.outcome == .counted })
        let cut = try CountedText.sample(threeAnswers, CountedText.encoder(CountedText.chatML, length: 60, target: .all))
        #expect(cut.ids == Array(every.ids.prefix(60)) && cut.countedTokens == 59)
        #expect(cut.turns.filter { $0.speaker == .assistant }.map(\.outcome) == [.counted, .counted, .cut])
    }

    /// MiniMind's rule finds answers by a search; which one is which is known by their order.
    @Test func minimindsAnswersAreChosenToo() throws {
        let format = try ChatFormat(TestTokenizer.minimind())
        func text(_ record: String, _ target: LossTarget) throws -> String {
            try CountedText.of(record, ConversationEncoder(format, maximumLength: 1000, target: target))
        }
        #expect(
            try text(threeAnswers, .answers)
                == "<s>user\na</s>\n<s>assistant\n⟦one</s>\n⟧<s>user\nb</s>\n<s>assistant\ntwo</s>\n<s>user\nc</s>\n<s>assistant\n⟦three</s>\n<pad>⟧"
                .replacing("<pad>", with: ""))
        #expect(
            try text(threeAnswers, .last)
                == "<s>user\na</s>\n<s>assistant\none</s>\n<s>user\nb</s>\n<s>assistant\ntwo</s>\n<s>user\nc</s>\n<s>assistant\n⟦three</s>\n⟧"
        )
        // A question that quotes the header has a run of its own in the published rule.
        let quoting = record([
            ("user", "<s>assistant\\nno</s>", ""), ("assistant", "one", #","loss":false"#), ("user", "b", ""), ("assistant", "two", ""),
        ])
        #expect(
            try text(quoting, .answers)
                == "<s>user\n<s>assistant\nno</s></s>\n<s>assistant\none</s>\n<s>user\nb</s>\n<s>assistant\n⟦two</s>\n⟧")
    }

    @Test func cutsAreTold() throws {
        let record = record([("user", "a", ""), ("assistant", "one", ""), ("user", "b", ""), ("assistant", "two", "")])
        let whole = try CountedText.sample(record, CountedText.encoder(CountedText.chatML))
        let starts = whole.mask.indices.filter { whole.mask[$0] && !whole.mask[$0 - 1] }
        for length in 2...whole.ids.count {
            let sample = try CountedText.sample(record, CountedText.encoder(CountedText.chatML, length: length))
            #expect(sample.ids == Array(whole.ids.prefix(length)) && sample.mask == Array(whole.mask.prefix(length)))
            #expect(sample.removed == whole.ids.count - length)
            let expected = starts.map { $0 < length ? TurnOutcome.counted : .cut }
            #expect(sample.turns.filter { $0.speaker == .assistant }.map(\.outcome) == expected, "\(length)")
        }
    }

    @Test func turnsThatTheTemplateLeavesOutAreTold() throws {
        let encoder = try CountedText.encoder(
            "{% for m in messages %}{% if not (m.role == 'assistant' and loop.index0 == 1) %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
        )
        let record = record([("user", "a", ""), ("assistant", "one", ""), ("user", "b", ""), ("assistant", "two", "")])
        #expect(try CountedText.sample(record, encoder).turns.map(\.outcome) == [.context, .notRendered, .context, .counted])
    }

    /// Calls that a template without tools drops: the end of a turn alone is no answer.
    @Test func callsThatTheTemplateLeavesOutAreTold() throws {
        let encoder = try CountedText.encoder(CountedText.chatML)
        let call = #","tool_calls":[{"function":{"name":"f","arguments":{"x":"y"}}}]"#
        let record = record([("user", "a", ""), ("assistant", "", call), ("tool", "1", ""), ("assistant", "Look:", call)])
        let sample = try CountedText.sample(record, encoder)
        #expect(sample.turns.map(\.outcome) == [.context, .notRendered, .context, .counted])
        #expect(sample.turns.map(\.lacksCalls) == [false, true, false, true])
        let text = CountedText.text(sample, encoder.format.tokenizer)
        #expect(text.hasPrefix("<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n<|im_end|>\n<|im_start|>tool"), "\(text)")
    }

    /// MiniMind's first template knows no calls.
    @Test func callsThatMiniMindLeavesOutAreTold() throws {
        let encoder = ConversationEncoder(try ChatFormat(TestTokenizer.minimind()), maximumLength: 1000)
        let call = #","tool_calls":[{"function":{"name":"f","arguments":{"x":"y"}}}]"#
        let record = record([("user", "a", ""), ("assistant", "Look:", call), ("user", "b", ""), ("assistant", "two", "")])
        let sample = try CountedText.sample(record, encoder)
        #expect(sample.turns.map(\.outcome) == [.context, .counted, .context, .counted])
        #expect(sample.turns.map(\.lacksCalls) == [false, true, false, false])
    }

    @Test func statisticsCountTurns() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let records = [
            threeAnswers, record([("system", "s", ""), ("user", String(repeating: "x", count: 300), ""), ("assistant", "y", "")]),
            record([("user", "a", ""), ("tool", "t", "")]),
        ]
        try Array(records.joined(separator: "\n").utf8).write(to: folder + "/data.jsonl")
        for access in RecordAccess.allCases {
            let dataset = try SFTDataset(
                path: folder + "/data.jsonl", encoder: CountedText.encoder(CountedText.chatML, length: 256), access: access)
            let statistics = try dataset.statistics()
            let turns = statistics.turns
            #expect((turns[.system], turns[.user], turns[.tool], turns[.assistant]) == (1, 5, 1, 4))
            #expect((turns[.counted], turns[.excluded], turns[.cut], turns[.notRendered], turns.lost) == (2, 1, 1, 0, 1))
            #expect(statistics.samplesWithLostTurns == [1] && statistics.samplesWithoutCountedTokens == [1, 2])
            #expect(statistics.uncountedSamples == 2 && statistics.count == 3)
        }
        let counts = SampleCounts(try (0..<3).map { try CountedText.sample(records[$0], CountedText.encoder(CountedText.chatML)) })
        #expect(SampleCounts(numbers: counts.numbers) == counts)
        // Checkpoints of 0.7 have no turns.
        #expect(SampleCounts(numbers: counts.numbers.prefix(5))?.samples == 3)
        #expect(SampleCounts(numbers: counts.numbers.prefix(7)) == nil)
    }
}
