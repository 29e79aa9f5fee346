/// How the tokens that the assistant says are found in a rendered conversation.
public enum LossMaskRule: Sendable, Equatable {
    /// By the template's own `{% generation %}` blocks, as `return_assistant_tokens_mask` of transformers does it.
    case generationBlocks
    /// By rendering: what the text gains with a turn of the assistant, without the generation prompt.
    case answers
    /// By the ids that MiniMind's published scripts search for.
    case minimind(MiniMindMask)

    /// The rule for a tokenizer and its chat template: MiniMind's for MiniMind's own templates, generation blocks where
    /// the template has some, and rendering for all others.
    public static func detect(tokenizer: Tokenizer, template: ChatTemplate) -> LossMaskRule {
        if template.hasGenerationBlocks { return .generationBlocks }
        if let mask = MiniMindMask(tokenizer, template: template.source) { return .minimind(mask) }
        return .answers
    }
}

/// Which turns of the assistant count in the loss.
public enum LossTarget: String, Sendable, CaseIterable {
    /// All answers.
    case answers
    /// The last answer of a conversation.
    case last
    /// Every token of the conversation, whoever says it.
    case all
}
