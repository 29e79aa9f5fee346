/// Why a chat template could not be read or rendered, and where in it.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is.
    public enum Kind: Sendable, Equatable {
        /// The template's text is not Jinja, or uses a part of Jinja that chat templates have no use for.
        case syntax
        /// A name, key or attribute was needed that nobody defined.
        case undefined
        /// A value of the wrong kind, or an argument out of range.
        case value
        /// The template itself refused the conversation with `raise_exception`.
        case raised
        /// The template produced, repeated or nested more than any conversation needs.
        case limit
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The line of the template, counted from 1; for `raised` the line of the call.
    public let line: Int
    /// What is wrong, for a person; for `raised` the template's own message.
    public let reason: String

    /// One line: where, then what.
    public var description: String { text.message }

    private var text: String {
        switch kind {
        case .raised: "the chat template refuses the conversation: \(reason)"
        default: "chat template:\(line): \(reason)"
        }
    }

    init(_ kind: Kind, line: Int, _ reason: String) {
        self.kind = kind
        self.line = line
        self.reason = reason
    }
}
