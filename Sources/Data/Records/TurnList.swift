import Tensor

/// The turns of a record, and the key under which they are.
struct TurnList {
    /// The names that published data has for the list.
    private static let keys = ["messages", "conversations", "conversation"]

    let key: String
    let messages: [Message]

    /// Reads the turns.
    /// - Throws: What is wrong with them; that two keys have different turns.
    init(of record: JSONObject, spelling: TurnSpelling) throws(RecordError) {
        guard let (key, value) = Self.candidate(in: record) else {
            throw RecordError(reason: "no turns; a line must be \(MessagesRecord.example)")
        }
        self.key = key
        messages = try Self.messages(value, key, spelling)
        for (other, turns) in Self.candidates(in: record) where other != key && turns != value && Self.isList(turns) {
            // The same turns in two spellings are no contradiction.
            if let messages = try? Self.messages(turns, other, spelling.other), messages == self.messages { continue }
            throw RecordError(reason: #""\#(key)" and "\#(other)" have different turns; keep one of them"#)
        }
    }

    /// Whether a record has a value under one of the keys.
    static func isPresent(in record: JSONObject) -> Bool { candidate(in: record) != nil }

    /// The first turn of a record, where it has one that is an object.
    static func firstTurn(in record: JSONObject) -> JSONObject? { candidate(in: record)?.value.array?.first?.object }

    private static func messages(_ value: JSON, _ key: String, _ spelling: TurnSpelling) throws(RecordError) -> [Message] {
        guard let turns = value.array else {
            throw RecordError(reason: #""\#(key)" is \#(value.kindName), not a list; it must be [\#(spelling.example), …]"#)
        }
        guard !turns.isEmpty else {
            throw RecordError(reason: "the conversation is empty; give it turns or delete the line")
        }
        var messages: [Message] = []
        for (index, turn) in turns.enumerated() {
            messages.append(try TurnReader(number: index + 1, spelling: spelling).message(of: turn))
        }
        return messages
    }

    /// The key to read: the first that has a list of turns, else the first that has anything, of which the error says
    /// what is wrong.
    private static func candidate(in record: JSONObject) -> (key: String, value: JSON)? {
        let all = candidates(in: record)
        return all.first { isList($0.value) } ?? all.first
    }

    private static func candidates(in record: JSONObject) -> [(key: String, value: JSON)] {
        keys.compactMap { key in record.present(key).map { (key, $0) } }
    }

    /// Whether a value may be turns: `conversation` is also what some files call a conversation's number.
    private static func isList(_ value: JSON) -> Bool { value.array?.first?.object != nil }
}
