/// Why a data file cannot be trained on. Every description is one line: where, what, and the way out.
public enum DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no such file.
    case missing(path: String)
    /// The path leads to something other than a file.
    case notAFile(path: String, kind: String)
    /// The system refuses to read the file, for the reason given.
    case unreadable(path: String, reason: String)
    /// The file is not JSONL but of another kind, by its first bytes.
    case otherFormat(path: String, kind: String, remedy: String)
    /// The file has no record.
    case empty(path: String)
    /// A line is no record of a conversation; the line counts from 1.
    case badLine(path: String, line: Int, reason: String)
    /// Bad lines are skipped, but there were no others: none in the file, or none among as many as were looked at. The
    /// line is the first of them.
    case nothingUsable(path: String, records: Int, line: Int, reason: String)
    /// The file became shorter or other after it was opened.
    case changed(path: String, line: Int)
    /// The chat template does not render a line's conversation.
    case notRendered(path: String, line: Int, TemplateError)
    /// The tokenizer gives up on the text of a line's conversation.
    case notEncoded(path: String, line: Int, TokenizerError)
    /// A line has a token that the model has no embedding for.
    case tokenOutsideVocabulary(path: String, line: Int, id: Int32, token: String, vocabularySize: Int)
    /// The tokenizer has no chat template, or one that cannot be read.
    case noTemplate(reason: String)
    /// Where the assistant's turns begin and end could not be found out.
    case noLossMaskRule(reason: String)
    /// No token of such short samples can be a target.
    case sequenceTooShort(length: Int)

    public var description: String {
        switch self {
        case .missing(let path):
            "no data file at \(path)"
        case .notAFile(let path, let kind):
            "\(path) is \(kind), not a data file"
        case .unreadable(let path, let reason):
            "cannot read \(path): \(reason)"
        case .otherFormat(let path, let kind, let remedy):
            "\(path) is \(kind), not JSONL; \(remedy)"
        case .empty(let path):
            #"\#(path) has no record; write one {"conversations": [{"role": …, "content": …}, …]} a line"#
        case .badLine(let path, let line, let reason):
            "\(path), line \(line): \(reason)"
        case .nothingUsable(let path, let records, let line, let reason):
            "\(path): \(records == 1 ? "the only record is no conversation" : "all \(records) records so far are no conversations"), so there is nothing to skip to; "
                + "line \(line): \(reason)"
        case .changed(let path, let line):
            "\(path), line \(line): the file changed while it was in use; start again with a file that stays as it is"
        case .notRendered(let path, let line, let error):
            "\(path), line \(line): \(error.description.oneLine); change the conversation or the tokenizer's chat template"
        case .notEncoded(let path, let line, let error):
            "\(path), line \(line): \(error.description.oneLine)"
        case .tokenOutsideVocabulary(let path, let line, let id, let token, let size):
            "\(path), line \(line): token \(id) ('\(token.oneLine)') is outside of the model's vocabulary of \(size); "
                + "use the tokenizer that the model was trained with (--tokenizer_path)"
        case .noTemplate(let reason):
            "\(reason); use a tokenizer folder whose tokenizer_config.json has a chat_template (--tokenizer_path)"
        case .noLossMaskRule(let reason):
            "cannot tell the assistant's tokens from the others: \(reason); use another chat template"
        case .sequenceTooShort(let length):
            "max_seq_len is \(length), and the shortest sample with something to learn has 2 tokens; raise --max_seq_len"
        }
    }
}

extension DatasetError {
    /// The line and what is wrong with it, where a record is at fault and not the file, the tokenizer or the model.
    var badRecord: (line: Int, reason: String)? {
        switch self {
        case .badLine(_, let line, let reason): (line, reason)
        case .notRendered(_, let line, let error): (line, "the chat template refuses it: \(error.description.oneLine)")
        case .notEncoded(_, let line, let error): (line, error.description.oneLine)
        default: nil
        }
    }
}
