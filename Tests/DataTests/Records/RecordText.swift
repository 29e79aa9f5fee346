import Data
import Tensor

/// A record as its text, for tests.
enum RecordText {
    /// The conversation that a record is.
    static func conversation(_ text: String) throws -> Conversation { try Conversation(record: JSON(parsing: text)) }

    /// The conversation of a record whose list of turns is this text.
    static func conversation(turns: String) throws -> Conversation { try conversation("{\"messages\": \(turns)}") }

    /// What is wrong with a record; nil where nothing is.
    static func reason(_ text: String) throws -> String? {
        let record = try JSON(parsing: text)
        do throws(RecordError) {
            _ = try Conversation(record: record)
            return nil
        } catch { return error.reason }
    }

    /// What is wrong with a record whose list of turns is this text.
    static func reason(turns: String) throws -> String? { try reason("{\"messages\": \(turns)}") }
}
