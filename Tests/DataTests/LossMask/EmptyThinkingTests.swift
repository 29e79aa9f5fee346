import Data
import Tensor
import TestSupport
import Testing

@Suite struct EmptyThinkingTests {
    private static let record =
        #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d <think></think> e"}]}"#

    private func qwen(_ thinking: EmptyThinking?, _ arguments: JSONObject = [:]) throws -> String {
        try CountedText.of(
            Self.record, CountedText.encoder(TemplateFixture.source("qwen3"), thinking: thinking, arguments: arguments))
    }

    private static let start =
        "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n⟦b<|im_end|>⟧\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n"

    @Test func anEmptyBlockIsKeptMaskedOrDropped() throws {
        let end = "<|im_end|>⟧\n"
        // Qwen's template takes what stands after the last </think> for the answer.
        let answer = "e"
        let thoughts = try qwen(.keep)
        #expect(thoughts.hasPrefix(Self.start + "⟦<think>"), "\(thoughts)")
        func plain(_ thinking: EmptyThinking?) throws -> String {
            try CountedText.of(
                Self.record.replacing("d <think></think> e", with: answer),
                CountedText.encoder(TemplateFixture.source("qwen3"), thinking: thinking))
        }
        #expect(try plain(.keep) == Self.start + "⟦<think>\n\n</think>\n\ne" + end)
        #expect(try plain(.mask) == Self.start + "<think>\n\n</think>\n\n⟦e" + end)
        #expect(try plain(nil) == plain(.mask))
        #expect(try plain(.drop(share: 1)) == Self.start + "⟦e" + end)
        #expect(try plain(.drop(share: 0)) == plain(.keep))
    }

    /// Where every token counts, the block does unless it is asked otherwise.
    @Test func everyTokenCountsWithoutTheBlock() throws {
        let record = #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#
        func text(_ thinking: EmptyThinking?) throws -> String {
            try CountedText.of(record, CountedText.encoder(TemplateFixture.source("qwen3"), target: .all, thinking: thinking))
        }
        let start = "<|im_start|>⟦user\na<|im_end|>\n<|im_start|>assistant\n"
        #expect(try text(nil) == start + "<think>\n\n</think>\n\nb<|im_end|>\n⟧")
        #expect(try text(.drop(share: 1)) == start + "b<|im_end|>\n⟧")
    }

    @Test func thoughtsAreNoEmptyBlock() throws {
        let record =
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"hm"}]}"#
        for thinking in [EmptyThinking.keep, .mask, .drop(share: 1)] {
            let text = try CountedText.of(record, CountedText.encoder(TemplateFixture.source("qwen3"), thinking: thinking))
            #expect(text.hasSuffix("assistant\n⟦<think>\nhm\n</think>\n\nb<|im_end|>⟧\n"), "\(text)")
        }
    }

    /// A prompt that opens the thoughts leaves the model to close them.
    @Test func aBlockThatThePromptOpensIsEmptyToo() throws {
        let template =
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
        let record = #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#
        func text(_ thinking: EmptyThinking) throws -> String {
            try CountedText.of(record, CountedText.encoder(template, thinking: thinking))
        }
        let start = "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"
        #expect(try text(.keep) == start + "<think>\n⟦\n</think>\n\nb<|im_end|>⟧\n")
        #expect(try text(.mask) == start + "<think>\n\n</think>\n\n⟦b<|im_end|>⟧\n")
        #expect(try text(.drop(share: 1)) == start + "⟦b<|im_end|>⟧\n")
    }

    /// MiniMind's rule counts the block unless it is told otherwise, and drops it as MiniMind's script does.
    @Test func minimindsBlocks() throws {
        let tokenizer = try TestTokenizer.make(
            special: ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], bos: "<|im_start|>", eos: "<|im_end|>", pad: "<|endoftext|>",
            template: TemplateFixture.source("minimind-v3"))
        let record =
            #"{"conversations":[{"role":"user","content":"a"},{"role":"assistant","content":"b","reasoning_content":"hm"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}"#
        func text(_ thinking: EmptyThinking?) throws -> String {
            let encoder = ConversationEncoder(try ChatFormat(tokenizer), maximumLength: 1000, thinking: thinking)
            guard case .minimind = encoder.rule else { throw DatasetError.noTemplate(reason: "\(encoder.rule)") }
            return try CountedText.of(record, encoder)
        }
        let start =
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n⟦<think>\nhm\n</think>\n\nb<|im_end|>\n⟧<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n"
        #expect(try text(nil) == start + "⟦<think>\n\n</think>\n\nd<|im_end|>\n⟧")
        #expect(try text(.keep) == text(nil))
        #expect(try text(.mask) == start + "<think>\n\n</think>\n\n⟦d<|im_end|>\n⟧")
        #expect(try text(.drop(share: 1)) == start + "⟦d<|im_end|>\n⟧")
    }

    /// A share of the samples, the same ones each time.
    @Test func aShareIsDrawnByTheSeed() throws {
        let record = #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#
        func dropped(_ seed: UInt64) throws -> [Bool] {
            let format = try ChatFormat(
                CountedText.tokenizer(TemplateFixture.source("qwen3"), marks: ["<|im_start|>", "<|im_end|>"], eos: "<|im_end|>"))
            let encoder = ConversationEncoder(format, maximumLength: 1000, thinking: .drop(share: 0.8), seed: seed)
            return try (0..<1000).map { try !CountedText.of(record, encoder, at: $0).contains("<think>") }
        }
        let first = try dropped(1)
        // 800 ± 12.6 of 1000.
        #expect((740...860).contains(first.count { $0 }))
        #expect(try dropped(1) == first)
        #expect(try dropped(2) != first)
    }
}
