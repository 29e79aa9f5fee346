/// Who speaks in a turn.
public enum Speaker: String, Sendable, CaseIterable {
    /// Sets the rules of the conversation.
    case system
    /// Asks.
    case user
    /// Answers: the model.
    case assistant
    /// Gives the result of a call.
    case tool

    /// The speaker that a role names, in any of the spellings of published data; nil for an unknown role.
    ///
    /// A role is looked up as it is written, then in lower case.
    public init?(role: String) {
        guard let role = TurnRole(role) else { return nil }
        self = role.speaker
    }
}

/// What the role of a turn in a record says.
struct TurnRole {
    /// The name under which the role is known.
    let name: String
    let speaker: Speaker

    /// - Returns: nil for an unknown role
    init?(_ written: String) {
        for name in [written, written.lowercased()] {
            guard let speaker = Self.speakers[name] else { continue }
            self.name = name
            self.speaker = speaker
            return
        }
        return nil
    }

    /// Whether the turn's text is a call, or a list of them, in JSON.
    var isCall: Bool { name == "function_call" || name == "tool_call" }

    /// The role where it is one that templates may know apart from the canonical one: Llama writes tool results as
    /// `ipython`, GLM as `observation`. `human` or `gpt` are spellings of files only.
    var nameForTemplates: String? {
        switch speaker {
        case .system, .tool: name == speaker.rawValue ? nil : name
        case .user, .assistant: nil
        }
    }

    private static let speakers: [String: Speaker] = [
        "system": .system, "developer": .system,
        "user": .user, "human": .user, "input": .user,
        "assistant": .assistant, "gpt": .assistant, "bot": .assistant, "model": .assistant, "chatgpt": .assistant,
        "function_call": .assistant, "tool_call": .assistant,
        "tool": .tool, "observation": .tool, "function": .tool, "function_response": .tool, "tool_response": .tool, "ipython": .tool,
    ]
}
