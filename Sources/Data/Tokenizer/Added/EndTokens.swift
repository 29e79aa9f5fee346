import Foundation
import Tensor

/// The tokens after which nothing more is to be generated.
enum EndTokens {
    /// How published models spell the end of a turn or of a text. A token of such a name counts where it is
    /// an added token; as a mere word of the vocabulary it is text.
    private static let spellings = [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<|return|>",
        "<|call|>", "<end_of_turn>", "<end_of_utterance>", "<eos>", "</s>", "<EOT>", "[EOT]", "[EOS]", "<turn|>",
        "<｜end▁of▁sentence｜>",
    ]

    static func isSpelled(_ token: String) -> Bool { spellings.contains(token) }

    /// - Parameter ids: Ids that a file names, and that of the eos token.
    static func all(_ ids: [Int32], among added: AddedVocabulary) -> Set<Int32> {
        var all = Set(ids)
        var spelled = Set(spellings.filter { added.id(of: $0) != nil })
        // In the format of two ends, one for the answer and one for a call, this one ends a mere part.
        if spelled.isSuperset(of: ["<|return|>", "<|call|>"]) { spelled.remove("<|end|>") }
        // Without the other, it opens a call.
        if !spelled.contains("<|return|>") { spelled.remove("<|call|>") }
        all.formUnion(spelled.compactMap(added.id(of:)))
        return all
    }

    /// The ids that `generation_config.json` names, if there is such a file: one or a list. A negative one stands for no token.
    static func configured(folder: String) throws(TokenizerError) -> [Int32] {
        let file = "\(folder)/generation_config.json"
        guard FileManager.default.fileExists(atPath: file) else { return [] }
        let field = try JSONField(contentsOf: file)["eos_token_id"]
        guard let value = field.value else { return [] }
        var ids: [Int32] = []
        for number in value.array ?? [value] {
            guard let id = number.integer.flatMap({ Int32(exactly: $0) }) else {
                throw field.malformed("is neither an id nor a list of ids")
            }
            if id >= 0 { ids.append(id) }
        }
        return ids
    }
}
