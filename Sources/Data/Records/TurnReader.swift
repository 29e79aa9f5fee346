import Tensor

/// Reads one turn of a record.
struct TurnReader {
    /// Counted from 1, for errors.
    let number: Int
    let spelling: TurnSpelling

    /// The message that a turn is.
    func message(of turn: JSON) throws(RecordError) -> Message {
        guard let written = turn.object else {
            throw RecordError(reason: "turn \(number) is not an object; it must be \(spelling.example)")
        }
        // transformers drops the null keys of a message before the template sees it.
        var keys = written.withoutNulls()
        let role = try role(&keys)
        let isCounted = try isCounted(&keys)
        try readCalls(&keys, role.speaker)
        var value = keys.take(spelling.content) ?? keys.take(spelling.other.content)
        keys["content"] = nil
        if role.isCall, let text = value {
            guard keys["tool_calls"] == nil else {
                throw RecordError(reason: #"turn \#(number) has calls in its content and in "tool_calls"; keep one"#)
            }
            keys["tool_calls"] = try calls(in: text, of: role)
            value = nil
        }

        var message = Message(role: role.speaker.rawValue, content: "")
        if let value {
            (message.content, message.parts) = try content(value)
        } else {
            guard Self.saysSomething(keys) else { throw missingContent(written) }
            message.hasContent = false
        }
        message.writtenRole = role.nameForTemplates
        message.isCounted = isCounted
        message.extra = keys
        return message
    }

    // MARK: Role

    private func role(_ keys: inout JSONObject) throws(RecordError) -> TurnRole {
        let other = keys[spelling.other.role]
        guard let value = keys.take(spelling.role) ?? keys.take(spelling.other.role) else {
            throw RecordError(reason: #"turn \#(number) has no "\#(spelling.role)"; allowed: \#(spelling.roles)"#)
        }
        guard let text = value.string else {
            throw RecordError(reason: "turn \(number)'s role is not a string; allowed: \(spelling.roles)")
        }
        guard !text.isEmpty else {
            throw RecordError(reason: "turn \(number)'s role is empty; allowed: \(spelling.roles)")
        }
        guard let role = TurnRole(text) else {
            throw RecordError(reason: "turn \(number) has the unknown role '\(text.prefix(40).oneLine)'; allowed: \(spelling.roles)")
        }
        if let text = other?.string, let other = TurnRole(text), other.speaker != role.speaker {
            throw RecordError(
                reason: #"turn \#(number)'s "role" and "from" name different speakers, \#(role.name) and \#(other.name); keep one"#)
        }
        // The template gets the role from the message.
        keys["role"] = nil
        return role
    }

    // MARK: Content

    private func content(_ value: JSON) throws(RecordError) -> (text: String, parts: [JSON]?) {
        if case .string(let text) = value { return (text, nil) }
        guard let parts = value.array else {
            throw RecordError(
                reason: "turn \(number)'s content is not a string but \(value.kindName); make it a string or a list of text parts")
        }
        var text = ""
        for part in parts { text += try self.text(of: part) }
        return (text, parts)
    }

    /// The text of one part of a content, as OpenAI's interfaces write it.
    private func text(of part: JSON) throws(RecordError) -> String {
        if case .string(let text) = part { return text }
        guard let part = part.object else {
            throw RecordError(
                reason: #"turn \#(number)'s content has a part that is \#(part.kindName); make it {"type": "text", "text": …}"#)
        }
        let type = part.present("type")?.string ?? "text"
        guard ["text", "input_text", "output_text"].contains(type) else {
            throw RecordError(
                reason:
                    "turn \(number)'s content has a part of type '\(type.prefix(40).oneLine)'; only text is supported, so delete the part or the line"
            )
        }
        guard let text = part.present("text")?.string else {
            throw RecordError(reason: #"turn \#(number)'s content has a part without "text"; make it {"type": "text", "text": …}"#)
        }
        return text
    }

    /// Whether a turn without content has something else to say.
    private static func saysSomething(_ keys: JSONObject) -> Bool {
        if let calls = keys["tool_calls"]?.array, !calls.isEmpty { return true }
        return ["reasoning_content", "thinking", "reasoning"].contains { key in keys[key].map { $0 != "" } ?? false }
    }

    private func missingContent(_ written: JSONObject) -> RecordError {
        if written[spelling.content] == .null {
            RecordError(
                reason:
                    "turn \(number)'s \(spelling.content) is null, which only a turn with tool_calls or reasoning may have; make it a string"
            )
        } else {
            RecordError(
                reason: #"turn \#(number) has no "\#(spelling.content)", and no tool_calls or reasoning; give it one, if only """#)
        }
    }
}
