import Data
import Tensor
import TestSupport
import Testing

/// Answers that the template marks itself.
@Suite struct GenerationBlockTests {
    private static let call = #"{"id":"1","type":"function","function":{"name":"get_weather","arguments":{"city":"Rome"}}}"#

    private func encoder(_ template: String, target: LossTarget = .answers, thinking: EmptyThinking? = nil) throws -> ConversationEncoder {
        let encoder = try CountedText.encoder(
            template, marks: ["</s>", "[INST]", "[/INST]"], eos: "</s>", target: target, thinking: thinking)
        #expect(encoder.rule == .generationBlocks)
        return encoder
    }

    @Test func whatStandsInABlockCounts() throws {
        let encoder = try encoder(
            "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }}[/INST]{% elif m.role == 'tool' %}({{ m.content }}){% else %}{% generation %}{% for c in m.tool_calls or [] %}<{{ c.function.name }}>{% endfor %} {{ m.content or '' }}</s>{% endgeneration %}{% endif %}{% endfor %}"
        )
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"Rome?"},{"role":"assistant","tool_calls":[\#(Self.call)]},{"role":"tool","content":"21"},{"role":"assistant","content":"It is 21."}]}"#,
            encoder)
        #expect(text == "[INST] Rome?[/INST]⟦<get_weather> </s>⟧(21)⟦ It is 21.</s>⟧")
    }

    /// transformers counts from the place of the output before a macro, over as many characters as the block has.
    @Test func blocksOfMacrosAreCountedAsTransformersDoes() throws {
        let encoder = try encoder(
            "{% macro say(m) %}<{% generation %}{{ m.content }}</s>{% endgeneration %}>{% endmacro %}{% for m in messages %}{% if m.role == 'assistant' %}{{ say(m) }}{% else %}[INST]{{ m.content }}[/INST]{% endif %}{% endfor %}"
        )
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"yes"}]}"#, encoder)
        // "<yes</s>" is as long as the block and one more; the tokens of "<yes" and of "</s>" are counted.
        #expect(text == "[INST]a[/INST]⟦<yes</s>⟧>")
    }

    /// A block of a macro whose output goes nowhere lies beyond the text.
    @Test(arguments: [EmptyThinking.drop(share: 1), .mask, .keep]) func blocksBeyondTheTextCountNothing(_ thinking: EmptyThinking) throws {
        let encoder = try encoder(
            "{% for m in messages %}[INST]{{ m.content }}[/INST]{% endfor %}{% macro say() %}{% generation %}<think>\n\n</think>\n\n{% for m in messages %}{{ m.content }}{% endfor %}</s>{% endgeneration %}{% endmacro %}{% set unused = say() %}",
            thinking: thinking)
        let text = try CountedText.of(
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"yes"}]}"#, encoder)
        #expect(text == "[INST]a[/INST][INST]yes[/INST]")
    }

    @Test func turnsInOneBlockAreToldApart() throws {
        let encoder = try encoder(
            "{% generation %}{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}{% endgeneration %}")
        let record =
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0},{"role":"assistant","content":"c"}]}"#
        let sample = try CountedText.sample(record, encoder)
        #expect(CountedText.text(sample, encoder.format.tokenizer) == "user:a;assistant:b;assistant:⟦c;⟧")
        #expect(sample.turns.map(\.outcome) == [.context, .excluded, .counted])
    }

    @Test func onlyTheLastAnswerOnRequest() throws {
        let template =
            "{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]{% else %}{% generation %}<think>\n\n</think>\n\n{{ m.content }}</s>{% endgeneration %}{% endif %}{% endfor %}"
        let record =
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}"#
        // The block of thinking counts where the template says what counts.
        #expect(
            try CountedText.of(record, encoder(template, target: .last))
                == "[INST]a[/INST]<think>\n\n</think>\n\nb</s>[INST]c[/INST]⟦<think>\n\n</think>\n\nd</s>⟧")
        #expect(
            try CountedText.of(record, encoder(template, thinking: .mask))
                == "[INST]a[/INST]<think>\n\n</think>\n\n⟦b</s>⟧[INST]c[/INST]<think>\n\n</think>\n\n⟦d</s>⟧")
        #expect(
            try CountedText.of(record, encoder(template, thinking: .drop(share: 1))) == "[INST]a[/INST]⟦b</s>⟧[INST]c[/INST]⟦d</s>⟧")
    }

    @Test func aTurnOutsideOfTheBlocksIsReported() throws {
        let encoder = try encoder(
            "{% for m in messages %}{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]{% elif loop.last %}{% generation %}{{ m.content }}</s>{% endgeneration %}{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
        )
        let sample = try CountedText.sample(
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}"#,
            encoder)
        #expect(sample.turns.map(\.outcome) == [.context, .notRendered, .context, .counted])
    }
}
