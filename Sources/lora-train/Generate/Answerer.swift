import Data
import Model
import Tensor

/// A model that answers conversations by its template.
struct Answerer {
    let model: MiniMind
    let tokenizer: Tokenizer
    /// The adapters, those of `--lora_path` switched on.
    let adapters: AdapterShelf
    private let template: ChatTemplate
    private let options: AnswerOptions

    /// What was answered.
    struct Answer {
        let text: String
        let tokenCount: Int
        /// Whether the model ended it, and not the limit of tokens or the reader.
        let isFinished: Bool
    }

    init(_ options: AnswerOptions) throws {
        self.options = options
        let base = try Base(options.model)
        tokenizer = try base.tokenizer()
        guard let source = tokenizer.chatTemplate else {
            throw CommandError.failure("the tokenizer has no chat template; use the folder with its tokenizer_config.json")
        }
        template = try ChatTemplate(source: source)
        model = try base.model(reading: options.dtype)
        var shelf = AdapterShelf(model, base, isForced: options.model.forcesAdapter)
        if let list = options.model.loraPath { try shelf.load(list: list) }
        adapters = shelf
    }

    /// The ids of a conversation whose next turn is the model's.
    ///
    /// - Throws: `TemplateError` where the template refuses it
    func prompt(_ conversation: Conversation) throws -> [Int32] {
        tokenizer.encode(
            try template.render(
                messages: conversation.messages, tools: conversation.tools, addGenerationPrompt: true,
                bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken))
    }

    /// The next turn of a conversation.
    ///
    /// - Parameters:
    ///   - sampler: the options' own where `nil`
    ///   - cache: what is kept of the conversation so far
    ///   - onText: called with each part of the answer as it is written; returning false ends it
    func answer(
        _ conversation: Conversation, sampler: TokenSampler? = nil, cache: KeyValueCache? = nil,
        onText: (String) -> Bool = { _ in true }
    ) throws -> Answer {
        var decoder = StreamingDecoder(tokenizer)
        var (text, goesOn) = ("", true)
        func emit(_ part: String) {
            text += part
            goesOn = onText(part)
        }
        let written = try model.generate(
            from: prompt(conversation), maximumTokens: options.maximumNewTokens, ends: tokenizer.endIDs,
            sampler: sampler ?? options.sampler, cache: cache
        ) { token in
            emit(decoder.append(token))
            return goesOn
        }
        let isFinished = goesOn && written.count < options.maximumNewTokens
        emit(decoder.finish())
        return Answer(text: text, tokenCount: written.count, isFinished: isFinished)
    }
}
