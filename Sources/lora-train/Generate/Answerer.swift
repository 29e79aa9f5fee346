import Data
import Model
import Tensor

/// A model that answers conversations by its template.
struct Answerer {
    let model: MiniMind
    let tokenizer: Tokenizer
    private let template: ChatTemplate
    private let options: AnswerOptions

    /// What was answered.
    struct Answer {
        let text: String
        let tokenCount: Int
        /// Whether the model ended it, and not the limit of tokens or the reader.
        let isFinished: Bool
    }

    /// Reads the base and the adapters, those of `--lora_path` switched on.
    static func load(_ options: AnswerOptions) throws -> (answerer: Answerer, adapters: AdapterShelf) {
        let base = try Base(options.model)
        // A template that is missing is said before the weights are read.
        let tokenizer = try base.tokenizer()
        let template = try Self.template(of: tokenizer)
        let answerer = Answerer(try base.model(reading: options.dtype), tokenizer, template, options)
        var adapters = AdapterShelf(answerer.model, base, isForced: options.model.forcesAdapter)
        if let list = options.model.loraPath { try adapters.load(list: list) }
        return (answerer, adapters)
    }

    /// - Throws: ``CommandError`` where the tokenizer has no template; `TemplateError` where it is none
    init(_ model: MiniMind, _ tokenizer: Tokenizer, _ options: AnswerOptions) throws {
        self.init(model, tokenizer, try Self.template(of: tokenizer), options)
    }

    private init(_ model: MiniMind, _ tokenizer: Tokenizer, _ template: ChatTemplate, _ options: AnswerOptions) {
        self.model = model
        self.tokenizer = tokenizer
        self.template = template
        self.options = options
    }

    private static func template(of tokenizer: Tokenizer) throws -> ChatTemplate {
        guard let source = tokenizer.chatTemplate else {
            throw CommandError.failure("the tokenizer has no chat template; use the folder with its tokenizer_config.json")
        }
        return try ChatTemplate(source: source, toolSource: tokenizer.toolTemplate)
    }

    /// The ids of a conversation whose next turn is the model's.
    ///
    /// - Throws: `TemplateError` where the template refuses it
    func prompt(_ conversation: Conversation) throws -> [Int32] {
        tokenizer.encode(
            try template.render(
                messages: conversation.messages, tools: conversation.tools, addGenerationPrompt: true,
                specialTokens: tokenizer.specialTokens))
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
