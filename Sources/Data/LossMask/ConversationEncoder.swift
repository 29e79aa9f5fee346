import Tensor

/// Makes samples of conversations: renders them, and finds the tokens that count.
///
///     let encoder = ConversationEncoder(try ChatFormat(tokenizer), maximumLength: 512)
///     let sample = try encoder.sample(conversation)
public struct ConversationEncoder: Sendable {
    /// Writes the conversations as text.
    public let format: ChatFormat
    /// How the assistant's tokens are found.
    public let rule: LossMaskRule
    /// Which turns of the assistant count.
    public let target: LossTarget
    /// What happens to empty blocks of thinking.
    public let thinking: EmptyThinking
    /// The longest sample, in tokens; longer conversations are cut.
    public let maximumLength: Int
    /// What fills up a row: the tokenizer's pad token, else its eos token, else 0.
    public let padID: Int32

    private let seed: UInt64
    private let finder: AnswerFinder

    /// - Parameters:
    ///   - maximumLength: At least 2.
    ///   - rule: `nil` finds out with ``LossMaskRule/detect(tokenizer:template:)``.
    ///   - thinking: `nil` keeps empty blocks where the template or MiniMind says what counts, or where every token does, and masks
    ///     them elsewhere.
    ///   - seed: Decides in which samples empty blocks of thinking are dropped.
    public init(
        _ format: ChatFormat, maximumLength: Int, rule: LossMaskRule? = nil, target: LossTarget = .answers,
        thinking: EmptyThinking? = nil, seed: UInt64 = 0
    ) {
        self.format = format
        self.maximumLength = maximumLength
        self.rule = rule ?? .detect(tokenizer: format.tokenizer, template: format.template)
        self.target = target
        self.thinking = thinking ?? (self.rule == .answers && target != .all ? .mask : .keep)
        self.seed = seed
        padID = format.tokenizer.padID ?? format.tokenizer.eosID ?? 0
        finder = AnswerFinder(format)
    }

    /// The sample of a conversation.
    ///
    /// - Parameter index: Its place in the dataset.
    /// - Throws: What the chat template refuses, or a text that the tokenizer gives up on.
    public func sample(_ conversation: Conversation, at index: Int = 0) throws(ConversationError) -> Sample {
        let dropsThinking = thinking.drops(sample: index, seed: seed)
        // Where every token counts, only reports and blocks of thinking ask where the answers are.
        let rule = target == .all ? .answers : rule
        if case .minimind(let mask) = rule { return try sample(conversation, by: mask, dropsThinking: dropsThinking) }
        let answers = try ConversationError.catching { () throws(TemplateError) in
            rule == .generationBlocks ? try finder.blocks(in: conversation) : try finder.answers(in: conversation)
        }
        return try SampleDraft(answers, format.tokenizer, dropsThinking: dropsThinking).sample(of: conversation, self)
    }

    // MARK: - MiniMind

    /// The empty block as MiniMind's scripts remove it, wherever it stands.
    private static let emptyBlock = "<think>\n\n</think>\n\n"

    private func sample(
        _ conversation: Conversation, by mask: MiniMindMask, dropsThinking: Bool
    ) throws(ConversationError) -> Sample {
        let rendered = try ConversationError.catching { () throws(TemplateError) in try format.render(conversation) }
        var text = rendered
        if dropsThinking { text = PythonText.split(text, by: Self.emptyBlock, limit: nil, fromEnd: false).joined() }
        let ids = try format.tokenizer.ids(of: text)
        var sample = mask.sample(ids, maxSequenceLength: maximumLength, padID: padID)
        let answers = conversation.messages.indices.filter { conversation.messages[$0].speaker == .assistant }
        // Where no answer is, the published scripts train on the padding after the last question.
        if conversation.messages.last?.speaker != .assistant { sample = sample.withoutPadding(after: ids.count) }
        if answers.isEmpty { sample = sample.withoutCounting }
        let runs = sample.countedRuns
        let withoutCalls = try turnsWithoutCalls(conversation)
        let countsAll = target == .answers && conversation.messages.allSatisfy(\.isCounted) && thinking != .mask
        if countsAll, runs.count == answers.count {
            let turns = conversation.messages.indices.map {
                let message = conversation.messages[$0]
                return SampleTurn(
                    speaker: message.speaker, outcome: message.speaker == .assistant ? .counted : .context,
                    lacksCalls: withoutCalls.contains($0))
            }
            return Sample(ids: sample.ids, mask: sample.mask, removed: sample.removed, turns: turns)
        }
        // Only some turns count, or some are missing: which are these?
        let whole = mask.sample(ids, maxSequenceLength: ids.count, padID: padID).countedRuns
        let messages = try messages(of: whole, answers, conversation, rendered, isWhole: text == rendered)
        var draft = SampleDraft(text, try format.tokenizer.offsets(of: text), turnsWithoutCalls: withoutCalls)
        draft.ids += sample.ids.dropFirst(ids.count)
        for (index, run) in whole.enumerated() {
            // Padding that counts follows the last answer.
            let cut = runs.last { $0.lowerBound == run.lowerBound }
            draft.runs.append((run.lowerBound..<max(run.upperBound, cut?.upperBound ?? 0), messages[index]))
        }
        return draft.sample(of: conversation, self)
    }

    /// The turns whose calls the template leaves out.
    private func turnsWithoutCalls(_ conversation: Conversation) throws(ConversationError) -> Set<Int> {
        guard conversation.messages.contains(where: \.callsFunctions) else { return [] }
        return try ConversationError.catching { () throws(TemplateError) in try finder.answers(in: conversation) }.turnsWithoutCalls
    }

    /// Which answer each run of counted tokens is. A user's text that quotes the header has a run too.
    private func messages(
        of runs: [Range<Int>], _ answers: [Int], _ conversation: Conversation, _ text: String, isWhole: Bool
    ) throws(ConversationError) -> [Int?] {
        if runs.count == answers.count { return answers }
        guard isWhole, let (_, layout) = finder.mark(conversation, text) else {
            return runs.indices.map { $0 < answers.count ? answers[$0] : nil }
        }
        let offsets = try format.tokenizer.offsets(of: text).offsets
        return runs.map { run in
            let range = offsets[run.lowerBound].lowerBound..<offsets[run.upperBound - 1].upperBound
            let message = layout.segments.first { $0.range.overlaps(range) }?.message
            return message.flatMap { answers.contains($0) ? $0 : nil }
        }
    }
}
