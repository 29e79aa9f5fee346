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

    /// The tokens of a conversation at the most.
    private static let maximumLength = 32_768
    /// How long a conversation becomes before it forgets its first turns.
    private let window: Int

    init(_ answerer: Answerer, _ adapters: AdapterShelf, _ options: AnswerOptions) {
        self.answerer = answerer
        system = options.system
        sampler = options.sampler
        maximumTokens = options.maximumNewTokens
        self.adapters = adapters
        let configuration = answerer.model.configuration
        window = min(Self.maximumLength, configuration.trainedPositions)
        cache = KeyValueCache(configuration, capacity: Self.maximumLength)
    }

    /// Asks, and streams the answer. After an error the conversation is as it was.
    mutating func answer(_ text: String, onText: (String) -> Bool) throws {
        try answer(turns + [Message(role: "user", content: text)], onText)
    }

    var canRetry: Bool { turns.last?.role == "assistant" }

    /// Writes the last answer again, with the next numbers of the sampler. After an error the old one stays.
    mutating func retry(onText: (String) -> Bool) throws {
        try answer(turns.dropLast(), onText)
    }

    mutating func reset() { turns = [] }

    /// Switches to other adapters. What the model kept was computed by the former ones.
    mutating func switchAdapters(_ specification: String) throws {
        try adapters.activate(specification)
        cache.keep(0)
    }

    /// - Parameter asked: the turns, the last of which is the user's
    private mutating func answer(_ asked: [Message], _ onText: (String) -> Bool) throws {
        var asked = asked
        var prompt = try prompt(asked)
        // An answer may be allowed as many tokens as numbers are; the conversation keeps its half.
        while asked.count > 1, prompt.count > window - min(maximumTokens, window / 2) {
            asked.removeFirst(2)
            prompt = try self.prompt(asked)
        }
        guard prompt.count < Self.maximumLength else {
            throw CommandError.failure(
                "with this message the conversation has \(prompt.count) tokens, and \(Self.maximumLength) are its limit; shorten the message"
            )
        }
        // An answer ends where the positions of the model do. A message that is beyond them has what is left of the limit.
        let room = (prompt.count < window ? window : Self.maximumLength) - prompt.count
        do {
            let answer = try answerer.answer(
                prompt, maximumTokens: min(maximumTokens, room), sampler: sampler, cache: cache, onText: onText)
            // Another seed for each answer, so that a retry differs; the first answer is that of `generate`.
            sampler = sampler.reseeded()
            turns = asked + [Message(role: "assistant", content: answer.text)]
        } catch {
            // What was kept of a turn that failed may be what it failed of.
            cache.keep(0)
            throw error
        }
    }

    private func prompt(_ turns: [Message]) throws -> [Int32] {
        try answerer.prompt(Conversation(messages: (system.map { [Message(role: "system", content: $0)] } ?? []) + turns))
    }
}
