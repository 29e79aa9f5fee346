import Data
import Model

/// A conversation as it goes: its turns, what the model has kept of them, and the adapters at hand.
struct ChatSession {
    private let answerer: Answerer
    private var turns: [Message] = []
    private var cache: KeyValueCache
    private var sampler: TokenSampler
    private let maximumTokens: Int
    var adapters: AdapterShelf
    /// The message that the conversation begins with.
    var system: String?

    /// The tokens of a conversation at the most; what is longer forgets its first turns.
    private static let contextLength = 32_768

    init(_ answerer: Answerer, _ adapters: AdapterShelf, _ options: AnswerOptions) {
        self.answerer = answerer
        system = options.system
        sampler = options.sampler
        maximumTokens = options.maximumNewTokens
        self.adapters = adapters
        cache = KeyValueCache(answerer.model.configuration, capacity: Self.contextLength)
    }

    /// Asks, and streams the answer.
    mutating func answer(_ text: String, onText: (String) -> Bool) throws {
        turns.append(Message(role: "user", content: text))
        do {
            try answerLast(onText)
        } catch {
            turns.removeLast()
            throw error
        }
    }

    var canRetry: Bool { turns.last?.role == "assistant" }

    /// Writes the last answer again, with the next numbers of the sampler.
    mutating func retry(onText: (String) -> Bool) throws {
        turns.removeLast()
        try answerLast(onText)
    }

    mutating func reset() { turns = [] }

    /// Switches to other adapters. What the model kept was computed by the former ones.
    mutating func switchAdapters(_ specification: String) throws {
        try adapters.activate(specification)
        cache.keep(0)
    }

    private mutating func answerLast(_ onText: (String) -> Bool) throws {
        var conversation = self.conversation
        // The difference: a limit of tokens may be as large as numbers are.
        while turns.count > 1, try answerer.prompt(conversation).count > Self.contextLength - maximumTokens {
            turns.removeFirst(2)
            conversation = self.conversation
        }
        let answer = try answerer.answer(conversation, sampler: sampler, cache: cache, onText: onText)
        // Another seed for each answer, so that a retry differs; the first answer is that of `generate`.
        sampler = sampler.reseeded()
        turns.append(Message(role: "assistant", content: answer.text))
    }

    private var conversation: Conversation {
        Conversation(messages: (system.map { [Message(role: "system", content: $0)] } ?? []) + turns)
    }
}
