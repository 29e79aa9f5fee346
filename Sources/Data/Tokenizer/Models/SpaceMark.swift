/// The `▁` that SentencePiece writes for a space.
enum SpaceMark {
    private static let bytes: [UInt8] = Array("▁".utf8)

    /// Whether a mark follows anything else in a text.
    static func follows(in text: String) -> Bool {
        var text = text
        return text.withUTF8 { end(ofPartFrom: 0, in: $0) < $0.count }
    }

    /// Where the next mark is that follows anything else; the end of the text where there is none.
    static func end(ofPartFrom start: Int, in text: UTF8Bytes) -> Int {
        var index = start
        while index < text.count, isMark(at: index, in: text) { index += bytes.count }
        while index < text.count, !isMark(at: index, in: text) { index += 1 }
        return index
    }

    @inline(__always)
    private static func isMark(at index: Int, in text: UTF8Bytes) -> Bool {
        text[index] == bytes[0] && index + 2 < text.count && text[index + 1] == bytes[1] && text[index + 2] == bytes[2]
    }
}
