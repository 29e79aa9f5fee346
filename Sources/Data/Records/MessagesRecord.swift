import Tensor

/// `{"messages": [{"role": "user", "content": "Hi"}, …]}`: what OpenAI, Hugging Face and MiniMind write. The list may
/// also be called `conversations` or `conversation`.
public struct MessagesRecord: RecordFormat {
    /// What a line looks like, for errors.
    static let example = #"{"messages": [{"role": …, "content": …}, …]}"#

    public let name = "messages"

    /// The kind.
    public init() {}

    /// Whether a record has a list of turns, however they are spelled.
    public func fits(_ record: JSONObject) -> Bool { TurnList.isPresent(in: record) }

    public func conversation(of record: JSONObject) throws(RecordError) -> Conversation {
        try Conversation(record, turns: TurnList(of: record, spelling: .messages))
    }
}
