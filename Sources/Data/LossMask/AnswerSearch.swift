import Tensor

/// The search for the assistant's turns in one conversation.
struct AnswerSearch {
    private let finder: AnswerFinder
    private let conversation: Conversation
    private let marked: MarkedConversation
    private let layout: MarkedText
    private let arguments: String
    private(set) var spans: [RenderedAnswers.Span] = []

    init(_ finder: AnswerFinder, _ conversation: Conversation, _ marked: MarkedConversation, _ layout: MarkedText) {
        self.finder = finder
        self.conversation = conversation
        self.marked = marked
        self.layout = layout
        arguments = conversation.templateArguments.keys.isEmpty ? "" : JSON.object(conversation.templateArguments).serialized
    }

    private var bytes: [UInt8] { layout.bytes }

    mutating func run() {
        var found: Set<Int> = []
        for (index, segment) in layout.segments.enumerated() {
            guard conversation.messages[segment.message].speaker == .assistant else { continue }
            let isFirst = found.insert(segment.message).inserted
            let start = self.start(of: segment, at: index, isFirst: isFirst)
            spans.append(RenderedAnswers.Span(message: segment.message, range: start..<end(of: segment, at: index)))
        }
        for (index, message) in conversation.messages.enumerated() where message.speaker == .assistant && !found.contains(index) {
            guard let range = wordlessTurn(index) else { continue }
            // An empty answer still is one that the model has to end. But an end alone is no answer of a turn that has more.
            let isEmpty = !marked.hasWords[index] && !message.callsFunctions
            if isEmpty || saysSomething(range) { spans.append(RenderedAnswers.Span(message: index, range: range)) }
        }
        spans.sort { $0.range.lowerBound < $1.range.lowerBound }
    }

    // MARK: - Where a turn begins

    private func start(of segment: MarkedText.Segment, at index: Int, isFirst: Bool) -> Int {
        let previous = index > 0 ? layout.segments[index - 1] : nil
        let gapStart = previous?.range.upperBound ?? 0
        let gap = bytes[gapStart..<segment.range.lowerBound]
        // A turn that another message's words divide goes on with its own.
        guard isFirst else { return segment.range.lowerBound - ownBeginning(segment.message, in: gap) }
        // What ends the words before is a part of what stands between, and differs from question to question.
        let ending = previous.map { self.ending(of: $0.message, in: gap) } ?? 0
        let key = key(.start, Array(gap.dropFirst(ending)), of: segment.message, after: previous?.message)
        let found = finder.boundary(key) { promptEnd(before: segment.message, gap, after: previous?.lastMark) - ending }
        return gapStart + Swift.max(0, Swift.min(found + ending, gap.count))
    }

    /// How much of a gap the generation prompt is.
    private func promptEnd(before message: Int, _ gap: ArraySlice<UInt8>, after mark: WordMark?) -> Int {
        guard let prompt = tail(upTo: message, prompts: true, after: mark) else { return usualPromptEnd(before: message, gap) }
        let common = Self.commonPrefix(prompt, gap)
        if common == prompt.count { return common }
        if common == gap.count { return Self.wholeMark(common, in: gap) }
        // The prompt goes on otherwise than the text. Up to where the prompt itself begins, both have to be alike.
        let plain = tail(upTo: message, prompts: false, after: mark) ?? []
        let own = prompt.dropFirst(Self.commonPrefix(plain, prompt))
        if !own.isEmpty, common >= prompt.count - own.count { return Self.wholeMark(common, in: gap) }
        return Self.end(of: own.isEmpty ? prompt : own, isWhole: own.isEmpty, in: gap) ?? Self.wholeMark(common, in: gap)
    }

    /// Where the template does not render the conversation up to a turn: the generation prompt after a plain question,
    /// where it stands in the gap; else nothing but the turn's own words counts.
    private func usualPromptEnd(before message: Int, _ gap: ArraySlice<UInt8>) -> Int {
        let prompt = finder.promptAfterQuestion()
        if let end = Self.end(of: prompt[...], isWhole: false, in: gap) { return end }
        return gap.count - ownBeginning(message, in: gap)
    }

    /// Where the last occurrence of a prompt ends in a gap: of as much as there is of its beginning or, `isWhole`, of its
    /// end.
    private static func end(of prompt: ArraySlice<UInt8>, isWhole: Bool, in gap: ArraySlice<UInt8>) -> Int? {
        for length in stride(from: prompt.count, to: 0, by: -1) {
            let part = isWhole ? prompt.suffix(length) : prompt.prefix(length)
            guard part.contains(where: { $0 > 0x20 }) else { return nil }
            var start = gap.endIndex - length
            while start >= gap.startIndex {
                if gap[start...].starts(with: part) {
                    let end = start + length - gap.startIndex
                    return isWhole || length == prompt.count ? end : wholeMark(end, in: gap)
                }
                start -= 1
            }
        }
        return nil
    }

    /// Steps back to where no mark such as `<tool_call>` is cut in two.
    private static func wholeMark(_ count: Int, in gap: ArraySlice<UInt8>) -> Int {
        var index = gap.startIndex + count
        while index > gap.startIndex, !isEdge(gap[..<index]) { index -= 1 }
        let cutsMark = index < gap.startIndex + count && "<[".utf8.contains(gap[index])
        return cutsMark ? index - gap.startIndex : count
    }

    /// Whether a mark may end here: after white space, a closing sign or a letter beyond ASCII. The bars and blanks of
    /// DeepSeek's marks stand within them.
    private static func isEdge(_ text: ArraySlice<UInt8>) -> Bool {
        guard let byte = text.last else { return true }
        if byte >= 0x80 { return !["｜", "▁"].contains { text.suffix(3).elementsEqual($0.utf8) } }
        return byte <= 0x20 || ">])}:".utf8.contains(byte)
    }

    // MARK: - Where a turn ends

    private func end(of segment: MarkedText.Segment, at index: Int) -> Int {
        let next = index + 1 < layout.segments.count ? layout.segments[index + 1] : nil
        let end = segment.range.upperBound
        let gap = bytes[end..<(next?.range.lowerBound ?? bytes.count)]
        // A turn without words may stand in the gap too, with an end of its own.
        let following = segment.message + 1
        let isShared = following < conversation.messages.count && !marked.hasWords[following]
        // And calls without words may follow the text, in a part of their own.
        let message = conversation.messages[segment.message]
        let mayGoOn = message.callsFunctions && !segment.hasCall
        if !isShared, !mayGoOn, let token = finder.end(in: gap) { return token.upperBound }
        let key = key(.end, Array(gap), of: segment.message, after: segment.message)
        let gained = Swift.min(finder.boundary(key) { gain(of: segment.message, gap, after: segment.lastMark) }, gap.count)
        var rest = gap.prefix(gained)
        guard var token = finder.end(in: rest) else {
            return isShared ? end + gained : finder.end(in: gap)?.upperBound ?? end + gained
        }
        while mayGoOn, let next = finder.end(in: rest.dropFirst(token.upperBound - rest.startIndex)) {
            rest = rest[token.upperBound...]
            token = next
        }
        return token.upperBound
    }

    /// How much of a gap the turn before it wrote. Some templates end with no call: then as if a question followed.
    private func gain(of message: Int, _ gap: ArraySlice<UInt8>, after mark: WordMark?) -> Int {
        ownGain(of: message, gap, after: mark) ?? askedGain(of: message, gap, after: mark)
    }

    /// The same where the turn is the last; `nil` where the template does not write it so.
    private func ownGain(of message: Int, _ gap: ArraySlice<UInt8>, after mark: WordMark?) -> Int? {
        tail(upTo: message + 1, prompts: false, after: mark).map { Self.commonPrefix($0, gap) }
    }

    /// The same where a question follows; its own opening may be a part of it.
    private func askedGain(of message: Int, _ gap: ArraySlice<UInt8>, after mark: WordMark?) -> Int {
        var asked = marked.conversation
        let question = WordMark(.content, message: WordMark.period - 1)
        asked.messages = Array(asked.messages.prefix(message + 1))
        asked.messages.append(Message(role: "user", content: String(decoding: question.bytes, as: UTF8.self)))
        guard let rendered = finder.rendered(asked, upTo: message + 2, prompts: false) else { return 0 }
        guard let place = rendered.indices.last(where: { WordMark.at($0, in: rendered) == question }) else { return 0 }
        let (tail, last) = MarkedText.tail(of: Array(rendered[..<place]))
        return last == mark ? Self.commonPrefix(tail, gap) : 0
    }

    // MARK: - Turns without words

    /// What the text gains with a turn of which no word is marked in it: an empty answer, signs alone, a call without
    /// arguments.
    private func wordlessTurn(_ message: Int) -> Range<Int>? {
        let before = layout.segments.last { $0.message < message }
        let (mark, gapStart) = (before?.lastMark, before?.range.upperBound ?? 0)
        let following = layout.segments.first { $0.range.lowerBound >= gapStart }
        let gap = bytes[gapStart..<(following?.range.lowerBound ?? bytes.count)]
        let ending = before.map { self.ending(of: $0.message, in: gap) } ?? 0
        /// A boundary in the gap; what is remembered of it does not count what ends the words before.
        func boundary(_ edge: BoundaryKey.Edge, _ compute: () -> Int) -> Int {
            ending + finder.boundary(key(edge, Array(gap.dropFirst(ending)), of: message, after: before?.message)) { compute() - ending }
        }
        let start = boundary(.start) { promptEnd(before: message, gap, after: mark) }
        guard start >= 0, start <= gap.count else { return nil }
        let end = boundary(.wordlessEnd) { ownGain(of: message, gap, after: mark) ?? 0 }
        guard start < end else {
            // Where the template writes a last turn in another way, a question follows, and the turn ends before it.
            let asked = boundary(.askedEnd) { askedGain(of: message, gap, after: mark) }
            guard start < asked, let token = finder.end(in: gap.prefix(asked).dropFirst(start)) else { return nil }
            return gapStart + start..<token.upperBound
        }
        let range = gapStart + start..<gapStart + end
        guard let token = finder.end(in: bytes[range]) else {
            // The mark that opens the next turn may be what ends this one.
            let next = finder.end(in: gap.dropFirst(end))
            return next?.lowerBound == range.upperBound ? range.lowerBound..<(next?.upperBound ?? range.upperBound) : range
        }
        // What more than an end follows is a mark that opens something.
        let opens = token.lowerBound == range.lowerBound && bytes[token.upperBound..<range.upperBound].contains { $0 > 0x20 }
        return opens ? range : range.lowerBound..<token.upperBound
    }

    /// Whether a part of the text is more than the end of a turn, white space and an empty block of thinking.
    private func saysSomething(_ range: Range<Int>) -> Bool {
        var part = bytes[range]
        if let end = finder.end(in: part) { part = part[..<end.lowerBound] }
        let text = PythonText.strip(String(decoding: part, as: UTF8.self))
        return !text.isEmpty && PythonText.strip(PythonText.split(text, by: "<think>", limit: nil, fromEnd: false).joined()) != "</think>"
    }

    // MARK: - Parts of messages

    /// What the template writes after the last word of the conversation's first messages; `nil` where it does not render
    /// them, or where that word is not the one that stands before the gap.
    private func tail(upTo count: Int, prompts: Bool, after mark: WordMark?) -> ArraySlice<UInt8>? {
        guard let rendered = finder.rendered(marked.conversation, upTo: count, prompts: prompts) else { return nil }
        let (tail, last) = MarkedText.tail(of: rendered)
        return last == mark ? tail : nil
    }

    private func key(_ edge: BoundaryKey.Edge, _ gap: [UInt8], of message: Int, after last: Int?) -> BoundaryKey {
        BoundaryKey(
            edge: edge, gap: gap, previous: message > 0 ? conversation.messages[message - 1].role : "",
            skipped: message - (last ?? -1), hasWords: marked.hasWords[message],
            callsFunctions: conversation.messages[message].callsFunctions,
            hasTools: conversation.tools != nil, protectedTexts: marked.protectedTexts[message], arguments: arguments)
    }

    /// How much of a gap is what follows the last word of the message before.
    private func ending(of message: Int, in gap: ArraySlice<UInt8>) -> Int {
        let content = Array(marked.conversation.messages[message].content.utf8)
        let ending = MarkedText.tail(of: content).tail
        if gap.starts(with: ending) { return ending.count }
        let stripped = ending.prefix(upTo: (ending.lastIndex { $0 > 0x20 } ?? ending.startIndex - 1) + 1)
        return gap.starts(with: stripped) ? stripped.count : 0
    }

    /// How much of a gap's end is what stands before a message's first word.
    private func ownBeginning(_ message: Int, in gap: ArraySlice<UInt8>) -> Int {
        let content = Array(marked.conversation.messages[message].content.utf8)
        let place = content.indices.first { WordMark.at($0, in: content) != nil } ?? 0
        for beginning in [content[..<place], content[..<place].drop { $0 <= 0x20 }] where gap.suffix(beginning.count) == beginning {
            return beginning.count
        }
        return 0
    }

    /// How many bytes two texts have in common at their beginning, up to the end of a character.
    private static func commonPrefix(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        var count = zip(left, right).prefix { $0 == $1 }.reduce(0) { count, _ in count + 1 }
        while count > 0, count < right.count, right[right.startIndex + count] & 0xC0 == 0x80 { count -= 1 }
        return count
    }
}
