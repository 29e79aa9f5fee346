import Tensor

/// `{"conversations": [{"from": "human", "value": "Hi"}, …], "system": "…", "tools": "…"}`: what LLaMA-Factory and
/// many published sets write. A system turn at the front wins over the column.
public struct ShareGPTRecord: RecordFormat {
    public let name = "ShareGPT"

    /// The kind.
    public init() {}

    /// Whether the first turn of a record is spelled with `from` or `value`.
    public func fits(_ record: JSONObject) -> Bool {
        guard let turn = TurnList.firstTurn(in: record) else { return false }
        return TurnSpelling.shareGPT.fits(turn) && !TurnSpelling.messages.fits(turn)
    }

    public func conversation(of record: JSONObject) throws(RecordError) -> Conversation {
        try Conversation(record, turns: TurnList(of: record, spelling: .shareGPT))
    }
}
