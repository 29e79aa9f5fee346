/// A conversation as tokens, before it is decided which count and where it is cut.
struct SampleDraft {
    var ids: [Int32]
    /// What the assistant says, as ranges of tokens, with the message that says it where that is known.
    var runs: [(tokens: Range<Int>, message: Int?)] = []
    private let bytes: [UInt8]
    private let offsets: [Range<Int>]
    private let turnsWithoutCalls: Set<Int>

    init(_ text: String, _ encoding: TokenOffsets, turnsWithoutCalls: Set<Int>) {
        self.turnsWithoutCalls = turnsWithoutCalls
        bytes = Array(text.utf8)
        ids = encoding.ids
        offsets = encoding.offsets
    }

    init(_ answers: RenderedAnswers, _ tokenizer: Tokenizer, dropsThinking: Bool) throws(ConversationError) {
        var answers = answers
        if dropsThinking { answers.removeEmptyThinking() }
        let encoding = try tokenizer.offsets(of: answers.text)
        self.init(answers.text, encoding, turnsWithoutCalls: answers.turnsWithoutCalls)
        for span in answers.spans { runs.append((encoding.tokens(in: span.range), span.message)) }
    }

    /// The sample: which tokens count, and what became of each turn.
    func sample(of conversation: Conversation, _ encoder: ConversationEncoder) -> Sample {
        let messages = conversation.messages
        let last = messages.lastIndex { $0.speaker == .assistant }
        let selects = encoder.target == .last || !messages.allSatisfy(\.isCounted)
        let count = min(ids.count, encoder.maximumLength)
        var mask = [Bool](repeating: encoder.target == .all, count: count)
        for run in runs {
            guard let message = run.message else {
                // Of whom it is unknown: the rule counts it, unless only some turns are wanted.
                if !selects { for token in run.tokens.clamped(to: 0..<count) { mask[token] = true } }
                continue
            }
            guard messages[message].isCounted || encoder.target == .all, encoder.target != .last || message == last else { continue }
            for token in run.tokens.clamped(to: 0..<count) { mask[token] = true }
        }
        if encoder.thinking == .mask { maskEmptyThinking(&mask) }
        if count > 0 { mask[0] = false }
        let turns = messages.indices.map { index in
            SampleTurn(
                speaker: messages[index].speaker, outcome: outcome(of: index, messages, encoder.target, isLast: index == last, mask),
                lacksCalls: turnsWithoutCalls.contains(index))
        }
        return Sample(ids: Array(ids[..<count]), mask: mask, removed: ids.count - count, turns: turns)
    }

    private func outcome(
        of index: Int, _ messages: [Message], _ target: LossTarget, isLast: Bool, _ mask: [Bool]
    ) -> TurnOutcome {
        guard messages[index].speaker == .assistant else { return target == .all ? .counted : .context }
        guard messages[index].isCounted || target == .all else { return .excluded }
        let own = runs.filter { $0.message == index }
        guard own.contains(where: { !$0.tokens.isEmpty }) else { return .notRendered }
        if target == .last, !isLast { return .notLast }
        if own.contains(where: { $0.tokens.clamped(to: 0..<mask.count).contains { mask[$0] } }) { return .counted }
        return own.contains { $0.tokens.upperBound > mask.count } ? .cut : .notRendered
    }

    private func maskEmptyThinking(_ mask: inout [Bool]) {
        for run in runs where run.tokens.lowerBound < offsets.count {
            guard let block = EmptyThinking.block(at: offsets[run.tokens.lowerBound].lowerBound, in: bytes) else { continue }
            for token in run.tokens.clamped(to: 0..<mask.count)
            where token < offsets.count && offsets[token].upperBound <= block.upperBound { mask[token] = false }
        }
    }
}
