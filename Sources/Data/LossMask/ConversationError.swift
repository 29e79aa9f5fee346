/// Why a conversation has no ids.
public enum ConversationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The chat template refuses it.
    case template(TemplateError)
    /// The tokenizer gives up on its text.
    case tokenizer(TokenizerError)

    /// What went wrong, and where.
    public var description: String {
        switch self {
        case .template(let error): error.description
        case .tokenizer(let error): error.description
        }
    }
}

extension ConversationError {
    /// The result of something that a template may refuse.
    static func catching<Result>(_ body: () throws(TemplateError) -> Result) throws(ConversationError) -> Result {
        do throws(TemplateError) { return try body() } catch { throw .template(error) }
    }
}

extension Tokenizer {
    /// The ids of a conversation's text.
    func ids(of text: String) throws(ConversationError) -> [Int32] {
        do throws(TokenizerError) { return try encode(text) } catch { throw .tokenizer(error) }
    }

    /// The ids of a conversation's text, and which part of it each of them stands for.
    func offsets(of text: String) throws(ConversationError) -> TokenOffsets {
        do throws(TokenizerError) { return try encodeWithOffsets(text) } catch { throw .tokenizer(error) }
    }
}
