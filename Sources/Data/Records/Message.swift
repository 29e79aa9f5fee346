import Tensor

/// One turn of a conversation.
public struct Message: Sendable, Equatable {
    /// Who speaks: `system`, `user`, `assistant` or `tool`.
    ///
    /// The turns of a record have one of these four. A script may give another one that its template knows.
    public var role: String
    /// The role as the record has it, where it is another name of a system's or tool's turn that some templates know
    /// by itself: `developer`, `function`, `function_response`, `tool_response`, `ipython`, `observation`.
    public var writtenRole: String?
    /// What is said. Of a list of parts, it is their texts, joined; empty where the turn has no content.
    public var content: String
    /// The content as the record has it, where it is a list of parts.
    public var parts: [JSON]?
    /// False for a turn without content, as a turn that only calls tools may be; `content` is empty then, and the
    /// template sees no `content`.
    public var hasContent: Bool
    /// False for a turn that is context only, whoever speaks: the record says `"weight": 0`, or the same in other words.
    public var isCounted: Bool
    /// What else the record says of the turn, such as `tool_calls` or `reasoning_content`; the template may use it.
    public var extra: JSONObject

    /// A turn that says something.
    public init(role: String, content: String, extra: JSONObject = [:]) {
        self.role = role
        self.content = content
        self.extra = extra
        hasContent = true
        isCounted = true
    }

    /// Who speaks. A role of a script that none of the four stands for is taken for the user's.
    public var speaker: Speaker { Speaker(role: role) ?? .user }
}
