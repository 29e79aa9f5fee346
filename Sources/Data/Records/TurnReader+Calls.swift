import Tensor

/// The calls of tools that a turn makes, in the ways in which records write them. All become `tool_calls`, a list.
extension TurnReader {
    private static let example = #"{"name": …, "arguments": …}"#

    /// Makes `tool_calls` a list, from a list, one call, or the JSON text of either, or from the `function_call` that
    /// OpenAI had before.
    func readCalls(_ keys: inout JSONObject, _ speaker: Speaker) throws(RecordError) {
        if let value = keys["tool_calls"] { keys["tool_calls"] = try list(value).map { .array($0) } }
        guard speaker == .assistant, let value = keys.take("function_call"), value != "", value != [:] else { return }
        if let calls = keys["tool_calls"]?.array, !calls.isEmpty {
            throw RecordError(reason: #"turn \#(number) has "tool_calls" and "function_call"; keep one"#)
        }
        guard let call = value.decoded.flatMap(Self.call) else {
            throw RecordError(reason: #"turn \#(number)'s "function_call" is not a call; make it \#(Self.example)"#)
        }
        keys["tool_calls"] = [call]
    }

    /// The calls in the content of a turn whose role says that it is calls and nothing else.
    func calls(in content: JSON, of role: TurnRole) throws(RecordError) -> JSON {
        let value = content.decoded
        let calls = (value?.array ?? value.map { [$0] } ?? []).map { Self.call($0) }
        guard !calls.isEmpty, !calls.contains(nil) else {
            throw RecordError(
                reason: "turn \(number)'s role is \(role.name), and its content is not the JSON of a call; make it \(Self.example)")
        }
        return .array(calls.compactMap(\.self))
    }

    /// - Returns: nil where there are none
    private func list(_ value: JSON) throws(RecordError) -> [JSON]? {
        guard value != "" else { return nil }
        guard let decoded = value.decoded else {
            throw RecordError(reason: #"turn \#(number)'s "tool_calls" is text that is not JSON; make it a list"#)
        }
        switch decoded {
        case .null: return nil
        case .object: return [decoded]
        case .array(let calls):
            return try calls.map { call throws(RecordError) in
                guard let decoded = call.decoded, decoded.object != nil else {
                    throw RecordError(
                        reason: #"turn \#(number)'s "tool_calls" has \#(call.kindName) where a call must be; make it \#(Self.example)"#)
                }
                return decoded
            }
        default:
            throw RecordError(reason: #"turn \#(number)'s "tool_calls" is \#(decoded.kindName), not a list; make it [\#(Self.example)]"#)
        }
    }

    /// A call as `tool_calls` has it, where templates look for it: under `function`.
    private static func call(_ value: JSON) -> JSON? {
        if value["function"]?.object != nil { return value }
        guard let name = value["name"], name.string != nil, let arguments = value["arguments"],
            arguments.object != nil || arguments.string != nil
        else { return nil }
        return ["type": "function", "function": ["name": name, "arguments": arguments]]
    }
}
