/// The texts that a template looks for in messages, such as `</think>`: they stay as they are where words are marked,
/// so that the template takes the same course.
struct ProtectedTexts: Sendable {
    /// By first byte, the longest first.
    private var texts: [[(bytes: [UInt8], id: Int)]] = Array(repeating: [], count: 256)

    init(of template: ChatTemplate) {
        var all = template.contents.comparedTexts
        // Texts that a template may build of parts.
        all.formUnion(["<think>", "</think>"])
        for text in Array(all) { all.insert(PythonText.strip(text)) }
        for (id, text) in all.filter(Self.isDistinct).sorted().enumerated() {
            let bytes = Array(text.utf8)
            texts[Int(bytes[0])].append((bytes, id))
        }
        for byte in texts.indices { texts[byte].sort { $0.bytes.count > $1.bytes.count } }
    }

    /// Names of roles and keys are words of any text, and no template searches messages for them.
    private static func isDistinct(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || byte >= 0x41 && byte <= 0x5A || byte >= 0x61 && byte <= 0x7A
        }
        return text.utf8.count >= 2 && !isWord && !text.unicodeScalars.allSatisfy(PythonText.isSpace)
    }

    /// The text that stands at an index, the longest if there are several.
    func match(at index: Int, in bytes: [UInt8]) -> (length: Int, id: Int)? {
        for text in texts[Int(bytes[index])] where bytes[index...].starts(with: text.bytes) { return (text.bytes.count, text.id) }
        return nil
    }
}
