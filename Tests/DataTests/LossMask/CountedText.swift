import Data
import Foundation
import Tensor
import TestSupport
import Testing

/// What counts in a conversation, as text.
enum CountedText {
    /// A tokenizer of one token a byte with the marks of a template as special tokens.
    static func tokenizer(_ template: String, marks: [String], eos: String?, bos: String? = nil) throws -> Tokenizer {
        try TestTokenizer.make(special: marks, bos: bos, eos: eos, pad: nil, template: template)
    }

    static func encoder(
        _ template: String, marks: [String] = ["<|im_start|>", "<|im_end|>"], eos: String? = "<|im_end|>", length: Int = 100_000,
        target: LossTarget = .answers, thinking: EmptyThinking? = nil, arguments: JSONObject = [:]
    ) throws -> ConversationEncoder {
        let tokenizer = try tokenizer(template, marks: marks, eos: eos)
        return ConversationEncoder(
            try ChatFormat(tokenizer, arguments: arguments), maximumLength: length, target: target, thinking: thinking)
    }

    /// The text of a sample, with ⟦ ⟧ around what counts.
    static func text(_ sample: Sample, _ tokenizer: Tokenizer) -> String {
        var text = ""
        var start = 0
        while start < sample.ids.count {
            let end = sample.mask[start...].firstIndex(of: !sample.mask[start]) ?? sample.ids.count
            let run = tokenizer.decode(sample.ids[start..<end])
            text += sample.mask[start] ? "⟦\(run)⟧" : run
            start = end
        }
        return text
    }

    /// The same of a record.
    static func of(_ record: String, _ encoder: ConversationEncoder, at index: Int = 0) throws -> String {
        text(try sample(record, encoder, at: index), encoder.format.tokenizer)
    }

    static func sample(_ record: String, _ encoder: ConversationEncoder, at index: Int = 0) throws -> Sample {
        try encoder.sample(Conversation(record: JSON(parsing: record)), at: index)
    }

    static let chatML =
        "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
}
