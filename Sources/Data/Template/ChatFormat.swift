import Foundation
import Tensor

/// How a model reads conversations: the chat template, and what it sees besides the turns.
///
///     let format = try ChatFormat(tokenizer)
///     let prompt = try format.prompt(Conversation(messages: [Message(role: "user", content: "Hi")]))
public struct ChatFormat: Sendable {
    /// Makes tokens of the text; the template sees its special tokens.
    public let tokenizer: Tokenizer
    /// Writes conversations as text.
    public let template: ChatTemplate
    /// Variables that the template sees, such as `enable_thinking`. Those of a conversation go before them.
    public let arguments: JSONObject
    /// What `strftime_now` formats, in the local time zone.
    public let date: Date
    /// Whether the template writes content that is a list of text parts. To others such content is one text.
    private let readsParts: Bool

    /// - Parameters:
    ///   - source: A chat template that takes the place of the tokenizer's.
    /// - Throws: `DatasetError.noTemplate` where there is no template or where it cannot be read.
    public init(
        _ tokenizer: Tokenizer, template source: String? = nil, arguments: JSONObject = [:], date: Date = Date()
    ) throws(DatasetError) {
        guard let text = source ?? tokenizer.chatTemplate else {
            throw .noTemplate(reason: "the tokenizer has no chat template")
        }
        do {
            template = try ChatTemplate(source: text, toolSource: source == nil ? tokenizer.toolTemplate : nil)
        } catch {
            throw .noTemplate(reason: error.description)
        }
        self.tokenizer = tokenizer
        self.arguments = arguments
        self.date = date
        readsParts = Self.readsParts(template, tokenizer)
    }

    /// The text of a conversation.
    ///
    /// - Parameter addGenerationPrompt: Whether the text ends with the opening of the assistant's next turn.
    /// - Throws: What the template refuses, or what went wrong in it.
    public func render(_ conversation: Conversation, addGenerationPrompt: Bool = false) throws(TemplateError) -> String {
        try rendered(conversation, addGenerationPrompt: addGenerationPrompt).text
    }

    /// The ids of a conversation whose next turn is the model's.
    ///
    /// - Throws: What the template refuses, or a text that the tokenizer gives up on.
    public func prompt(_ conversation: Conversation) throws(ConversationError) -> [Int32] {
        let text = try ConversationError.catching { () throws(TemplateError) in try render(conversation, addGenerationPrompt: true) }
        return try tokenizer.ids(of: text)
    }

    func rendered(_ conversation: Conversation, addGenerationPrompt: Bool = false) throws(TemplateError) -> RenderedText {
        var variables = arguments
        for (name, value) in conversation.templateArguments { variables[name] = value }
        return try template.rendered(
            messages: conversation.messages.map { .dictionary($0.templateValue(role: role(of: $0), readsParts: readsParts)) },
            tools: conversation.tools, addGenerationPrompt: addGenerationPrompt, specialTokens: tokenizer.specialTokens,
            variables: variables, now: date)
    }

    /// A role such as `developer` stays as it was written where the template knows it; otherwise it is the one that every
    /// template knows.
    private func role(of message: Message) -> String {
        guard let written = message.writtenRole else { return message.role }
        let isKnown = ["'", "\""].contains { PythonText.contains($0 + written + $0, in: template.source) }
        return isKnown ? written : message.role
    }

    /// Whether a template writes the text of parts, and not the list as Python prints it.
    private static func readsParts(_ template: ChatTemplate, _ tokenizer: Tokenizer) -> Bool {
        let word = "Rendered?"
        func message(_ role: String) -> TemplateValue {
            var part = TemplateDictionary()
            part["type"] = .string("text")
            part["text"] = .string(word)
            var message = TemplateDictionary()
            message["role"] = .string(role)
            message["content"] = .list(TemplateList([.dictionary(part)]))
            return .dictionary(message)
        }
        let text = try? template.rendered(
            messages: [message("user"), message("assistant")], tools: nil, addGenerationPrompt: false,
            specialTokens: tokenizer.specialTokens, variables: [:], now: Date(timeIntervalSince1970: 0)
        ).text
        guard let text else { return false }
        return PythonText.occurrences(of: word, in: text).count == 2
            && !["'text'", "\"text\""].contains { PythonText.contains("\($0): ", in: text) }
    }
}
