import Tensor

/// MiniMind's own chat templates, told from others by their text. Their answers are counted by the masks that MiniMind
/// published, whatever the size of the tokenizer's vocabulary.
enum MiniMindTemplate {
    /// Those of 2024 and 2025, which open the answer as a part of the question. They differ in their system prompt and in
    /// the tokens around a turn.
    case plain
    /// Those from October 2025 on, with tools and thoughts.
    case thinking

    /// - Parameters:
    ///   - bos: The token that opens a turn.
    ///   - eos: The token that closes it.
    init?(_ source: String, bos: String, eos: String) {
        // A tokenizer may name other tokens than the template writes.
        guard PythonText.contains(bos, in: source), PythonText.contains(eos, in: source) else { return nil }
        let text = Self.squeezed(source)
        let answer =
            #"{%ifmessage['role']=='user'%}{{'\#(bos)user\n'+content+'\#(eos)\n\#(bos)assistant\n'}}{%elifmessage['role']=='assistant'%}"#
            + #"{{content+'\#(eos)'+'\n'}}{%endif%}{%endfor%}"#
        if PythonText.hasSuffix(text, answer) {
            self = .plain
        } else if Self.thinkingFingerprints.contains(Fingerprint(of: text)) {
            self = .thinking
        } else {
            return nil
        }
    }

    /// The templates with thoughts, as published in October 2025 and in March 2026: two of several thousand letters.
    private static let thinkingFingerprints = Set([0x7272_2062_aba7_ef24, 0xab38_dc8b_7906_8bab].map { Fingerprint($0) })

    /// The text without white space, which editors and formatters change.
    private static func squeezed(_ source: String) -> String {
        PythonText.string(source.unicodeScalars.filter { !PythonText.isSpace($0) })
    }
}
