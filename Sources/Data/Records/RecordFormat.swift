import Tensor

/// A kind of record: what the keys of one JSON object of a data file mean.
///
/// A new kind is a type that conforms, in a file of its own, and a line in `RecordFormats.all`.
public protocol RecordFormat: Sendable {
    /// What users call the kind.
    var name: String { get }

    /// Whether a record is of this kind, by its keys. What the keys hold may still be wrong.
    func fits(_ record: JSONObject) -> Bool

    /// What the record says.
    /// - Throws: What is wrong with it, where, and the way out.
    func conversation(of record: JSONObject) throws(RecordError) -> Conversation
}

/// The kinds of records that are read.
public enum RecordFormats {
    /// Every kind; a record is of the first that fits.
    public static let all: [any RecordFormat] = [ShareGPTRecord(), MessagesRecord()]
}
