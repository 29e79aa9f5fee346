import Tensor

/// The turns of a conversation, and the tools that were at hand.
public struct Conversation: Sendable, Equatable {
    /// The turns, in order.
    public var messages: [Message]
    /// The descriptions of the functions that the model may call, when the record has some.
    public var tools: [JSON]?

    /// A conversation of some turns.
    public init(messages: [Message], tools: [JSON]? = nil) {
        self.messages = messages
        self.tools = tools
    }
}

/// What is wrong with a record, and the way out; the dataset adds file and line.
public struct RecordError: Error, Sendable, CustomStringConvertible {
    let reason: String

    public var description: String { reason }
}

extension Conversation {
    /// The roles that a turn may have.
    static let roles = ["system", "user", "assistant", "tool"]

    /// A conversation from a record of a data file: `{"conversations": [{"role": …, "content": …}, …]}`, where the key
    /// may also be `messages`.
    ///
    /// Tools stand in the record's `tools`, or in those of its system turn, as an array or as that array's JSON text;
    /// so may a turn's `tool_calls`. Both spellings occur in published data.
    ///
    /// - Throws: ``RecordError``, a line that says what is missing
    public init(record: JSON) throws(RecordError) {
        guard let record = record.object else {
            throw RecordError(
                reason: #"not an object; a line must be {"conversations": [{"role": …, "content": …}, …]}"#)
        }
        guard let turns = record["conversations"] ?? record["messages"] else {
            throw RecordError(
                reason: #"no "conversations"; a line must be {"conversations": [{"role": …, "content": …}, …]}"#)
        }
        guard let turns = turns.array else {
            throw RecordError(reason: #""conversations" is not a list; it must be [{"role": …, "content": …}, …]"#)
        }
        guard !turns.isEmpty else {
            throw RecordError(reason: "the conversation is empty; give it turns or delete the line")
        }
        var messages: [Message] = []
        var tools = try Self.tools(record["tools"], "the record's")
        for (index, turn) in turns.enumerated() {
            let message = try Message(turn: turn, number: index + 1)
            if message.role == "system" {
                let declared = message.extra["tools"] ?? message.extra["functions"]
                tools = try Self.tools(declared, "turn \(index + 1)'s") ?? tools
            }
            messages.append(message)
        }
        self.init(messages: messages, tools: tools)
    }

    private static func tools(_ value: JSON?, _ owner: String) throws(RecordError) -> [JSON]? {
        switch value {
        case nil, .null?, .string("")?: return nil
        case let value?:
            guard let tools = decoded(value)?.array else {
                throw RecordError(reason: "\(owner) \"tools\" is not a list; it must hold function descriptions")
            }
            return tools
        }
    }

    /// A value that may be written as the text of its JSON.
    fileprivate static func decoded(_ value: JSON) -> JSON? {
        guard case .string(let text) = value else { return value }
        return try? JSON(parsing: text)
    }
}

extension Message {
    fileprivate init(turn: JSON, number: Int) throws(RecordError) {
        guard var extra = turn.object else {
            throw RecordError(reason: "turn \(number) is not an object; it must be {\"role\": …, \"content\": …}")
        }
        let role = try Self.role(extra["role"], number)
        let calls = extra["tool_calls"]
        if case .string(let text)? = calls, !text.isEmpty {
            guard let decoded = calls.flatMap(Conversation.decoded) else {
                throw RecordError(reason: "turn \(number)'s \"tool_calls\" is text that is not JSON; make it a list")
            }
            extra["tool_calls"] = decoded
        }
        let content: String
        var isNull = false
        switch extra["content"] {
        case .string(let text)?: content = text
        case nil:
            throw RecordError(reason: "turn \(number) has no \"content\"; give it one, if only \"\"")
        case .null? where Self.callsTools(extra["tool_calls"]):
            content = ""
            isNull = true
        case .null?:
            throw RecordError(
                reason: "turn \(number)'s content is null, which only a turn with tool_calls may have; make it a string"
            )
        case _?:
            throw RecordError(reason: "turn \(number)'s content is not a string; make it one")
        }
        extra["role"] = nil
        extra["content"] = nil
        self.init(role: role, content: content, extra: extra)
        hasNullContent = isNull
    }

    private static func callsTools(_ calls: JSON?) -> Bool {
        switch calls {
        case .array(let calls)?: !calls.isEmpty
        case .object?: true
        default: false
        }
    }

    private static func role(_ value: JSON?, _ number: Int) throws(RecordError) -> String {
        let allowed = Conversation.roles.joined(separator: ", ")
        guard let value else { throw RecordError(reason: "turn \(number) has no \"role\"; allowed: \(allowed)") }
        guard let role = value.string else {
            throw RecordError(reason: "turn \(number)'s role is not a string; allowed: \(allowed)")
        }
        guard !role.isEmpty else { throw RecordError(reason: "turn \(number)'s role is empty; allowed: \(allowed)") }
        guard Conversation.roles.contains(role) else {
            throw RecordError(
                reason: "turn \(number) has the unknown role '\(role.prefix(40).oneLine)'; allowed: \(allowed)")
        }
        return role
    }
}
