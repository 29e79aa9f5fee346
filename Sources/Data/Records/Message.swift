import Tensor

/// One turn of a conversation.
public struct Message: Sendable, Equatable {
    /// Who speaks: `system`, `user`, `assistant` or `tool`.
    public var role: String
    /// What is said.
    public var content: String
    /// True for a turn whose content is null, as a turn that only calls tools may have it; `content` is empty then.
    public var hasNullContent: Bool
    /// What else the record says of the turn, such as `tool_calls` or `reasoning_content`; the template may use it.
    public var extra: JSONObject

    /// A turn that says something.
    public init(role: String, content: String, extra: JSONObject = [:]) {
        self.role = role
        self.content = content
        self.extra = extra
        hasNullContent = false
    }
}
