import Tensor

extension Conversation {
    /// A conversation of turns and what the record has beside them: `system`, `tools`, `chat_template_kwargs`.
    init(_ record: JSONObject, turns: TurnList) throws(RecordError) {
        var messages = turns.messages
        var tools = try Self.tools(in: record, "the record's")
        for (index, message) in messages.enumerated() where message.speaker == .system {
            tools = try Self.tools(in: message.extra, "turn \(index + 1)'s") ?? tools
        }
        if let system = try Self.systemPrompt(of: record), messages.first?.speaker != .system {
            messages.insert(Message(role: Speaker.system.rawValue, content: system), at: 0)
        }
        self.init(messages: messages, tools: tools, templateArguments: try Self.templateArguments(of: record))
    }

    /// The value under one of two keys, of which one is another name of the other.
    private static func value(
        in record: JSONObject, _ key: String, _ alias: String, _ owner: String
    ) throws(RecordError) -> (key: String, value: JSON)? {
        func present(_ key: String) -> (key: String, value: JSON)? {
            record.present(key).flatMap { $0 == "" ? nil : (key, $0) }
        }
        guard let first = present(key) else { return present(alias) }
        if let second = present(alias), second.value != first.value {
            throw RecordError(reason: #"\#(owner) "\#(key)" and "\#(alias)" differ; keep one of them"#)
        }
        return first
    }

    private static func systemPrompt(of record: JSONObject) throws(RecordError) -> String? {
        guard let (key, value) = try value(in: record, "system", "system_prompt", "the record's") else { return nil }
        guard let text = value.string else {
            throw RecordError(reason: #"the record's "\#(key)" is \#(value.kindName), not text; make it a string or delete it"#)
        }
        return text
    }

    /// The descriptions of functions in a record or in a system turn, as a list or as the JSON text of one.
    private static func tools(in owner: JSONObject, _ name: String) throws(RecordError) -> [JSON]? {
        guard let (key, value) = try value(in: owner, "tools", "functions", name) else { return nil }
        guard let decoded = value.decoded else {
            throw RecordError(
                reason: #"\#(name) "\#(key)" is text that is not JSON, not a list; it must be a list of function descriptions"#)
        }
        if decoded == .null { return nil }
        guard let tools = decoded.array else {
            throw RecordError(reason: #"\#(name) "\#(key)" is not a list but \#(decoded.kindName); it must be function descriptions"#)
        }
        return try tools.map { tool throws(RecordError) in
            guard let decoded = tool.decoded, decoded.object != nil else {
                throw RecordError(
                    reason: #"\#(name) "\#(key)" has \#(tool.kindName) where a function description must be; make it an object"#)
            }
            return decoded
        }
    }

    /// What the template is called with already; a record cannot replace it.
    private static let reservedNames = ["messages", "tools", "documents", "add_generation_prompt"]

    private static func templateArguments(of record: JSONObject) throws(RecordError) -> JSONObject {
        let key = "chat_template_kwargs"
        guard let value = record.present(key), value != "", value.decoded != .null else { return [:] }
        guard let arguments = value.decoded?.object else {
            throw RecordError(
                reason:
                    #"the record's "\#(key)" is \#(value.kindName), not an object; make it one, such as {"enable_thinking": false}, or delete it"#
            )
        }
        if let name = reservedNames.first(where: { arguments[$0] != nil }) {
            throw RecordError(reason: #"the record's "\#(key)" has "\#(name)", which the record itself gives; delete it there"#)
        }
        return arguments
    }
}
