import Synchronization
import Tensor

/// Finds the assistant's turns in a rendered conversation by rendering: what the text gains with each.
///
/// The conversation is rendered a second time with marks for the words of each message (``MarkedConversation``), so that it
/// is known which words are whose, whatever they are. Between the words of two messages stands what the template writes.
/// There a turn begins after the generation prompt, and after whatever else the prompt has in common with the text, such
/// as `<think>`; and it ends with the token that ends it, or else with all that the text gains with it. The prompt and
/// the gain come of rendering the conversation up to the turn. What stands around answers repeats, so that few
/// conversations need it.
final class AnswerFinder: Sendable {
    let format: ChatFormat
    private let protected: ProtectedTexts
    /// The tokens that end a turn, as text, the longest first.
    private let ends: [[UInt8]]
    private let boundaries = Mutex<[BoundaryKey: Int]>([:])
    private let barePrompt = Mutex<[UInt8]?>(nil)

    /// How many boundaries are remembered at the most.
    private static let memoryLimit = 100_000

    init(_ format: ChatFormat) {
        self.format = format
        protected = ProtectedTexts(of: format.template)
        ends = format.tokenizer.endIDs.compactMap(format.tokenizer.bytes(of:)).filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }

    /// The text of a conversation and the turns of the assistant in it.
    ///
    /// - Throws: What the template refuses.
    func answers(in conversation: Conversation) throws(TemplateError) -> RenderedAnswers {
        let text = try format.rendered(conversation).text
        guard let (marked, layout) = mark(conversation, text) else { return RenderedAnswers(text: text, spans: []) }
        var search = AnswerSearch(self, conversation, marked, layout)
        search.run()
        return RenderedAnswers(text: text, spans: search.spans, layout, marked)
    }

    /// The text of a conversation and its generation blocks, each given to the turns of the assistant that are in it.
    ///
    /// - Throws: What the template refuses.
    func blocks(in conversation: Conversation) throws(TemplateError) -> RenderedAnswers {
        let rendered = try format.rendered(conversation)
        guard let (marked, layout) = mark(conversation, rendered.text) else {
            return RenderedAnswers(
                text: rendered.text, spans: rendered.generationBlocks.map { RenderedAnswers.Span(message: nil, range: $0) })
        }
        var spans: [RenderedAnswers.Span] = []
        // A turn without words is in the block that stands where it is expected.
        var wordless = conversation.messages.indices.filter { conversation.messages[$0].speaker == .assistant && !marked.hasWords[$0] }[...]
        for block in rendered.generationBlocks.sorted(by: { $0.lowerBound < $1.lowerBound }) where !block.isEmpty {
            let answers = layout.segments.filter {
                $0.range.overlaps(block) && conversation.messages[$0.message].speaker == .assistant
            }
            guard !answers.isEmpty else {
                spans.append(RenderedAnswers.Span(message: wordless.popFirst(), range: block))
                continue
            }
            for (index, answer) in answers.enumerated() {
                let start = index == 0 ? block.lowerBound : answer.range.lowerBound
                let end = index + 1 < answers.count ? answers[index + 1].range.lowerBound : block.upperBound
                spans.append(RenderedAnswers.Span(message: answer.message, range: start..<end))
            }
        }
        return RenderedAnswers(text: rendered.text, spans: spans, layout, marked)
    }

    /// Which message's words stand where; `nil` where the template cannot be followed.
    func mark(_ conversation: Conversation, _ text: String) -> (MarkedConversation, MarkedText)? {
        for sharesMarks in [false, true] {
            let marked = MarkedConversation(conversation, protected, sharesMarks: sharesMarks)
            if let other = try? format.rendered(marked.conversation).text, let layout = MarkedText(text, marked: other, of: marked) {
                return (marked, layout)
            }
        }
        return nil
    }

    /// Where the first token that ends a turn stands, with those that follow it at once: some templates end with two.
    func end(in gap: ArraySlice<UInt8>) -> Range<Int>? {
        for index in gap.indices {
            guard var length = endLength(at: index, in: gap) else { continue }
            while let more = endLength(at: index + length, in: gap) { length += more }
            return index..<index + length
        }
        return nil
    }

    private func endLength(at index: Int, in gap: ArraySlice<UInt8>) -> Int? {
        ends.first { gap[index...].starts(with: $0) }?.count
    }

    /// The beginning of a marked conversation, rendered; `nil` where the template refuses it.
    func rendered(_ conversation: Conversation, upTo count: Int, prompts: Bool) -> [UInt8]? {
        var beginning = conversation
        beginning.messages = Array(conversation.messages.prefix(count))
        return (try? format.rendered(beginning, addGenerationPrompt: prompts).text).map { Array($0.utf8) }
    }

    /// What a generation prompt adds to a single question.
    func promptAfterQuestion() -> [UInt8] {
        if let known = barePrompt.withLock({ $0 }) { return known }
        let question = Conversation(messages: [Message(role: "user", content: "?")])
        var prompt: [UInt8] = []
        if let plain = rendered(question, upTo: 1, prompts: false), let prompted = rendered(question, upTo: 1, prompts: true),
            prompted.starts(with: plain)
        {
            prompt = Array(prompted[plain.count...])
        }
        barePrompt.withLock { $0 = prompt }
        return prompt
    }

    /// What is known of a boundary, or else what `compute` finds.
    func boundary(_ key: BoundaryKey, _ compute: () -> Int) -> Int {
        if let known = boundaries.withLock({ $0[key] }) { return known }
        let found = compute()
        boundaries.withLock { boundaries in
            if boundaries.count >= Self.memoryLimit { boundaries = [:] }
            boundaries[key] = found
        }
        return found
    }
}

/// On what it depends where a turn begins or ends: the words of messages are no part of it.
struct BoundaryKey: Hashable {
    enum Edge { case start, end, wordlessEnd, askedEnd }

    let edge: Edge
    /// What the template writes between the words of two messages.
    let gap: [UInt8]
    /// Who speaks before.
    let previous: String
    /// How many messages without words stand in the gap before the turn.
    let skipped: Int
    /// Whether the turn has words, and whether it calls functions.
    let hasWords: Bool
    let callsFunctions: Bool
    let hasTools: Bool
    /// The texts that the template looks for in the messages before.
    let protectedTexts: UInt64
    let arguments: String
}
