import Foundation
import Tensor

/// A tokenizer's chat template: the Jinja program that writes a conversation as the text that the model reads.
///
/// The language is the subset of Jinja 3.1 that chat templates use, under the settings of Hugging Face's
/// `apply_chat_template` (`trim_blocks`, `lstrip_blocks`, `break` and `continue`, a sandbox in which nothing is changed
/// in place), so a template renders the same text here and there.
///
///     let template = try ChatTemplate(source: tokenizer.chatTemplate ?? "")
///     let prompt = try template.render(
///         messages: [Message(role: "user", content: "Hi")], addGenerationPrompt: true,
///         bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
public struct ChatTemplate: Sendable {
    /// The text that the template was read from.
    public let source: String
    let statements: [TemplateStatement]
    /// What takes their place where there are tools.
    let toolStatements: Result<[TemplateStatement], TemplateError>?

    /// Reads a template.
    ///
    /// - Parameters:
    ///   - source: Its text.
    ///   - toolSource: The text of another template, for conversations with tools, where the tokenizer has one. What is
    ///     wrong with it is said when such a conversation is rendered.
    /// - Throws: A syntax error with its line, also for parts of Jinja that chat templates have no use for
    ///   (`include`, `extends`, `import`, `block`, `autoescape`).
    public init(source: String, toolSource: String? = nil) throws(TemplateError) {
        self.source = source
        statements = try TemplateParser.statements(of: source)
        toolStatements = toolSource.map { source in
            Result { () throws(TemplateError) in try TemplateParser.statements(of: source) }
        }
    }

    /// What the statements of all its parts are made of.
    var contents: TemplateWalker {
        var walker = TemplateWalker()
        walker.walk(statements)
        if case .success(let statements)? = toolStatements { walker.walk(statements) }
        return walker
    }

    /// Whether the template says itself, by `{% generation %}` blocks, what the assistant wrote.
    public var hasGenerationBlocks: Bool { contents.hasGenerationBlocks }

    /// The text of a conversation.
    ///
    /// - Parameters:
    ///   - messages: The turns, in order.
    ///   - tools: The descriptions of the functions that the model may call; nil is the template's `none`.
    ///   - addGenerationPrompt: Whether the text ends with the opening of the assistant's next turn.
    ///   - bosToken: The text of the token that begins a text; the template's `bos_token` is undefined without it.
    ///   - eosToken: The text of the token that ends a turn; the template's `eos_token`.
    ///   - specialTokens: The texts of these and other tokens by the names that the template has for them, as a
    ///     tokenizer's `specialTokens`.
    ///   - variables: Whatever else the template looks at, such as `enable_thinking`.
    ///   - now: What `strftime_now` formats, in the local time zone.
    /// - Throws: `raised` when the template refuses the conversation; else what went wrong, and in which line.
    public func render(
        messages: [Message], tools: [JSON]? = nil, addGenerationPrompt: Bool = false, bosToken: String? = nil,
        eosToken: String? = nil, specialTokens: [String: String] = [:], variables: JSONObject = [:], now: Date = Date()
    ) throws(TemplateError) -> String {
        var specialTokens = specialTokens
        if let bosToken { specialTokens["bos_token"] = bosToken }
        if let eosToken { specialTokens["eos_token"] = eosToken }
        return try rendered(
            messages: messages.map { .dictionary($0.templateValue()) }, tools: tools, addGenerationPrompt: addGenerationPrompt,
            specialTokens: specialTokens, variables: variables, now: now
        ).text
    }

    /// The text of a conversation, and where its generation blocks are.
    ///
    /// - Parameter messages: The turns as the template sees them.
    func rendered(
        messages: [TemplateValue], tools: [JSON]?, addGenerationPrompt: Bool, specialTokens: [String: String],
        variables: JSONObject, now: Date
    ) throws(TemplateError) -> RenderedText {
        var statements = statements
        if tools != nil, let toolStatements { statements = try toolStatements.get() }
        var values = specialTokens.mapValues { TemplateValue.string($0) }
        values["documents"] = TemplateValue.none
        values["tools"] = tools.map { TemplateValue(.array($0)) } ?? TemplateValue.none
        values["messages"] = .list(TemplateList(messages))
        values["add_generation_prompt"] = .bool(addGenerationPrompt)
        for (name, value) in variables { values[name] = TemplateValue(value) }

        let interpreter = TemplateInterpreter(variables: values, now: now.timeIntervalSince1970)
        do {
            for value in values.values { try interpreter.checkDepth(value.depth) }
            return try interpreter.render(statements)
        } catch let error as TemplateError {
            throw error
        } catch {
            throw interpreter.failure(.value, "\(error)")
        }
    }
}

/// What a template made of a conversation.
struct RenderedText: Equatable {
    var text: String
    /// Where `{% generation %}` blocks stand, in bytes of the text's UTF-8, as transformers finds them: in the order in
    /// which they ended. A block within a macro begins where the output of the macro begins.
    var generationBlocks: [Range<Int>]
}

extension Message {
    /// The message as a template sees it.
    ///
    /// - Parameters:
    ///   - role: The role that the template is told; `nil` for the message's own.
    ///   - readsParts: Whether content that is a list of parts stays one.
    func templateValue(role: String? = nil, readsParts: Bool = false) -> TemplateDictionary {
        var value = TemplateDictionary()
        value["role"] = .string(role ?? self.role)
        if let parts, readsParts {
            value["content"] = TemplateValue(.array(parts))
        } else if hasContent {
            value["content"] = .string(content)
        }
        // Like Hugging Face, without the message's null keys: templates ask whether a key is there.
        for (key, item) in extra where item != .null { value[key] = TemplateValue(item) }
        // Reasoning goes by three names; like Hugging Face, give it under the names that templates read.
        let reasoning = ["reasoning_content", "thinking", "reasoning"].lazy.compactMap { value[$0] }.first
        if let reasoning {
            if value["thinking"] == nil { value["thinking"] = reasoning }
            value["reasoning_content"] = reasoning
        }
        return value
    }
}
