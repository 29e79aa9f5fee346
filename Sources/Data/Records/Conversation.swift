import Tensor

/// The turns of a conversation, and the tools that were at hand.
public struct Conversation: Sendable, Equatable {
    /// The turns, in order.
    public var messages: [Message]
    /// The descriptions of the functions that the model may call, when the record has some.
    public var tools: [JSON]?
    /// What the record says to the chat template besides turns and tools: its `chat_template_kwargs`.
    public var templateArguments: JSONObject

    /// A conversation of some turns.
    public init(messages: [Message], tools: [JSON]? = nil, templateArguments: JSONObject = [:]) {
        self.messages = messages
        self.tools = tools
        self.templateArguments = templateArguments
    }

    /// A conversation from a record of a data file, of any kind in `RecordFormats.all`.
    ///
    ///     try Conversation(record: JSON(parsing: #"{"messages": [{"role": "user", "content": "Hi"}]}"#))
    ///
    /// - Throws: ``RecordError``, a line that says what is missing
    public init(record: JSON) throws(RecordError) {
        guard let object = record.object else {
            throw RecordError(reason: "not an object but \(record.kindName); a line must be \(MessagesRecord.example)")
        }
        guard let format = RecordFormats.all.first(where: { $0.fits(object) }) else {
            throw RecordError(reason: #"no "conversations" and no "messages"; a line must be \#(MessagesRecord.example)"#)
        }
        self = try format.conversation(of: object)
    }
}
