/// A conversation's text, and which parts of it each turn of the assistant is.
struct RenderedAnswers {
    /// A part of the text that the assistant says.
    struct Span: Equatable {
        /// Which message says it; `nil` where that is unknown.
        let message: Int?
        /// In bytes of the text's UTF-8.
        var range: Range<Int>
    }

    var text: String
    /// In the order of the text; a turn may have several.
    var spans: [Span]
    /// The turns whose calls the template does not write.
    var turnsWithoutCalls: Set<Int> = []

    init(text: String, spans: [Span]) {
        self.text = text
        self.spans = spans
    }

    /// The same, where it is known which words are whose.
    init(text: String, spans: [Span], _ layout: MarkedText, _ marked: MarkedConversation) {
        self.init(text: text, spans: spans)
        turnsWithoutCalls = marked.callingTurns.subtracting(layout.segments.filter(\.hasCall).map(\.message))
        // Of some calls the template writes the names alone, or there is nothing else to write.
        for turn in turnsWithoutCalls {
            let names = marked.conversation.messages[turn].callNames
            let texts = spans.filter { $0.message == turn }.map { PythonText.slice(text, bytes: $0.range) }
            if texts.contains(where: { text in names.contains { PythonText.contains($0, in: text) } }) { turnsWithoutCalls.remove(turn) }
        }
    }
}

extension RenderedAnswers {
    /// Takes empty blocks of thinking out of the text.
    mutating func removeEmptyThinking() {
        var bytes = Array(text.utf8)
        for index in spans.indices.reversed() {
            guard let block = EmptyThinking.block(at: spans[index].range.lowerBound, in: bytes) else { continue }
            bytes.removeSubrange(block)
            func moved(_ place: Int) -> Int { place <= block.lowerBound ? place : max(block.lowerBound, place - block.count) }
            for other in spans.indices { spans[other].range = moved(spans[other].range.lowerBound)..<moved(spans[other].range.upperBound) }
        }
        text = String(decoding: bytes, as: UTF8.self)
    }
}
