import Data
import Model
import Tensor

/// A model that answers conversations by its template.
struct Answerer {
    let model: LanguageModel
    var tokenizer: Tokenizer { format.tokenizer }
    private let format: ChatFormat
    private let options: AnswerOptions
    private let warning: PositionWarning

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
        let format = try options.format.format(tokenizer)
        let answerer = Answerer(try base.model(reading: options.dtype), format, options)
        var adapters = AdapterShelf(answerer.model, base, isForced: options.model.forcesAdapter)
        if let list = options.model.loraPath { try adapters.load(list: list) }
        return (answerer, adapters)
    }

    /// - Parameter format: writes the conversations
    init(_ model: LanguageModel, _ format: ChatFormat, _ options: AnswerOptions) {
        self.model = model
        self.format = format
        self.options = options
        warning = PositionWarning(model.configuration)
    }

    /// The ids of a conversation whose next turn is the model's.
    ///
    /// - Throws: `TemplateError` where the template refuses it
    func prompt(_ conversation: Conversation) throws -> [Int32] {
        try format.prompt(conversation)
    }

    /// The next turn of a conversation.
    ///
    /// - Parameter onText: called with each part of the answer as it is written; returning false ends it
    func answer(_ conversation: Conversation, onText: (String) -> Bool = { _ in true }) throws -> Answer {
        try answer(
            prompt(conversation), maximumTokens: options.maximumNewTokens, sampler: options.sampler, cache: nil, onText: onText)
    }

    /// What follows a prompt.
    ///
    /// - Parameters:
    ///   - cache: what is kept of the conversation so far
    ///   - onText: called with each part of the answer as it is written; returning false ends it
    func answer(
        _ prompt: [Int32], maximumTokens: Int, sampler: TokenSampler, cache: KeyValueCache?, onText: (String) -> Bool
    ) throws -> Answer {
        warning.check(prompt.count, "a prompt of \(prompt.count) tokens")
        var decoder = StreamingDecoder(tokenizer)
        var (text, goesOn) = ("", true)
        func emit(_ part: String) {
            text += part
            goesOn = onText(part)
        }
        let written = try model.generate(
            from: prompt, maximumTokens: maximumTokens, ends: tokenizer.endIDs, sampler: sampler, cache: cache
        ) { token in
            emit(decoder.append(token))
            return goesOn
        }
        let isFinished = goesOn && written.count < maximumTokens
        emit(decoder.finish())
        return Answer(text: text, tokenCount: written.count, isFinished: isFinished)
    }
}
