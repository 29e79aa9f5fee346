/// Which messages' words stand where in a rendered conversation.
struct MarkedText {
    /// A stretch of the text from a message's first word to its last, without another message's between them.
    struct Segment {
        let message: Int
        /// The mark of its last word.
        var lastMark: WordMark
        /// In bytes of the text.
        var range: Range<Int>
        /// Whether it has words of a call.
        var hasCall: Bool
    }

    /// The UTF-8 of the conversation's text.
    let bytes: [UInt8]
    private(set) var segments: [Segment] = []

    /// Lays the text with marks over the text with words.
    ///
    /// - Returns: `nil` where the template took another course, so that the texts differ in more than the words.
    init?(_ text: String, marked: String, of conversation: MarkedConversation) {
        bytes = Array(text.utf8)
        var builder = SegmentBuilder(conversation)
        let marked = Array(marked.utf8)
        var (place, markedPlace) = (0, 0)
        while markedPlace < marked.count {
            guard place < bytes.count else { return nil }
            // An ideograph that the text has too is a tool's or the template's own.
            if let mark = WordMark.at(markedPlace, in: marked),
                !bytes[place...].starts(with: marked[markedPlace..<markedPlace + WordMark.length])
            {
                let length = bytes[place].scalarLength
                builder.add(mark, place..<place + length)
                place += length
                markedPlace += WordMark.length
            } else if bytes[place] == marked[markedPlace] && !Self.isEscapedMark(markedPlace, marked, place, bytes) {
                place += 1
                markedPlace += 1
            } else if let mark = WordMark.escaped(at: markedPlace, in: marked) {
                let length = Self.escapedLength(place, bytes)
                builder.add(mark, place..<place + length)
                place += length
                markedPlace += 6
            } else {
                return nil
            }
        }
        guard place == bytes.count else { return nil }
        segments = builder.segments
    }

    /// Whether a mark is written as an escape where the text has something else.
    private static func isEscapedMark(_ index: Int, _ marked: [UInt8], _ place: Int, _ bytes: [UInt8]) -> Bool {
        guard marked[index] == UInt8(ascii: "\\"), WordMark.escaped(at: index, in: marked) != nil else { return false }
        return !bytes[place...].starts(with: marked[index..<index + 6])
    }

    /// How long a scalar is that JSON limited to ASCII may write as one escape or two.
    private static func escapedLength(_ place: Int, _ bytes: [UInt8]) -> Int {
        guard bytes[place] == UInt8(ascii: "\\"), place + 5 < bytes.count, bytes[place + 1] == UInt8(ascii: "u") else {
            return bytes[place].scalarLength
        }
        let isHighSurrogate = (bytes[place + 2] | 0x20) == UInt8(ascii: "d") && "89abAB".utf8.contains(bytes[place + 3])
        return isHighSurrogate && place + 11 < bytes.count ? 12 : 6
    }

    /// What stands after the last mark of a text, and that mark.
    static func tail(of marked: [UInt8]) -> (tail: ArraySlice<UInt8>, mark: WordMark?) {
        for index in marked.indices.reversed() {
            if let mark = WordMark.at(index, in: marked) { return (marked[(index + WordMark.length)...], mark) }
            if let mark = WordMark.escaped(at: index, in: marked) { return (marked[(index + 6)...], mark) }
        }
        return (marked[...], nil)
    }
}

/// Joins words to segments.
private struct SegmentBuilder {
    let conversation: MarkedConversation
    private(set) var segments: [MarkedText.Segment] = []
    private var last = 0

    init(_ conversation: MarkedConversation) { self.conversation = conversation }

    mutating func add(_ mark: WordMark, _ range: Range<Int>) {
        if segments.last?.lastMark != mark {
            guard let message = conversation.message(of: mark, after: last) else { return }
            last = message
            if segments.last?.message != message {
                return segments.append(
                    MarkedText.Segment(message: message, lastMark: mark, range: range, hasCall: mark.kind == .call))
            }
        }
        let index = segments.count - 1
        segments[index].range = segments[index].range.lowerBound..<range.upperBound
        segments[index].lastMark = mark
        if mark.kind == .call { segments[index].hasCall = true }
    }
}
